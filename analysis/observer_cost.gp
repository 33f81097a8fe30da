# SPDX-License-Identifier: MIT
# One figure: time of a token with the observer unbound, bound, and bound with fenced stamps.
#: figure observer_cost summary ns_per_token
#: says observer_cost Time of a token without an observer (twice), with time stamps and with fenced time stamps.
summary = tables . '/summary.tsv'
place(arm) = arm eq 'A' ? 0 : arm eq "A'" ? 1 : arm eq 'B' ? 2 : arm eq 'C' ? 3 : NaN
pick(column_name) = strcol('measure') eq 'ns_per_token' ? column(column_name) / 1000 : NaN

eval 'set terminal ' . terminal_of(760, 460)
set output file_of('observer_cost')
set lmargin at screen 0.11; set rmargin at screen 0.97
set tmargin at screen 0.86; set bmargin at screen 0.19
set label 1 caption at screen 0.5, 0.025 center font ',9' textcolor rgb '#666666' noenhanced
set title 'What the observer costs a token of kjv-3.7m (depth 64)' font ',15' noenhanced
set ylabel 'time of a token (µs)'
set yrange [0:*<1e9]
set xrange [-0.6:3.6]
set xtics ('A: unbound' 0, "A': unbound again" 1, 'B: time stamps' 2, 'C: fenced stamps' 3) noenhanced
set boxwidth 0.55
set style fill solid 0.85 noborder
set key outside top right horizontal samplen 2
plot summary using (place(strcol('arm'))):(pick('estimate')) with boxes lc rgb c1 title 'median over blocks', \
     summary using (place(strcol('arm'))):(pick('minimum')) with points pt 7 ps 1.2 lc rgb c2 title 'least block', \
     summary using (place(strcol('arm'))):(pick('estimate')):(sprintf('%.1f', pick('estimate'))) \
         with labels offset 0,0.7 font ',11' notitle
unset output
print file_of('observer_cost')
