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
