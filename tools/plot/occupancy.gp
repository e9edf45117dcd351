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
