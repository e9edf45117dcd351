# The share of latencies that are longer, on logarithmic axes: a tail is what differs.
set logscale xy
set tmargin at screen 1.0 - 44.0 / height
set bmargin at screen 82.0 / height
set lmargin at screen 0.1
set rmargin at screen 0.68
set yrange [share_low:1.3]
set xrange [:latency_high_s * 1.3]
set format x '%.0s %cs'
set xlabel 'time from raise to handler' offset 0, 0.3 textcolor rgb ink
set ylabel 'share that is longer' offset 1.4, 0 textcolor rgb ink
set format y '%g'
set key at screen 0.69, screen 1.0 - 50.0 / height left top vertical Left reverse samplen 2.2 spacing 1.15
curve(series) = column('series') == series ? column('share_longer') : NaN
plot for [i=1:series] data using 'latency_s':(curve(i)) with lines \
		linecolor rgb line_colour(i) linewidth 2 dashtype line_dash(i) title fit(strategy[i], 34), \
	for [j=1:overflows > 0] data2 using 'latency_s':'share' with points pointtype 9 pointsize 1.4 linecolor rgb ink \
		title 'overflow: longer than this', \
	for [j=1:overflows > 0] data2 using 'latency_s':'share':(strcol('count')) with labels offset 0, 1 \
		textcolor rgb ink notitle
