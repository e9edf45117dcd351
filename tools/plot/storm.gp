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
