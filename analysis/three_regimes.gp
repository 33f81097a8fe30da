# SPDX-License-Identifier: MIT
# Two figures: speed (tokens/s and fractions of the measured ceilings), and where the time goes.
summary = tables . '/summary.tsv'
times = tables . '/time.tsv'
pick(c, m) = strcol('case') eq c && strcol('measure') eq m && strcol('arm') eq 'A' ? column('estimate') : NaN
small = 'kjv-3.7m, f16 (fits into the caches)'
large = 'llama-3.2-1b, q8_0 (1.3 GB)'

# ---- speed ----------------------------------------------------------------------------------------
eval 'set terminal ' . terminal_of(1240, 800)
set output file_of('three_regimes_speed')
set multiplot
set label 1 caption at screen 0.5, 0.012 center font ',9' textcolor rgb '#666666' noenhanced
set label 2 'Three regimes of inference: tokens per second, and the share of the ceiling that binds' \
    at screen 0.5, 0.975 center font ',15' noenhanced
left(i) = 0.065 + 0.325 * i
right(i) = left(i) + 0.265
set style data linespoints
set logscale x 2
set format x '%.0f'

set lmargin at screen left(0); set rmargin at screen right(0)
set tmargin at screen 0.88; set bmargin at screen 0.55
set logscale y
set format y '%.0f'
set title 'Prefill: S tokens, empty cache'
set xlabel 'S (tokens)'; set ylabel 'tokens/s'
set key bottom right samplen 2 font ',10'
plot summary using 'tokens':(pick('prefill_small', 'tokens_per_s')) lc rgb c2 pt 7 lw 2 title small, \
     summary using 'tokens':(pick('prefill_large', 'tokens_per_s')) lc rgb c1 pt 5 lw 2 title large
unset label 1; unset label 2

set lmargin at screen left(1); set rmargin at screen right(1)
set title 'Decode: one token at depth C'
set xlabel 'C (tokens in the cache, +1)'; set ylabel 'tokens/s'
unset key
plot summary using (column('depth') + 1):(pick('decode_small', 'tokens_per_s')) lc rgb c2 pt 7 lw 2 notitle, \
     summary using (column('depth') + 1):(pick('decode_large', 'tokens_per_s')) lc rgb c1 pt 5 lw 2 notitle

set lmargin at screen left(2); set rmargin at screen right(2)
set title 'Question-prefill: q tokens at depth C'
set xlabel 'q (tokens)'; set ylabel 'tokens/s'
set key bottom right samplen 2 font ',10'
question(c, d) = column('depth') == d ? pick(c, 'tokens_per_s') : NaN
plot summary using 'tokens':(question('question_small', 64))   lc rgb c2 pt 7 lw 2 title 'kjv, C = 64', \
     summary using 'tokens':(question('question_small', 160))  lc rgb c5 pt 7 lw 2 title 'kjv, C = 160', \
     summary using 'tokens':(question('question_large', 512))  lc rgb c6 pt 5 lw 2 title '1b, C = 512', \
     summary using 'tokens':(question('question_large', 2048)) lc rgb c1 pt 5 lw 2 title '1b, C = 2048', \
     summary using 'tokens':(question('question_large', 8192)) lc rgb c3 pt 5 lw 2 title '1b, C = 8192'

unset logscale y
set yrange [0:1.1]
set ytics 0.2
set format y '%.1f'
unset title
set tmargin at screen 0.44; set bmargin at screen 0.11
set key top right samplen 2 font ',10'
set lmargin at screen left(0); set rmargin at screen right(0)
set xlabel 'S (tokens)'; set ylabel 'fraction of the ceiling'
unset key
plot summary using 'tokens':(pick('prefill_small', 'fraction_of_ceiling')) lc rgb c2 pt 7 lw 2 notitle, \
     summary using 'tokens':(pick('prefill_large', 'fraction_of_ceiling')) lc rgb c1 pt 5 lw 2 notitle, \
     1 lc rgb '#888888' dt 2 notitle
set lmargin at screen left(1); set rmargin at screen right(1)
set xlabel 'C (tokens in the cache, +1)'
plot summary using (column('depth') + 1):(pick('decode_small', 'fraction_of_ceiling')) lc rgb c2 pt 7 lw 2 notitle, \
     summary using (column('depth') + 1):(pick('decode_large', 'fraction_of_ceiling')) lc rgb c1 pt 5 lw 2 notitle, \
     1 lc rgb '#888888' dt 2 notitle
set lmargin at screen left(2); set rmargin at screen right(2)
set xlabel 'q (tokens)'
fraction(c, d) = column('depth') == d ? pick(c, 'fraction_of_ceiling') : NaN
plot summary using 'tokens':(fraction('question_small', 64))   lc rgb c2 pt 7 lw 2 notitle, \
     summary using 'tokens':(fraction('question_small', 160))  lc rgb c5 pt 7 lw 2 notitle, \
     summary using 'tokens':(fraction('question_large', 512))  lc rgb c6 pt 5 lw 2 notitle, \
     summary using 'tokens':(fraction('question_large', 2048)) lc rgb c1 pt 5 lw 2 notitle, \
     summary using 'tokens':(fraction('question_large', 8192)) lc rgb c3 pt 5 lw 2 notitle, \
     1 lc rgb '#888888' dt 2 notitle
unset multiplot
unset output
print file_of('three_regimes_speed')

# ---- where the time goes --------------------------------------------------------------------------
reset
eval 'set terminal ' . terminal_of(1240, 620)
set output file_of('three_regimes_time')
set multiplot
set datafile separator "\t"
set datafile missing "NaN"
set style data histograms
set style histogram rowstacked
set style fill solid 0.9 border rgb '#ffffff'
set boxwidth 0.8
set border 3 lc rgb '#444444'
set tics nomirror
set yrange [0:1]
set format y '%.1f'
groups = 7
group(i) = word('"QKV and output projections" attention feed-forward "output (logits)" "norms, RoPE, quantize …" "waiting at barriers" "outside of steps"', i)
colour(i) = i == 1 ? c6 : i == 2 ? c2 : i == 3 ? c1 : i == 4 ? c3 : i == 5 ? c5 : i == 6 ? c4 : c7
share(c, g) = strcol('case') eq c && strcol('group') eq g ? column('share') : 1/0
unset multiplot
