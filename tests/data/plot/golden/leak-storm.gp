# Draws leak-storm.svg:  gnuplot leak-storm.gp
# Another format: gnuplot -e "format='pdf'" leak-storm.gp   (or png)

stem = 'leak-storm'
headline = 'Vectors and migrations in time'
caption = 'leak (leak.yaml), seed 1, 2 × 300ms, msirace 0.1.0, first replication'
data = 'leak-storm.dat'
height = 640
series = 2
array strategy[2] = ['x86-direct+offline-leak', \
	'x86-direct+offline-scan']
used_max = 53
leaked_max = 5
migrations_max = 359
online_max = 4
end_s = 0.31

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

# Vectors in use, leaked ones, moves and CPUs on line, in time.
set multiplot
unset key
set lmargin at screen 0.1
set rmargin at screen 0.68
unit = end_s >= 2 ? 1 : end_s >= 0.002 ? 1e-3 : 1e-6
set xrange [0:end_s / unit]
set format x ''
array quantity[4] = ['used', 'leaked', 'migrations', 'cpus_online']
array name[4] = ['vectors', 'leaked', 'moves', 'CPUs']
array largest[4] = [used_max, leaked_max, migrations_max, online_max]
panel = (1.0 - 48.0 / height - 80.0 / height) / 4
of(i, j) = column('series') == i ? column(quantity[j]) : NaN
do for [j=1:4] {
	set tmargin at screen 1.0 - 48.0 / height - (j - 1) * panel
	set bmargin at screen 1.0 - 48.0 / height - j * panel + 16.0 / height
	set yrange [0:largest[j] * 1.12]
	# Four ticks at most: the panels are low.
	step = 10 ** floor(log10(largest[j]))
	step = largest[j] / step >= 4 ? 2 * step : largest[j] / step >= 2 ? step : step / 2
	set ytics step < 1 ? 1 : step
	set format y '%g'
	set ylabel name[j] offset 0.2, 0 textcolor rgb ink
	if (j == 4) {
		set format x '%g'
		set xlabel 'simulated time ('.(unit == 1 ? 's' : unit == 1e-3 ? 'ms' : 'us').')' offset 0, 0.3 textcolor rgb ink
	}
	if (j == 1) {
		set key at screen 0.69, screen 1.0 - 48.0 / height left top vertical Left reverse samplen 2.2 spacing 1.15
	}
	plot for [i=1:series] data using (column('time_s') / unit):(of(i, j)) with lines linecolor rgb line_colour(i) \
		linewidth 2 dashtype line_dash(i) title fit(strategy[i], 34)
	unset key
	unset label 1
	unset label 2
}
unset multiplot
