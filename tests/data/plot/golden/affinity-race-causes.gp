# Draws affinity-race-causes.svg:  gnuplot affinity-race-causes.gp
# Another format: gnuplot -e "format='pdf'" affinity-race-causes.gp   (or png)

stem = 'affinity-race-causes'
headline = 'What was lost to what, and what ran for nothing'
caption = 'affinity-race (scenarios/affinity-race.yaml), seed 1, 2 × 400ms, devices.edu.raise.rate = 100kHz, msirace 0.1.0'
data = 'affinity-race-causes.dat'
height = 281
rows = 3
array strategy[3] = ['x86-direct', \
	'x86-direct-deferred', \
	'x86-tmp']
array label[9] = ['vector that nobody owned', \
	'another interrupt''s vector', \
	'remap fault', \
	'function or controller off', \
	'unmapped or freed', \
	'vector without a handler', \
	'stray handler run', \
	'duplicate handler run', \
	'legacy line']
lost_parts = 5
parts = 9
lost_max = 24
spurious_max = 24

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

# Lost by cause and spurious by kind, stacked; a row for each strategy, the sum of all replications.
# Of what never happened the legend says nothing.
array found[9]
do for [part=1:parts] {
	stats data skip 1 using part + 2 nooutput
	found[part] = STATS_max > 0
}
set multiplot
set yrange [rows + 0.6:0.4]
set style fill solid 1.0 border rgb '#ffffff'
set tmargin at screen 1.0 - 120.0 / height
set bmargin at screen 76.0 / height
set grid xtics noytics
set format x '%.0f'
array fill[9] = ['#0072B2', '#56B4E9', '#CC79A7', '#E69F00', '#000000', '#D55E00', '#E69F00', '#F0E442', '#009E73']
# The sum of the parts first to last of a row, whose columns begin with the third.
sum_of(first, last) = last < first ? 0 : sum [part=first:last] column(part + 2)
bar(part) = column(part + 2) > 0 ? sum_of(part <= lost_parts ? 1 : lost_parts + 1, part) : NaN
title_of(part) = found[part] ? label[part] : ''

set lmargin at screen 0.30
set rmargin at screen 0.63
set xrange [0:lost_max * 1.04]
if (lost_max < 8) { set xtics 1 }
set xlabel 'lost raises' offset 0, 0.3 textcolor rgb ink
# Only these: an explicit list first, or automatic ones would stay.
set ytics ('' -1)
set for [i=1:rows] ytics add (fit(strategy[i], 34) i) scale 0
set key at screen 0.30, screen 1.0 - 46.0 / height left top vertical maxrows 3 Left reverse samplen 1.2 width -2 invert
plot for [part=lost_parts:1:-1] data using (0):'row':(0):(bar(part)):(column('row') - 0.36):(column('row') + 0.36) \
	with boxxyerror linecolor rgb fill[part] title title_of(part)
unset label 1
unset label 2
set lmargin at screen 0.655
set rmargin at screen 0.985
set xrange [0:spurious_max * 1.04]
if (spurious_max < 8) { set xtics 1 } else { set xtics autofreq }
set xlabel 'spurious handler runs and vectors' offset 0, 0.3 textcolor rgb ink
set ytics ('' -1)
set for [i=1:rows] ytics add ('' i) scale 0
set key at screen 0.655, screen 1.0 - 46.0 / height left top vertical maxrows 3 Left reverse samplen 1.2 width -2 invert
plot for [part=parts:lost_parts + 1:-1] data using (0):'row':(0):(bar(part)):(column('row') - 0.36):(column('row') + 0.36) \
	with boxxyerror linecolor rgb fill[part] title title_of(part)
unset multiplot
