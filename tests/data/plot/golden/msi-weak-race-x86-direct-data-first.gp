# Draws msi-weak-race-x86-direct-data-first.svg:  gnuplot msi-weak-race-x86-direct-data-first.gp
# Another format: gnuplot -e "format='pdf'" msi-weak-race-x86-direct-data-first.gp   (or png)

stem = 'msi-weak-race-x86-direct-data-first'
headline = 'What happened: x86-direct-data-first'
caption = 'msi-weak, a path that msirace check found'
data = 'msi-weak-race-x86-direct-data-first.dat'
data2 = 'msi-weak-race-x86-direct-data-first.dat2'
lane_x_1 = 90
lane_x_2 = 310.3
lane_x_3 = 530.6
array lane[3] = ['CPU0', \
	'CPU1', \
	'edu']
lanes = 3
width = 760
height = 566
token = 'c1.a56e5359cc8e.r2m1.0000001100000000000'
ending = 'stale: edu waits for service, and nothing is left to happen'

# What all pictures have in common. Needs gnuplot 5.4, and of the script: stem, headline, caption, width, height (pixels).
set encoding utf8
set datafile separator tab
# A row that is not of a line's strategy does not break the line.
set datafile missing NaN
if (!exists("format")) format = 'svg'
if (!exists("width")) width = 960
if (!exists("height")) height = 560

# The colours of Okabe and Ito (2008), told apart by people of any colour vision; yellow, too pale for lines, only fills.
array colour[8] = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000', '#F0E442']
# Beyond seven lines colours come again, with another dash and another mark.
array mark[6] = [7, 5, 9, 13, 4, 6]
line_colour(i) = colour[(i - 1) % 7 + 1]
line_dash(i) = int((i - 1) / 7) + 1
line_mark(i) = mark[(i - 1) % 6 + 1]
ink = '#000000'
faint = '#808080'
grid = '#c8c8c8'

# Text is only ever text: no markup in names. Sizes are pixels in SVG, points elsewhere.
if (format eq 'svg') {
	set terminal svg noenhanced size width, height font 'sans-serif,15' background '#ffffff'
	font_big = ',19'
	font_small = ',12'
} else { if (format eq 'png') {
	set terminal pngcairo noenhanced size 2 * width, 2 * height font 'sans,11' fontscale 2 linewidth 2 pointscale 2
	font_big = ',14'
	font_small = ',9'
} else {
	set terminal pdfcairo noenhanced size width / 150.0, height / 150.0 font 'sans,7.2' linewidth 0.6 pointscale 0.5
	font_big = ',9'
	font_small = ',5.8'
} }
if (!exists("picture")) picture = stem.'.'.format
set output picture

set border 3 linecolor rgb ink
set tics nomirror textcolor rgb ink
set grid linecolor rgb grid linetype 1 linewidth 0.7
# Names can be long.
fit(text, most) = strlen(text) > most ? substr(text, 1, most - 1).'…' : text
set label 1 fit(headline, int(width / 10.5)) at screen 0.012, screen 1.0 - 22.0 / height left font font_big textcolor rgb ink
set label 2 fit(caption, int(width / 6.4)) at screen 0.012, screen 13.0 / height left font font_small textcolor rgb faint
set key textcolor rgb ink

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
