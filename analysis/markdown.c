// SPDX-License-Identifier: MIT
#include "analysis/markdown.h"

#include <stdbool.h>
#include <string.h>

#include "analysis/html.h"

enum { DEPTH_MAX = 4 };

// A line without its newline (and carriage return); next is where the following one starts.
struct line {
    const char *at, *next;
    size_t bytes, indent; // indent: blanks before at
};

static bool next_line(const char *text, struct line *l) {
    if (*text == '\0') return false;
    size_t bytes = strcspn(text, "\n");
    l->next = text + bytes + (text[bytes] == '\n');
    if (bytes > 0 && text[bytes - 1] == '\r') bytes--;
    l->indent = 0;
    while (bytes > 0 && (*text == ' ' || *text == '\t')) {
        l->indent += *text == '\t' ? 4 : 1;
        text++;
        bytes--;
    }
    while (bytes > 0 && (text[bytes - 1] == ' ' || text[bytes - 1] == '\t')) bytes--;
    l->at = text;
    l->bytes = bytes;
    return true;
}

static size_t heading_level(const struct line *l) {
    size_t n = 0;
    while (n < l->bytes && l->at[n] == '#') n++;
    return n >= 1 && n <= 6 && n < l->bytes && l->at[n] == ' ' ? n : 0;
}

static size_t fence_length(const struct line *l) {
    size_t n = 0;
    while (n < l->bytes && l->at[n] == '`') n++;
    if (n == 0)
        while (n < l->bytes && l->at[n] == '~') n++;
    return n >= 3 ? n : 0;
}

static bool is_rule(const struct line *l) {
    return l->bytes >= 3 && strchr("-*_", l->at[0]) != NULL &&
           strspn(l->at, (char[]){l->at[0], ' ', '\0'}) >= l->bytes;
}

// Bytes of a list's mark with the blanks behind it; *ordered: a number.
static size_t list_mark(const struct line *l, bool *ordered) {
    size_t n = 0;
    while (n < l->bytes && n < 9 && l->at[n] >= '0' && l->at[n] <= '9') n++;
    *ordered = n > 0;
    if (n > 0 ? n >= l->bytes || (l->at[n] != '.' && l->at[n] != ')')
              : l->bytes < 1 || strchr("-*+", l->at[0]) == NULL)
        return 0;
    n++;
    if (n >= l->bytes || l->at[n] != ' ' || is_rule(l)) return 0;
    while (n < l->bytes && l->at[n] == ' ') n++;
    return n;
}

// |---|:-:| under a table's header
static bool is_table_rule(const struct line *l) {
    return l->bytes >= 3 && strspn(l->at, "|-: ") >= l->bytes && memchr(l->at, '-', l->bytes) &&
           memchr(l->at, '|', l->bytes);
}

static bool starts_table(const struct line *l) {
    struct line rule;
    return l->bytes > 0 && memchr(l->at, '|', l->bytes) != NULL && next_line(l->next, &rule) &&
           is_table_rule(&rule);
}

static bool starts_block(const struct line *l) {
    bool ordered;
    return l->bytes == 0 || heading_level(l) > 0 || fence_length(l) > 0 || is_rule(l) ||
           list_mark(l, &ordered) > 0 || l->at[0] == '>' || starts_table(l);
}

static const char *write_fence(FILE *f, const struct line *first) {
    size_t length = fence_length(first);
    struct line l;
    const char *at = first->next;
    fputs("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"code\"><pre><code>",
          f);
    for (; next_line(at, &l); at = l.next) {
        size_t n = fence_length(&l);
        if (n >= length && n == l.bytes && l.at[0] == first->at[0]) {
            at = l.next;
            break;
        }
        html_text_n(f, at, (size_t)(l.next - at));
    }
    fputs("</code></pre></div>\n", f);
    return at;
}

// Lines up to one that starts another block, joined.
static const char *write_lines(FILE *f, const struct line *first) {
    struct line l = *first;
    const char *start = first->at, *end = first->at + first->bytes, *next = first->next;
    while (next_line(next, &l) && !starts_block(&l)) {
        end = l.at + l.bytes;
        next = l.next;
    }
    markdown_inline(f, start, (size_t)(end - start));
    return next;
}

static void write_row(FILE *f, const struct line *l, const char *cell) {
    const char *at = l->at, *end = l->at + l->bytes;
    if (at < end && *at == '|') at++;
    if (end > at && end[-1] == '|' && (end - 1 == at || end[-2] != '\\')) end--;
    fputs("<tr>", f);
    while (at <= end) {
        const char *stop = at;
        bool in_code = false;
        while (stop < end && (*stop != '|' || in_code)) {
            if (*stop == '`') in_code = !in_code && memchr(stop + 1, '`', (size_t)(end - stop - 1));
            stop += *stop == '\\' && stop + 1 < end ? 2 : 1;
        }
        fprintf(f, "<%s>", cell);
        while (at < stop && *at == ' ') at++;
        markdown_inline(f, at, (size_t)(stop - at));
        fprintf(f, "</%s>", cell);
        at = stop + 1;
    }
    fputs("</tr>\n", f);
}

static const char *write_table(FILE *f, const struct line *header) {
    struct line l;
    fputs("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"table\">"
          "<table class=\"sortable\"><thead>",
          f);
    write_row(f, header, "th");
    fputs("</thead><tbody>\n", f);
    next_line(header->next, &l); // the rule
    const char *at = l.next;
    for (; next_line(at, &l) && l.bytes > 0 && memchr(l.at, '|', l.bytes) != NULL; at = l.next)
        write_row(f, &l, "td");
    fputs("</tbody></table></div>\n", f);
    return at;
}

// The items from first on that are indented as it is; deeper ones are lists within them.
static const char *write_list(FILE *f, const struct line *first, int depth) {
    bool ordered, this_ordered;
    list_mark(first, &ordered);
    const char *tag = ordered ? "ol" : "ul", *next = first->next;
    struct line l = *first;
    fprintf(f, "<%s>\n", tag);
    do {
        size_t mark = list_mark(&l, &this_ordered);
        struct line text = l, inner;
        text.at += mark;
        text.bytes -= mark;
        fputs("<li>", f);
        next = write_lines(f, &text);
        while (depth < DEPTH_MAX && next_line(next, &inner) && inner.indent > first->indent &&
               list_mark(&inner, &this_ordered) > 0)
            next = write_list(f, &inner, depth + 1);
        fputs("</li>\n", f);
    } while (next_line(next, &l) && list_mark(&l, &this_ordered) > 0 && this_ordered == ordered &&
             (l.indent >= first->indent || depth == 1));
    fprintf(f, "</%s>\n", tag);
    return next;
}

static const char *write_quote(FILE *f, const struct line *first) {
    struct line l = *first;
    const char *next = first->next;
    fputs("<blockquote><p>", f);
    do {
        size_t mark = l.bytes > 1 && l.at[1] == ' ' ? 2 : 1;
        markdown_inline(f, l.at + mark, l.bytes - mark);
        fputc('\n', f);
        next = l.next;
    } while (next_line(next, &l) && l.bytes > 0 && l.at[0] == '>');
    fputs("</p></blockquote>\n", f);
    return next;
}

static void write_heading(FILE *f, const struct line *l, size_t level, int shift) {
    int to = (int)level + shift > 6 ? 6 : (int)level + shift;
    fprintf(f, "<h%d>", to);
    markdown_inline(f, l->at + level + 1, l->bytes - level - 1);
    fprintf(f, "</h%d>\n", to);
}

void markdown_write(FILE *f, const char *text, int shift) {
    struct line l;
    bool ordered, titled = false;
    while (next_line(text, &l)) {
        size_t level = heading_level(&l);
        text = l.next;
        if (l.bytes == 0) continue;
        if (level == 1 && !titled) {
            titled = true;
        } else if (level > 0) {
            write_heading(f, &l, level, shift);
        } else if (fence_length(&l) > 0) {
            text = write_fence(f, &l);
        } else if (is_rule(&l)) {
            fputs("<hr/>\n", f);
        } else if (list_mark(&l, &ordered) > 0) {
            text = write_list(f, &l, 1);
        } else if (l.at[0] == '>') {
            text = write_quote(f, &l);
        } else if (starts_table(&l)) {
            text = write_table(f, &l);
        } else {
            fputs("<p>", f);
            text = write_lines(f, &l);
            fputs("</p>\n", f);
        }
    }
}

void markdown_title(const char *text, char *title, size_t size) {
    struct line l;
    title[0] = '\0';
    for (; next_line(text, &l); text = l.next)
        if (heading_level(&l) == 1) {
            snprintf(title, size, "%.*s", (int)(l.bytes - 2 < size ? l.bytes - 2 : size - 1),
                     l.at + 2);
            return;
        }
}
