# Draws leak-latency.svg:  gnuplot leak-latency.gp
# Another format: gnuplot -e "format='pdf'" leak-latency.gp   (or png)

stem = 'leak-latency'
headline = 'Time from a raise to its handler'
caption = 'leak (leak.yaml), seed 1, 2 × 300ms, msirace 0.1.0'
data = 'leak-latency.dat'
data2 = 'leak-latency.dat2'
height = 560
series = 2
array strategy[2] = ['x86-direct+offline-leak', \
	'x86-direct+offline-scan']
overflows = 0
share_low = 0.000291120815138
latency_high_s = 0.001004985413

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
