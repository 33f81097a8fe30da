// SPDX-License-Identifier: MIT
#include "analysis/markdown.h"

#include <stdbool.h>
#include <string.h>

#include "analysis/html.h"

static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (unsigned char)c >= 0x80;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\0';
}

// Where the same run of `n` times c stands again, or NULL.
static const char *find_run(const char *at, const char *end, char c, size_t n) {
    while (at < end) {
        if (*at == '\\' && c != '`' && at + 1 < end) {
            at += 2;
            continue;
        }
        size_t run = 0;
        while (at + run < end && at[run] == c) run++;
        if (run == n) return at;
        at += run > 0 ? run : 1;
    }
    return NULL;
}

// `code`: as many backquotes behind it as before it. What is behind it, or NULL.
static const char *code(FILE *f, const char *at, const char *end) {
    size_t n = 0;
    while (at + n < end && at[n] == '`') n++;
    const char *close = find_run(at + n, end, '`', n);
    if (close == NULL) return NULL;
    fputs("<code>", f);
    html_text_n(f, at + n, (size_t)(close - at) - n);
    fputs("</code>", f);
    return close + n;
}

static const char *emphasis(FILE *f, const char *start, const char *at, const char *end) {
    char c = *at;
    size_t n = 0;
    while (at + n < end && at[n] == c) n++;
    if (n > 2 || at + n >= end || is_blank(at[n])) return NULL;
    if (c == '_' && at > start && is_word(at[-1])) return NULL;
    const char *close = find_run(at + n, end, c, n);
    if (close == NULL || is_blank(close[-1])) return NULL;
    if (c == '_' && close + n < end && is_word(close[n])) return NULL;
    const char *tag = n == 2 ? "strong" : "em";
    fprintf(f, "<%s>", tag);
    markdown_inline(f, at + n, (size_t)(close - at) - n);
    fprintf(f, "</%s>", tag);
    return close + n;
}

static bool leads_outside(const char *target, size_t bytes) {
    static const char *const schemes[] = {"https://", "http://", "mailto:"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (bytes > strlen(schemes[i]) && strncmp(target, schemes[i], strlen(schemes[i])) == 0)
            return true;
    return false;
}

// [text](target). A target that the page cannot follow by itself (a path, a script) leaves its
// text.
static const char *link(FILE *f, const char *at, const char *end) {
    const char *close = at + 1;
    for (int depth = 1; close < end; close++) {
        depth += *close == '[' ? 1 : *close == ']' ? -1 : 0;
        if (depth == 0) break;
    }
    if (close + 1 >= end || close[1] != '(') return NULL;
    const char *target = close + 2, *target_end = memchr(target, ')', (size_t)(end - target));
    if (target_end == NULL || !leads_outside(target, (size_t)(target_end - target))) return NULL;
    fputs("<a rel=\"noreferrer\" href=\"", f);
    html_text_n(f, target, (size_t)(target_end - target));
    fputs("\">", f);
    html_text_n(f, at + 1, (size_t)(close - at) - 1);
    fputs("</a>", f);
    return target_end + 1;
}

void markdown_inline(FILE *f, const char *text, size_t bytes) {
    const char *end = text + bytes, *plain = text, *at = text;
    while (at < end) {
        const char *behind = NULL, *mark = at;
        if (*at == '\\' && at + 1 < end && strchr("\\`*_[]()#|<>~!-.", at[1]) != NULL) {
            html_text_n(f, plain, (size_t)(at - plain));
            plain = at + 1;
            at += 2;
            continue;
        }
        if (strchr("`*_[", *at) == NULL || *at == '\0') {
            at++;
            continue;
        }
        // The mark writes only where it is one, so what stands before it comes first.
        html_text_n(f, plain, (size_t)(at - plain));
        plain = at;
        if (*at == '`') behind = code(f, at, end);
        if (*at == '*' || *at == '_') behind = emphasis(f, text, at, end);
        if (*at == '[' && (at == text || at[-1] != '!')) behind = link(f, at, end);
        if (behind != NULL) {
            at = plain = behind;
            continue;
        }
        while (at < end && *at == *mark) at++;
    }
    html_text_n(f, plain, (size_t)(end - plain));
}
