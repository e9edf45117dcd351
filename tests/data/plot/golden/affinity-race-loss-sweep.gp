# Draws affinity-race-loss-sweep.svg:  gnuplot affinity-race-loss-sweep.gp
# Another format: gnuplot -e "format='pdf'" affinity-race-loss-sweep.gp   (or png)

stem = 'affinity-race-loss-sweep'
headline = 'Interrupts lost per migration'
caption = 'affinity-race (scenarios/affinity-race.yaml), seed 1, 2 × 400ms, msirace 0.1.0'
data = 'affinity-race-loss-sweep.dat'
height = 560
series = 3
array strategy[3] = ['x86-direct', \
	'x86-direct-deferred', \
	'x86-tmp']
low = 0.00194077947551
high = 1.72794314702
x_words = 0
x_log = 1
x_low = 20000
x_high = 100000
x_values = 3
array x_word[3] = ['20kHz', \
	'50kHz', \
	'100kHz']
x_column = 'rate_hz'
x_format = '%.0s %cHz'
x_label = 'devices.edu.raise.rate'

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

# Lost and stale per migration against a swept key, a line for each strategy. Zero has no place on a logarithmic axis: its
# upper bound is drawn, with a mark and a thin line.
set multiplot
set logscale y
set yrange [low:high]
set format y '%g'
set tmargin at screen 1.0 - 72.0 / height
set bmargin at screen 100.0 / height
unset key
shift(i) = x_log ? 1.0 + 0.07 * (i - (series + 1) / 2.0) / series : 0.25 * gap * (i - (series + 1) / 2.0) / series
place(x, i) = x_log ? x * shift(i) : x + shift(i)
gap = x_values > 1 ? (x_high - x_low) / (x_values - 1.0) : 1
if (x_log) {
	set logscale x
	set xrange [x_low / 1.25:x_high * 1.25]
} else {
	set xrange [x_low - 0.3 * gap:x_high + 0.3 * gap]
}
set format x x_format
if (x_words) {
	set xtics ('' -1)
	set for [i=1:x_values] xtics add (fit(x_word[i], 16) i) rotate by (x_values > 6 ? -30 : 0)
}
set xlabel fit(x_label, 40) offset 0, 0.3 textcolor rgb ink
seen(i, value) = column('series') == i && value > 0 ? value : NaN
never(i, value, bound) = column('series') == i && value == 0 ? bound : NaN
inside(value) = value < low ? low : value
at(i) = place(column(x_column), i)

set lmargin at screen 0.075
set rmargin at screen 0.36
set title 'lost per migration' offset 0, -0.7 textcolor rgb ink
plot for [i=1:series] data using (at(i)):(seen(i, column('lost'))):(inside(column('lost_low'))):'lost_high' with yerrorlines \
		linecolor rgb line_colour(i) dashtype line_dash(i) pointtype line_mark(i) pointsize 0.7 linewidth 1.6, \
	for [i=1:series] data using (at(i)):(never(i, column('lost'), column('lost_high'))) with linespoints \
		linecolor rgb line_colour(i) dashtype 3 pointtype 11 pointsize 0.9 linewidth 1, \
	for [i=1:series] data using (column(x_column)):(column('series') == i ? column('closed_form') : NaN) with lines \
		linecolor rgb ink dashtype (6, 4) linewidth 1.4
unset label 1
unset label 2
set lmargin at screen 0.39
set rmargin at screen 0.675
set format y ''
set title 'stale per migration' offset 0, -0.7 textcolor rgb ink
plot for [i=1:series] data using (at(i)):(seen(i, column('stale'))):(inside(column('stale_low'))):'stale_high' with yerrorlines \
		linecolor rgb line_colour(i) dashtype line_dash(i) pointtype line_mark(i) pointsize 0.7 linewidth 1.6, \
	for [i=1:series] data using (at(i)):(never(i, column('stale'), column('stale_high'))) with linespoints \
		linecolor rgb line_colour(i) dashtype 3 pointtype 11 pointsize 0.9 linewidth 1

# The legend has a panel of its own, for as many strategies as there are.
unset tics
unset border
unset title
unset xlabel
unset logscale
set lmargin at screen 0.69
set rmargin at screen 1.0
set key at screen 0.69, screen 1.0 - 72.0 / height left top vertical Left reverse samplen 2.6 spacing 1.1
set xrange [1:2]
set yrange [1:2]
plot NaN notitle, \
	for [i=1:series] keyentry with linespoints linecolor rgb line_colour(i) dashtype line_dash(i) pointtype line_mark(i) \
		pointsize 0.7 linewidth 1.6 title fit(strategy[i], 34), \
	keyentry with lines linecolor rgb ink dashtype (6, 4) linewidth 1.4 title 'rate × window', \
	keyentry with linespoints linecolor rgb ink dashtype 3 pointtype 11 pointsize 0.9 linewidth 1 \
		title 'never: below this bound'
unset multiplot
