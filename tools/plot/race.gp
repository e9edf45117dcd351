# What happened, time downward, a lane for each CPU, device and thread; coordinates are pixels.
unset border
unset tics
unset grid
unset key
set lmargin at screen 0
set rmargin at screen 1
set tmargin at screen 1
set bmargin at screen 0
set xrange [0:width]
set yrange [height:0]
lane_x(i) = value(sprintf('lane_x_%d', i))
do for [i=1:lanes] {
	set label 10 + i lane[i] at lane_x(i), 56 center textcolor rgb ink
	if (lane_x(i) < 120) { set label 10 + i left offset 0, 0 }
	set arrow 10 + i from lane_x(i), 68 to lane_x(i), height - 50 nohead linecolor rgb grid linewidth 1.2
}
set label 3 ending at 12, height - 32 left font font_small textcolor rgb colour[2]
of(kind) = column('kind') == kind ? column('y1') : NaN
set style arrow 1 head filled size screen 0.011, 18 linecolor rgb colour[1] linewidth 1.3
set style arrow 2 head filled size screen 0.014, 20 linecolor rgb colour[2] linewidth 2.6
set style arrow 3 nohead linecolor rgb colour[6] linewidth 6
text(kind) = column('kind') == kind ? column('y') : NaN
plot data2 using 'x1':(of(2)):(column('x2') - column('x1')):(column('y2') - column('y1')) with vectors arrowstyle 3, \
	data2 using 'x1':(of(0)):(column('x2') - column('x1')):(column('y2') - column('y1')) with vectors arrowstyle 1, \
	data2 using 'x1':(of(1)):(column('x2') - column('x1')):(column('y2') - column('y1')) with vectors arrowstyle 2, \
	data using 'x':(text(0)):'text' with labels left font font_small textcolor rgb ink, \
	data using 'x':(text(1)):'text' with labels left font font_small textcolor rgb colour[2], \
	data using 'x':(text(2)):'text' with labels right font font_small textcolor rgb faint
