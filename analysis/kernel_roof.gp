# SPDX-License-Identifier: MIT
# One figure: the share of its ceiling that each kernel reaches, arm A (what the engine takes) and B (AVX2).
#: figure kernel_roof summary fraction_of_read fraction_of_int8 fraction_of_fma fraction_of_bf16 fraction_of_ceiling
#: says kernel_roof The share of the ceiling that binds it that each kernel reaches: the variant that the engine takes, and AVX2.
summary = tables . '/summary.tsv'
# case|what it is|measure|goal, from above to below; analysis/kernel_roof_table.sh reads these rows too.
array lines[18] = [ \
    'f16_1|1 token, f16|fraction_of_read|0.95', \
    'bf16_1|1 token, bf16|fraction_of_read|0.95', \
    'q8_0_1|1 token, q8_0|fraction_of_read|0.95', \
    'q8_0x16_1|1 token, q8_0 packed|fraction_of_read|', \
    'q4_0_1|1 token, q4_0|fraction_of_read|0.85', \
    'q4_0x16_1|1 token, q4_0 packed|fraction_of_read|0.92', \
    'q8_0_8|8 tokens, q8_0|fraction_of_ceiling|0.85', \
    'q4_0_8|8 tokens, q4_0|fraction_of_ceiling|0.85', \
    'f32_512|512 tokens, f32|fraction_of_fma|0.75', \
    'q8_0_512|512 tokens, q8_0|fraction_of_int8|0.75', \
    'q4_0_512|512 tokens, q4_0|fraction_of_int8|0.75', \
    'bf16_bf16_512|512 tokens, bf16 x bf16|fraction_of_bf16|0.65', \
    'attention_f16_1_gqa1|attention, 1 token, KV f16|fraction_of_ceiling|0.85', \
    'attention_f16_1_gqa4|attention, 1 token, KV f16, GQA 4|fraction_of_ceiling|0.85', \
    'attention_q8_0_1_gqa1|attention, 1 token, KV q8_0|fraction_of_ceiling|0.85', \
    'attention_q8_0_1_gqa4|attention, 1 token, KV q8_0, GQA 4|fraction_of_ceiling|0.60', \
    'attention_f16_2048|attention, 2048 tokens, KV f16|fraction_of_fma|0.50', \
    '|||']
rows = 17
cut(s, n) = n == 1 ? s[1:strstrt(s, '|') - 1] : cut(s[strstrt(s, '|') + 1:*], n - 1)
part(i, n) = cut(lines[i] . '|', n)
# The row of the figure that a row of the summary belongs to; NaN: none.
find(i) = i > rows ? NaN : \
          strcol('case') eq part(i, 1) && strcol('measure') eq part(i, 3) ? i : find(i + 1)
# The first shape of a case stands a little above its row, the second below; B below A.
wide(s) = strstrt(s, '2048x8192') > 0
place(arm) = strcol('arm') eq arm ? rows + 1 - find(1) + (arm eq 'A' ? 0.18 : -0.14) - (wide(strcol('point')) ? 0.13 : 0) : NaN
from(c) = column(c) eq column(c) ? column(c) : column('estimate')

eval 'set terminal ' . terminal_of(1000, 760)
set output file_of('kernel_roof')
set lmargin at screen 0.27; set rmargin at screen 0.97
set tmargin at screen 0.885; set bmargin at screen 0.13
set label 1 caption at screen 0.5, 0.018 center font ',9' textcolor rgb '#666666' noenhanced
set label 2 'How close each kernel comes to the ceiling that binds it' at screen 0.5, 0.965 center font ',15' noenhanced
set xlabel 'share of the ceiling (median of paired fractions, 95 % interval; filled 8192 x 2048, open 2048 x 8192)'
set xrange [0:1.15]
set xtics 0.1
set format x '%.1f'
set yrange [0.4:rows + 0.6]
unset ytics
do for [i = 1:rows] { set label 100 + i part(i, 2) at first -0.012, rows + 1 - i right font ',11' noenhanced }
do for [i = 1:rows] {
    if (strlen(part(i, 4)) > 0) {
        set arrow 100 + i from first real(part(i, 4)), rows + 0.62 - i to first real(part(i, 4)), rows + 1.38 - i \
            nohead lc rgb '#444444' lw 2.5
    }
}
set arrow 1 from first 1, 0.4 to first 1, rows + 0.6 nohead dt 2 lc rgb '#888888'
set key at screen 0.62, 0.915 center horizontal maxrows 1 samplen 2 font ',11'
open(w) = wide(strcol('point')) == w ? 1 : NaN
plot summary using (column('estimate')):(place('B')):(column('lo')):(column('hi')) with xerrorbars pt 0 lw 1.4 lc rgb c5 notitle, \
     summary using (column('estimate')):(place('A')):(column('lo')):(column('hi')) with xerrorbars pt 0 lw 1.4 lc rgb c1 notitle, \
     summary using (column('estimate') * open(0)):(place('A')) with points pt 7 ps 1.1 lc rgb c1 title 'what the engine takes', \
     summary using (column('estimate') * open(1)):(place('A')) with points pt 6 ps 1.1 lw 1.8 lc rgb c1 notitle, \
     summary using (column('estimate') * open(0)):(place('B')) with points pt 7 ps 0.9 lc rgb c5 title 'AVX2', \
     summary using (column('estimate') * open(1)):(place('B')) with points pt 6 ps 0.9 lw 1.8 lc rgb c5 notitle, \
     NaN with lines lw 2.5 lc rgb '#444444' title 'goal'
unset output
print file_of('kernel_roof')
