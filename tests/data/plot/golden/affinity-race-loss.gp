# Draws affinity-race-loss.svg:  gnuplot affinity-race-loss.gp
# Another format: gnuplot -e "format='pdf'" affinity-race-loss.gp   (or png)

stem = 'affinity-race-loss'
headline = 'Interrupts lost per migration'
caption = 'affinity-race (scenarios/affinity-race.yaml), seed 1, 2 × 400ms, devices.edu.raise.rate = 100kHz, msirace 0.1.0'
data = 'affinity-race-loss.dat'
height = 267
rows = 3
array strategy[3] = ['x86-direct', \
	'x86-direct-deferred', \
	'x86-tmp']
low = 0.0109375
high = 1.49649637889

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

# Lost and stale per migration, a row for each strategy. Zero has no place on a logarithmic axis: an arrow from its upper
# bound to the left stands for it.
set multiplot
set logscale x
set xrange [low:high]
set yrange [rows + 0.6:0.4]
set format x '%g'
set xlabel 'per migration' offset 0, 0.3 textcolor rgb ink
set tmargin at screen 1.0 - 72.0 / height
set bmargin at screen 116.0 / height
unset key
seen(value) = value > 0 ? value : NaN
inside(value) = value < low ? low : value
bound(value, high) = value == 0 ? high : NaN
set style line 1 linecolor rgb colour[1] linewidth 2 pointtype 7 pointsize 0.8
set style line 2 linecolor rgb colour[2] linewidth 2 pointtype 7 pointsize 0.8
set style line 3 linecolor rgb ink linewidth 1.8 dashtype (4, 3)
set style arrow 1 head filled size screen 0.008, 20 linecolor rgb colour[1] linewidth 1.6
set style arrow 2 head filled size screen 0.008, 20 linecolor rgb colour[2] linewidth 1.6

set lmargin at screen 0.30
set rmargin at screen 0.625
set title 'lost' offset 0, -0.7 textcolor rgb ink
# Only these: an explicit list first, or automatic ones would stay.
set ytics ('' -1)
set for [i=1:rows] ytics add (fit(strategy[i], 34) i) scale 0
plot data using (seen(column('lost'))):'row':(inside(column('lost_low'))):'lost_high' with xerrorbars linestyle 1, \
	data using (bound(column('lost'), column('lost_high'))):'row':(low - column('lost_high')):(0) with vectors arrowstyle 1, \
	data using 'closed_form':(column('row') - 0.4):(0):(0.8) with vectors nohead linestyle 3, \
	data using (sqrt(low * high)):'row':(column('migrations') == 0 ? 'no migration' : '') with labels font font_small textcolor rgb faint
unset label 1
unset label 2
set lmargin at screen 0.66
set rmargin at screen 0.985
set ytics ('' -1)
set for [i=1:rows] ytics add ('' i) scale 0
set title 'of those stale: nothing serviced the device' offset 0, -0.7 textcolor rgb ink
plot data using (seen(column('stale'))):'row':(inside(column('stale_low'))):'stale_high' with xerrorbars linestyle 2, \
	data using (bound(column('stale'), column('stale_high'))):'row':(low - column('stale_high')):(0) with vectors arrowstyle 2

# The legend has a panel of its own, as wide as the picture.
unset tics
unset border
unset title
unset xlabel
set lmargin at screen 0.0
set rmargin at screen 1.0
set tmargin at screen 60.0 / height
set bmargin at screen 22.0 / height
set key at screen 0.985, screen 52.0 / height right top horizontal Left reverse samplen 2.4 width 1
set xrange [1:2]
set yrange [1:2]
set style line 4 linecolor rgb ink linewidth 2 pointtype 7 pointsize 0.8
plot NaN notitle, \
	keyentry with xerrorbars linestyle 4 title 'with its 95 % interval', \
	keyentry with vectors backhead filled linecolor rgb ink linewidth 1.6 title 'never: below this bound', \
	keyentry with lines linestyle 3 title 'rate × window'
unset multiplot
