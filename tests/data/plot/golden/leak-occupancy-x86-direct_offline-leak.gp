# Draws leak-occupancy-x86-direct_offline-leak.svg:  gnuplot leak-occupancy-x86-direct_offline-leak.gp
# Another format: gnuplot -e "format='pdf'" leak-occupancy-x86-direct_offline-leak.gp   (or png)

stem = 'leak-occupancy-x86-direct_offline-leak'
headline = 'Vectors in use: x86-direct+offline-leak'
caption = 'leak (leak.yaml), seed 1, 2 × 300ms, msirace 0.1.0, first replication'
data = 'leak-occupancy-x86-direct_offline-leak.dat'
data2 = 'leak-occupancy-x86-direct_offline-leak.dat2'
height = 590
alike = ''
cpus = 4
vector_first = 32
vector_end = 236
vector_last = 53
vectors_max = 20
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

# Above: the share of the time that each vector of each CPU was in use. Below: how many vectors the CPUs have, in time.
set multiplot
if (strlen(alike)) {
	set label 3 alike at screen 0.012, screen 30.0 / height left font font_small textcolor rgb faint
}
unset key
set lmargin at screen 0.085
set rmargin at screen 0.86
vector_high = vector_last + 1 + int((vector_last - vector_first) / 8) < vector_end ? \
	vector_last + 1 + int((vector_last - vector_first) / 8) : vector_end - 1

set tmargin at screen 1.0 - 48.0 / height
set bmargin at screen 0.47
set xrange [vector_first - 0.5:vector_high + 0.5]
set yrange [cpus - 0.5:-0.5]
set grid noxtics noytics
set xlabel sprintf('vector (%d to %d can be allocated)', vector_first, vector_end - 1) offset 0, 0.3 textcolor rgb ink
set ylabel 'CPU' offset 1.5, 0 textcolor rgb ink
if (cpus <= 8) { set ytics 1 }
set palette maxcolors 10 defined (0 '#deebf7', 1 '#9ecae1', 2 '#4292c6', 3 '#08519c', 4 '#041f4a')
set cbrange [0:100]
set cbtics 0, 20, 100 format '%g %%' scale 0
set cblabel 'of the time' textcolor rgb ink
set colorbox user origin screen 0.88, screen 0.5 size screen 0.02, screen 0.36
set object 1 rectangle from graph 0, graph 0 to graph 1, graph 1 behind fillcolor rgb '#f0f0f0' fillstyle solid noborder
set style fill solid 1.0 noborder
plot data using (0):(0):(column('vector_first') - 0.5):(column('vector_last') + 0.5):(column('cpu_first') - 0.5):\
	(column('cpu_last') + 0.5):(column('tenths_of_time') * 10 - 5) with boxxyerror fillcolor palette
unset label 1
unset label 2
unset label 3
unset object 1

set tmargin at screen 0.35
set bmargin at screen 96.0 / height
unit = end_s >= 2 ? 1 : end_s >= 0.002 ? 1e-3 : 1e-6
set xrange [0:end_s / unit]
set yrange [0:vectors_max * 1.15]
set grid xtics ytics
set xlabel 'simulated time ('.(unit == 1 ? 's' : unit == 1e-3 ? 'ms' : 'us').')' offset 0, 0.3 textcolor rgb ink
set ylabel 'per CPU' offset 1.5, 0 textcolor rgb ink
set format x '%g'
set ytics autofreq
step = 10 ** floor(log10(vectors_max))
step = vectors_max / step >= 4 ? 2 * step : vectors_max / step >= 2 ? step : step / 2
set ytics step < 1 ? 1 : step
set key at screen 0.87, screen 0.36 left top vertical Left reverse samplen 1.4
set style fill transparent solid 0.3 noborder
plot data2 using (column('time_s') / unit):'cpu_min':'cpu_max' with filledcurves linecolor rgb colour[6] title 'min, max', \
	data2 using (column('time_s') / unit):'cpu_median' with steps linecolor rgb colour[1] linewidth 2 title 'median'
unset multiplot
