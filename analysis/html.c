// SPDX-License-Identifier: MIT
#include "analysis/html.h"

#include <math.h>
#include <string.h>

#include "analysis/literal.h"

static void put(FILE *f, uint32_t c) {
    switch (c) {
    case '&':
        fputs("&amp;", f);
        break;
    case '<':
        fputs("&lt;", f);
        break;
    case '>':
        fputs("&gt;", f);
        break;
    case '"':
        fputs("&quot;", f);
        break;
    case '\'':
        fputs("&#39;", f);
        break;
    default:
        literal_put(f, c);
    }
}

void html_text(FILE *f, const char *text) {
    for (uint32_t c; (c = literal_next(&text)) != 0;) put(f, c);
}

void html_text_n(FILE *f, const char *text, size_t bytes) {
    const char *end = text + bytes;
    for (uint32_t c; text < end && (c = literal_next(&text)) != 0;) put(f, c);
}

void html_element(FILE *f, const char *tag, const char *text) {
    fprintf(f, "<%s>", tag);
    html_text(f, text);
    fprintf(f, "</%s>\n", tag);
}

void html_table_start(FILE *f, const char *label, const char *const *columns) {
    fputs("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"", f);
    html_text(f, label);
    fputs("\">\n<table class=\"sortable\">\n<caption>", f);
    html_text(f, label);
    fputs("</caption>\n<thead><tr>", f);
    for (; *columns != NULL; columns++) {
        fputs("<th scope=\"col\">", f);
        for (const char *at = *columns; *at != '\0';) { // long names may be broken behind a _
            size_t bytes = strcspn(at, "_");
            bytes += at[bytes] == '_';
            html_text_n(f, at, bytes);
            at += bytes;
            if (*at != '\0') fputs("<wbr/>", f);
        }
        fputs("</th>", f);
    }
    fputs("</tr></thead>\n<tbody>\n", f);
}

void html_table_end(FILE *f) {
    fputs("</tbody>\n</table>\n</div>\n", f);
}

void html_cell(FILE *f, const char *text) {
    fputs("<td>", f);
    html_text(f, text);
    fputs("</td>", f);
}

void html_prose_cell(FILE *f, const char *text) {
    fputs("<td class=\"prose\">", f);
    html_text(f, text);
    fputs("</td>", f);
}

void html_code_cell(FILE *f, const char *text) {
    fputs("<td class=\"code\">", f);
    html_text(f, text);
    fputs("</td>", f);
}

void html_number(char text[32], double value) {
    double size = fabs(value);
    if (isnan(value))
        text[0] = '\0';
    else if (size != 0 && (size >= 1e9 || size < 1e-3))
        snprintf(text, 32, "%.3e", value);
    else
        snprintf(text, 32, "%.*f",
                 size >= 1000 || value == floor(value) ? 0
                 : size >= 100                         ? 1
                 : size >= 10                          ? 2
                                                       : 3,
                 value);
}

void html_percent(char text[32], double fraction) {
    if (isnan(fraction))
        text[0] = '\0';
    else
        snprintf(text, 32, "%.*f\u00a0%%", fabs(fraction) < 0.0995 ? 1 : 0, 100 * fraction);
}

static void number_cell(FILE *f, double value, const char *shown) {
    if (isnan(value))
        fputs("<td class=\"number\"></td>", f);
    else
        fprintf(f, "<td class=\"number\" data-value=\"%.17g\">%s</td>", value, shown);
}

void html_number_cell(FILE *f, double value) {
    char text[32];
    html_number(text, value);
    number_cell(f, value, text);
}

void html_percent_cell(FILE *f, double fraction) {
    char text[32];
    html_percent(text, fraction);
    number_cell(f, fraction, text);
}

void html_interval_cell(FILE *f, double value, double lo, double hi, bool percent) {
    char text[32], from[32], to[32], shown[160];
    void (*const format)(char *, double) = percent ? html_percent : html_number;
    format(text, value);
    format(from, lo);
    format(to, hi);
    snprintf(shown, sizeof shown, "%s", text);
    if (!isnan(lo) && !isnan(hi))
        snprintf(shown, sizeof shown, "%s<br/><span class=\"soft\">[%s, %s]</span>", text, from,
                 to);
    number_cell(f, value, shown);
}
