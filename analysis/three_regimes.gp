# SPDX-License-Identifier: MIT
# Two figures: speed (tokens/s and fractions of the measured ceilings), and where the time goes.
#: figure three_regimes_speed summary tokens_per_s fraction_of_ceiling
#: says three_regimes_speed Tokens per second of prefill, decode and question-prefill (above), and the share of the ceiling that binds (below).
#: figure three_regimes_time time
#: says three_regimes_time Where the time goes: shares of the threads’ time by kind of step, for each case and point.
summary = tables . '/summary.tsv'
times = tables . '/time.tsv'
pick(c, m) = strcol('case') eq c && strcol('measure') eq m && strcol('arm') eq 'A' ? column('estimate') : NaN
small = 'kjv-3.7m, f16 (fits into the caches)'
large = 'llama-3.2-1b, q8_0 (1.3 GB)'
large_q4 = 'llama-3.2-1b, q4_0 (0.8 GB)'
# Runs of version 1 of the protocol have no model in q4_0.
q4 = 0
stats summary using (q4 = q4 || strcol('case') eq 'decode_large_q4_0', 0) nooutput
q4_prefill(m) = sprintf(", summary using 'tokens':(pick('prefill_large_q4_0', '%s')) lc rgb c3 pt 9 lw 2", m)
q4_decode(m) = sprintf(", summary using (column('depth') + 1):(pick('decode_large_q4_0', '%s')) lc rgb c3 pt 9 lw 2 notitle", m)
q4_prefill_speed = q4 ? q4_prefill('tokens_per_s') . ' title large_q4' : ''
q4_prefill_share = q4 ? q4_prefill('fraction_of_ceiling') . ' notitle' : ''
q4_decode_speed = q4 ? q4_decode('tokens_per_s') : ''
q4_decode_share = q4 ? q4_decode('fraction_of_ceiling') : ''

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
set yrange [1:50000]
set format y '%.0f'
set title 'Prefill: S tokens, empty cache'
set xlabel 'S (tokens)'; set ylabel 'tokens/s'
set key bottom right samplen 2 font ',10'
plot summary using 'tokens':(pick('prefill_small', 'tokens_per_s')) lc rgb c2 pt 7 lw 2 title small, \
     summary using 'tokens':(pick('prefill_large', 'tokens_per_s')) lc rgb c1 pt 5 lw 2 title large @q4_prefill_speed
unset label 1; unset label 2

set lmargin at screen left(1); set rmargin at screen right(1)
set title 'Decode: one token at depth C'
set xrange [1:16384]
set xlabel 'C + 1 (tokens in the cache)'; set ylabel 'tokens/s'
unset key
plot summary using (column('depth') + 1):(pick('decode_small', 'tokens_per_s')) lc rgb c2 pt 7 lw 2 notitle, \
     summary using (column('depth') + 1):(pick('decode_large', 'tokens_per_s')) lc rgb c1 pt 5 lw 2 notitle @q4_decode_speed

set lmargin at screen left(2); set rmargin at screen right(2)
set xrange [*:*]
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
     summary using 'tokens':(pick('prefill_large', 'fraction_of_ceiling')) lc rgb c1 pt 5 lw 2 notitle @q4_prefill_share, \
     1 lc rgb '#888888' dt 2 notitle
set lmargin at screen left(1); set rmargin at screen right(1)
set xrange [1:16384]
set xlabel 'C + 1 (tokens in the cache)'
plot summary using (column('depth') + 1):(pick('decode_small', 'fraction_of_ceiling')) lc rgb c2 pt 7 lw 2 notitle, \
     summary using (column('depth') + 1):(pick('decode_large', 'fraction_of_ceiling')) lc rgb c1 pt 5 lw 2 notitle @q4_decode_share, \
     1 lc rgb '#888888' dt 2 notitle
set lmargin at screen left(2); set rmargin at screen right(2)
set xrange [*:*]
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
unset logscale
unset label
unset key
eval 'set terminal ' . terminal_of(1240, 800)
set output file_of('three_regimes_time')
set multiplot
set label 1 caption at screen 0.5, 0.012 center font ',9' textcolor rgb '#666666' noenhanced
set label 2 'Where the time goes: shares of the threads'' time by kind of step' at screen 0.5, 0.975 center \
    font ',15' noenhanced
set style data histograms
set style histogram rowstacked
set style fill solid 0.9 border rgb '#ffffff'
set boxwidth 0.8
set xrange [-0.7:*]
set yrange [0:1]
set ytics 0.2
set format y '%.1f'
unset grid
array colours[7] = [c6, c2, c1, c3, c5, c4, c7]
array groups[7] = ['QKV and output projections', 'attention', 'feed-forward', 'output (logits)', \
                   'norms, RoPE, quantize …', 'waiting at barriers', 'outside of steps']
array group_x[7] = [0.065, 0.245, 0.345, 0.460, 0.580, 0.740, 0.880]
do for [g = 1:7] {
    set object 10 + g rectangle from screen group_x[g], 0.925 to screen group_x[g] + 0.012, 0.941 \
        fillcolor rgb colours[g] fillstyle solid noborder
    set label 10 + g groups[g] at screen group_x[g] + 0.016, 0.933 left font ',11' noenhanced
}
array cases[6] = ['prefill_small', 'decode_small', 'question_small', 'prefill_large', 'decode_large', 'question_large']
array titles[6] = ['kjv-3.7m: prefill', 'kjv-3.7m: decode', 'kjv-3.7m: question-prefill', \
                   'llama-3.2-1b: prefill', 'llama-3.2-1b: decode', 'llama-3.2-1b: question-prefill']
array xlabels[3] = ['S (tokens)', 'C (tokens in the cache)', 'C / q (tokens)']
tick(i) = text(i % 3 == 0 ? strcol('tokens') : i % 3 == 1 ? strcol('depth') : strcol('depth') . ' / ' . strcol('tokens'))
do for [i = 0:5] {
    column_i = i % 3
    set lmargin at screen left(column_i); set rmargin at screen right(column_i)
    set tmargin at screen (i < 3 ? 0.86 : 0.42); set bmargin at screen (i < 3 ? 0.58 : 0.14)
    set title titles[i + 1] noenhanced
    set xlabel xlabels[column_i + 1]
    if (column_i == 2) { set xtics rotate by -45 left font ',9' } else { set xtics norotate center font ',10' }
    if (column_i == 0) { set ylabel 'share of time' } else { unset ylabel }
    plot for [g = 1:7] tables . '/time_' . cases[i + 1] . '.tsv' \
        using g + 1:xticlabels(tick(i)) lc rgb colours[g] title columnheader(g + 1)
    if (i == 0) { unset label; unset object }
}
unset multiplot
unset output
print file_of('three_regimes_time')
