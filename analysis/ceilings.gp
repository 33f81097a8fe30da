# SPDX-License-Identifier: MIT
# One figure: what `inferometer machine --ceilings` measured. Bandwidth and latency by working set; every variant of a yardstick is a
# point, the ceiling is their upper edge (of latency the lower one).
#: figure ceilings summary gbps gops
#: says ceilings Bandwidth of reading, writing, copying and adding arrays of each size, and the time of a dependent load.
summary = tables . '/summary.tsv'
# The swept names are columns; bytes are those of one thread.
kind(k) = strstrt(strcol('case'), k . '_') == 1
gbps(k, t) = kind(k) && strcol('measure') eq 'gbps' && column('threads') == t ? column('estimate') : NaN
latency_ns(k) = kind(k) && strcol('measure') eq 'gops' ? 1 / column('estimate') : NaN
most = 1
stats summary using (column('threads') == column('threads') ? column('threads') : 1) nooutput name 'threads'
most = threads_max

eval 'set terminal ' . terminal_of(1240, 520)
set output file_of('ceilings')
set multiplot
set label 1 caption at screen 0.5, 0.018 center font ',9' textcolor rgb '#666666' noenhanced
set label 2 'What this machine can do at best, by working set' at screen 0.5, 0.955 center font ',15' noenhanced
left(i) = 0.06 + 0.325 * i
set logscale x 2
set xtics ('16 KiB' 2**14, '256 KiB' 2**18, '4 MiB' 2**22, '64 MiB' 2**26, '1 GiB' 2**30)
set xrange [2**13.5:2**30.5]
set xlabel 'bytes that each thread goes through'
set tmargin at screen 0.84; set bmargin at screen 0.17
set logscale y 2
set yrange [8:1024]
set ytics (8, 16, 32, 64, 128, 256, 512, 1024)
set ylabel 'GB/s' offset 1
set key top right samplen 1 font ',11'
do for [panel = 0:1] {
    t = panel == 0 ? 1 : most
    set lmargin at screen left(panel); set rmargin at screen left(panel) + 0.265
    set title (t == 1 ? '1 thread' : sprintf('%d threads together', t)) offset 0, -0.5
    plot summary using 'bytes':(gbps('read', t)) with points pt 7 ps 0.8 lc rgb c1 title 'read', \
         summary using 'bytes':(gbps('write', t)) with points pt 5 ps 0.8 lc rgb c2 title 'write', \
         summary using 'bytes':(gbps('copy', t)) with points pt 9 ps 0.8 lc rgb c3 title 'copy', \
         summary using 'bytes':(gbps('triad', t)) with points pt 11 ps 0.8 lc rgb c4 title 'triad'
    unset label 2
    unset label 1
}
set lmargin at screen left(2); set rmargin at screen left(2) + 0.265
set title 'a load that waits for the one before' offset 0, -0.5
set ylabel 'ns' offset 1
set yrange [0.5:512]
set ytics (0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
unset key
plot summary using 'bytes':(latency_ns("latency")) with linespoints pt 7 ps 0.8 lc rgb c1
unset multiplot
