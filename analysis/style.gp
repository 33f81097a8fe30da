# SPDX-License-Identifier: MIT
# Shared by all figures. setup.gp ran before: tables, out, format, caption (strings).
# figure(name, width, height) opens the output; colours are those of Okabe and Ito (safe for colour blindness).
# A script tells `report` what stands in its figures, in comments:
#   #: figure NAME summary MEASURE…    drawn from these measures of the summary (or `#: figure NAME time`: from the shares of time)
#   #: says NAME …                     what it shows, in a sentence
set datafile separator "\t"
set datafile missing "NaN"
set datafile commentschars ''
set print '-'
# A cell of a table as it is to be shown: quotes travel as the mark U+E000. Every label that comes from a table goes through this.
text(s) = strstrt(s, "\356\200\200") == 0 ? s : text(s[1:strstrt(s, "\356\200\200") - 1] . '"' . s[strstrt(s, "\356\200\200") + 1:*])
set encoding utf8
c1 = '#0072b2'; c2 = '#d55e00'; c3 = '#009e73'; c4 = '#cc79a7'; c5 = '#e69f00'; c6 = '#56b4e9'; c7 = '#999999'
font = 'Helvetica,Arial,sans-serif'
terminal_of(w, h) = format eq 'svg' ? sprintf("svg size %d,%d dynamic noenhanced font '%s,13' background '#ffffff'", w, h, font) : \
                    format eq 'pdf' ? sprintf("pdfcairo size %.2fin,%.2fin noenhanced font 'Helvetica,11'", w / 96.0, h / 96.0) : \
                    sprintf("pngcairo size %d,%d noenhanced font 'Helvetica,11'", w, h)
file_of(name) = out . '/' . name . '.' . format
set border 3 lc rgb '#444444'
set tics nomirror textcolor rgb '#222222'
set grid back lc rgb '#dddddd' lw 0.7
set key noenhanced
