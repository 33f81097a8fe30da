# SPDX-License-Identifier: MIT
# Three figures: what every variant executes on an element, on both architectures; the ladder of one matmul from
# naive C to assembly; hand-written assembly against the compiler by time.
#: figure anatomy_variants summary instructions_per_element
#: says anatomy_variants Instructions an element of every variant of every op, on x86-64 and on AArch64, counted by simulation.
#: figure anatomy_ladder summary instructions_per_element measured_cycles_per_element
#: says anatomy_ladder One matrix product from naive C to assembly: instructions, measured and predicted cycles a multiply-add.
#: figure anatomy_compiler summary ns_per_element
#: says anatomy_compiler How much faster the hand-written variants are than the compiler's best, each in its own paired comparison.
summary = tables . '/summary.tsv'
array ops[32] = ['matmul_f32_f32', 'matmul_f16_f32', 'matmul_bf16_f32', 'matmul_q8_0_f32', 'matmul_q4_0_f32', \
    'matmul_bf16_bf16', 'matmul_q8_0_a8_32', 'matmul_q4_0_a8_32', 'matmul_q8_0x16_a8_32', 'matmul_q4_0x16_a8_32', \
    'attention_f32', 'attention_f16', 'attention_q8_0', 'attention_merge', 'attention_finish', \
    'panel_q8_0_i8', 'panel_q4_0_i8', 'panel_f32_f32', 'panel_f16_f32', \
    'rmsnorm', 'layernorm', 'softmax', 'gelu', 'silu_mul', 'add', 'argmax', 'quantize_a8_32', 'quantize_bf16', \
    'rmsnorm_quantize_a8_32', 'rope_adjacent', 'rope_halves', 'kv_store_f16']
rows = 32
array kinds[4] = ['strict C', 'compiler', 'by hand: AVX2, NEON', 'by hand: AVX-512, dotprod']
# The row of an op in a case OP_ARCH; NaN: none. One token where several numbers were counted.
one(p) = p ne 'tokens=8'
find(i, arch) = i > rows ? NaN : strcol('case') eq (ops[i] . '_' . arch) ? i : find(i + 1, arch)
is(m) = strcol('measure') eq m
variant(s) = s[strstrt(s, '=') + 1:*]
kind(v) = v eq 'c' || v eq 'c_tiled' ? 0 : v[1:2] eq 'c_' ? 1 : strstrt(v, 'avx512') > 0 || v[1:7] eq 'dotprod' ? 3 : 2
height(k) = k == 0 ? -0.24 : k == 1 ? -0.08 : k == 2 ? 0.08 : 0.24
place(arch, k) = is('instructions_per_element') && one(strcol('point')) && kind(variant(strcol('says'))) == k ? \
                 rows + 1 - find(1, arch) + height(k) : NaN

eval 'set terminal ' . terminal_of(1180, 980)
set output file_of('anatomy_variants')
set multiplot
set label 1 caption at screen 0.5, 0.014 center font ',9' textcolor rgb '#666666' noenhanced
set label 2 'Instructions an element: every variant, counted by simulation' at screen 0.5, 0.975 center font ',15' noenhanced
set logscale x
set xrange [0.008:60]
set yrange [0.4:rows + 0.6]
set tmargin at screen 0.905; set bmargin at screen 0.085
set xtics ('0.01' 0.01, '0.1' 0.1, '1' 1, '10' 10)
unset ytics
set xlabel 'instructions (an element: a multiply-add of matmul and attention, else a value)'
do for [i = 1:rows] { set label 100 + i ops[i] at screen 0.218, first rows + 1 - i right font ',11' noenhanced }
set lmargin at screen 0.225; set rmargin at screen 0.60
set label 3 'x86-64' at screen 0.41, 0.915 center font ',12' noenhanced
set key at screen 0.60, 0.945 center horizontal maxrows 1 maxcols 4 samplen 0.5 width -4 font ',11'
plot for [k = 0:3] summary using (column('estimate')):(place('x86_64', k)) with points pt (k == 2 ? 6 : 7) ps (k == 0 ? 0.7 : 0.95) lw 1.6 \
     lc rgb (k == 0 ? c7 : k == 1 ? c5 : c1) title kinds[k + 1]
do for [i = 1:rows] { unset label 100 + i }
unset label 1; unset label 2
set lmargin at screen 0.625; set rmargin at screen 0.985
set label 3 'AArch64' at screen 0.805, 0.915 center font ',12' noenhanced
unset key
unset xlabel
plot for [k = 0:3] summary using (column('estimate')):(place('aarch64', k)) with points pt (k == 2 ? 6 : 7) ps (k == 0 ? 0.7 : 0.95) lw 1.6 \
     lc rgb (k == 0 ? c7 : k == 1 ? c5 : c1) notitle
unset multiplot
unset output
print file_of('anatomy_variants')

# ---- the ladder
unset label
unset arrow
set key noenhanced
set lmargin; set rmargin; set tmargin; set bmargin
array steps[6] = ['c', 'c_tiled', 'c_v3', 'c_v4', 'avx2_r8', 'avx512vnni_r16']
array words[6] = ['naive C', 'blocked C', 'compiler, AVX2', 'compiler, AVX-512', 'by hand, AVX2', 'by hand, AVX-512 VNNI']
step(i) = i > 6 ? NaN : variant(strcol('says')) eq steps[i] ? i : step(i + 1)
rung(m) = strcol('case') eq 'matmul_q8_0_a8_32_x86_64' && strcol('point') eq 'tokens=8' && is(m) ? 7 - step(1) : NaN
eval 'set terminal ' . terminal_of(900, 420)
set output file_of('anatomy_ladder')
set label 1 caption at screen 0.5, 0.025 center font ',9' textcolor rgb '#666666' noenhanced
set label 2 'From naive C to assembly: q8_0 weights by 8 tokens, from L1' at screen 0.5, 0.95 center font ',15' noenhanced
set lmargin at screen 0.25; set rmargin at screen 0.97
set tmargin at screen 0.83; set bmargin at screen 0.19
set logscale x
set xrange [0.02:5]
set xtics ('0.02' 0.02, '0.05' 0.05, '0.1' 0.1, '0.2' 0.2, '0.5' 0.5, '1' 1, '2' 2, '5' 5)
set yrange [0.4:6.6]
unset ytics
set xlabel 'instructions, or cycles, of a multiply-add'
do for [i = 1:6] { set label 100 + i words[i] at graph -0.02, first 7 - i right font ',12' noenhanced }
set key at screen 0.61, 0.88 center horizontal maxrows 1 maxcols 3 samplen 0.5 width -3 font ',11'
plot summary using (column('estimate')):(rung('instructions_per_element') + 0.12) with points pt 7 ps 1.2 lc rgb c1 title 'instructions', \
     summary using (column('estimate')):(rung('measured_cycles_per_element') - 0.12) with points pt 5 ps 1.1 lc rgb c2 title 'cycles, measured', \
     summary using (column('estimate')):(rung('predicted_cycles_per_element@znver4') - 0.12) with points pt 4 ps 1.7 lw 1.8 lc rgb c2 title 'cycles, predicted for Zen 4'
unset output
print file_of('anatomy_ladder')

# ---- by hand against the compiler
unset label
unset arrow
set key noenhanced
set lmargin; set rmargin; set tmargin; set bmargin
array timed[13] = ['matmul_f32_f32', 'matmul_f16_f32', 'matmul_bf16_f32', 'matmul_q8_0_f32', 'matmul_q4_0_f32', 'matmul_bf16_bf16', \
    'matmul_q8_0_a8_32', 'matmul_q4_0_a8_32', 'matmul_q8_0x16_a8_32', 'matmul_q4_0x16_a8_32', 'attention_f32', 'attention_f16', 'attention_q8_0']
ns = 13
find(i, what) = i > ns ? NaN : strcol('case') eq ('time_' . timed[i] . '_' . what) ? i : find(i + 1, what)
of(what, up) = is('ns_per_element') && strcol('arm') ne 'A' && strcol('arm') ne "A'" && strcol('effect_lo') ne 'NaN' ? ns + 1 - find(1, what) + up : NaN
wide(v) = strstrt(v, 'avx512') > 0
mine(w) = wide(variant(strcol('says'))) == w ? 1 : NaN
eval 'set terminal ' . terminal_of(1000, 640)
set output file_of('anatomy_compiler')
set label 1 caption at screen 0.5, 0.018 center font ',9' textcolor rgb '#666666' noenhanced
set label 2 'Hand-written against the compiler (gcc, AVX-512): times as fast' at screen 0.5, 0.965 center font ',15' noenhanced
set lmargin at screen 0.225; set rmargin at screen 0.97
set tmargin at screen 0.88; set bmargin at screen 0.13
set logscale x
set xrange [0.5:200]
set xtics ('0.5' 0.5, '1' 1, '2' 2, '5' 5, '10' 10, '20' 20, '50' 50, '100' 100, '200' 200)
set yrange [0.4:ns + 0.6]
unset ytics
set xlabel 'speed against the compiler (paired, with its interval; 1 token above, many tokens below)'
do for [i = 1:ns] { set label 100 + i timed[i] at graph -0.015, first ns + 1 - i right font ',11' noenhanced }
set arrow 1 from first 1, 0.4 to first 1, ns + 0.6 nohead dt 2 lc rgb '#888888'
set key at screen 0.60, 0.915 center horizontal maxrows 1 samplen 1 font ',11'
x(c) = exp(column(c))
plot summary using (x('effect')):(of('1', 0.17) * mine(0)):(x('effect_lo')):(x('effect_hi')) with xerrorbars pt 6 ps 0.9 lw 1.5 lc rgb c1 title 'AVX2, 1 token', \
     summary using (x('effect')):(of('1', 0.17) * mine(1)):(x('effect_lo')):(x('effect_hi')) with xerrorbars pt 7 ps 0.9 lw 1.5 lc rgb c1 title 'AVX-512, 1 token', \
     summary using (x('effect')):(of('many', -0.17) * mine(0)):(x('effect_lo')):(x('effect_hi')) with xerrorbars pt 4 ps 0.9 lw 1.5 lc rgb c2 title 'AVX2, many', \
     summary using (x('effect')):(of('many', -0.17) * mine(1)):(x('effect_lo')):(x('effect_hi')) with xerrorbars pt 5 ps 0.9 lw 1.5 lc rgb c2 title 'AVX-512, many'
unset output
print file_of('anatomy_compiler')
