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
