// SPDX-License-Identifier: MIT
#include "analysis/svg.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/literal.h"
#include "experiments/failure.h"

static const char *const elements[] = {"svg",     "g",           "defs",     "rect",    "circle",
                                       "path",    "use",         "text",     "tspan",   "line",
                                       "polygon", "polyline",    "title",    "desc",    "filter",
                                       "feFlood", "feComposite", "clipPath", "pattern", "ellipse"};

struct reader {
    const char *path, *at;
    FILE *out;
    const char *prefix, *labelled;
};

static int refuse(const struct reader *r, const char *what, size_t bytes, const char *why) {
    return fail(EXIT_FAILED, "%s: '%.*s' %s", r->path, (int)(bytes < 60 ? bytes : 60), what, why);
}

static bool is_element(const char *name, size_t bytes) {
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
        if (strlen(elements[i]) == bytes && strncmp(elements[i], name, bytes) == 0) return true;
    return false;
}

static bool is_name(const char *name, size_t bytes, const char *want) {
    return strlen(want) == bytes && strncmp(name, want, bytes) == 0;
}

// The value with the prefix behind each # that starts a reference.
static int write_value(const struct reader *r, const char *value, size_t bytes, bool reference) {
    const char *end = value + bytes;
    for (const char *p = value; p < end; p++) {
        if (strncmp(p, "url(", 4) == 0 && (p + 4 >= end || p[4] != '#'))
            return refuse(r, value, bytes, "leads out of the figure");
        bool starts =
            *p == '#' && (reference ? p == value : p >= value + 4 && !strncmp(p - 4, "url(", 4));
        if (*p == '"')
            fputs("&quot;", r->out);
        else
            fputc(*p, r->out);
        if (starts) fputs(r->prefix, r->out);
    }
    return 0;
}

// One attribute at r->at, which is moved behind it.
static int write_attribute(struct reader *r, bool drop) {
    const char *name = r->at;
    size_t bytes = strcspn(name, "= \t\r\n/><\"'");
    r->at += bytes;
    r->at += strspn(r->at, " \t\r\n");
    if (bytes == 0 || *r->at != '=') return refuse(r, name, bytes, "is no attribute with a value");
    r->at++;
    r->at += strspn(r->at, " \t\r\n");
    char quote = *r->at;
    const char *value = r->at + 1,
               *end = quote == '"' || quote == '\'' ? strchr(value, quote) : NULL;
    if (end == NULL) return refuse(r, name, bytes, "has no quoted value");
    r->at = end + 1;
    bool reference = is_name(name, bytes, "xlink:href") || is_name(name, bytes, "href");
    if (strncmp(name, "on", 2) == 0 || (reference && *value != '#') ||
        is_name(name, bytes, "style"))
        return refuse(r, name, bytes, "is not what figures have");
    if (memchr(value, '<', (size_t)(end - value)) != NULL)
        return refuse(r, name, bytes, "has a < in its value");
    if (drop) return 0;
    fprintf(r->out, " %.*s=\"%s", (int)bytes, name, is_name(name, bytes, "id") ? r->prefix : "");
    int status = write_value(r, value, (size_t)(end - value), reference);
    fputc('"', r->out);
    return status;
}

// As wide as it was drawn where there is room, and no narrower than its text can be read at.
static void write_size(const struct reader *r) {
    enum { LEAST = 900, MOST = 4000 };
    const char *box = strstr(r->at, "viewBox=");
    int width = 0;
    if (box == NULL || sscanf(box + 9, "0 0 %5d ", &width) != 1 || width < 1 || width > MOST)
        return;
    fprintf(r->out, " style=\"max-width:%dpx;min-width:%dpx\"", width,
            width < LEAST ? width : LEAST);
}

// An element's start or end at r->at, which stands behind its <. title and desc are dropped with
// their text: the page has better ones.
static int write_tag(struct reader *r) {
    bool closing = *r->at == '/', first = false;
    const char *name = r->at + closing;
    size_t bytes = strcspn(name, " \t\r\n/>");
    if (!is_element(name, bytes)) return refuse(r, name, bytes, "is no element of figures");
    r->at = name + bytes;
    if (is_name(name, bytes, "title") || is_name(name, bytes, "desc")) {
        const char *end = strstr(r->at, closing ? ">" : "</");
        if (end == NULL) return refuse(r, name, bytes, "does not end");
        r->at = closing ? end + 1 : end;
        return 0;
    }
    fprintf(r->out, "<%s%.*s", closing ? "/" : "", (int)bytes, name);
    if (is_name(name, bytes, "svg") && !closing) {
        first = true;
        fprintf(r->out, " role=\"img\" aria-labelledby=\"%s\"", r->labelled);
        write_size(r);
    }
    for (;;) {
        r->at += strspn(r->at, " \t\r\n");
        if (*r->at == '>' || strncmp(r->at, "/>", 2) == 0) break;
        if (*r->at == '\0') return refuse(r, name, bytes, "does not end");
        // Fixed sizes are the page's business; the viewBox stays.
        int status = write_attribute(
            r, first && (!strncmp(r->at, "width=", 6) || !strncmp(r->at, "height=", 7)));
        if (status != 0) return status;
    }
    size_t end = *r->at == '/' ? 2 : 1;
    fprintf(r->out, "%.*s", (int)end, r->at);
    r->at += end;
    return 0;
}

static int copy(struct reader *r) {
    int status = 0;
    while (status == 0 && *r->at != '\0') {
        while (*r->at != '<' && *r->at != '\0') { // gnuplot leaves > as it is, and ]]> is no XML
            uint32_t c = literal_next(&r->at);
            if (c == '>')
                fputs("&gt;", r->out);
            else
                literal_put(r->out, c);
        }
        if (*r->at == '\0') break;
        if (strncmp(r->at, "<?", 2) == 0 || strncmp(r->at, "<!", 2) == 0)
            return refuse(r, r->at, 9, "does not belong inside of a figure");
        r->at++;
        status = write_tag(r);
    }
    return status;
}

int svg_inline(FILE *f, const char *path, const char *prefix, const char *labelled) {
    FILE *in = fopen(path, "re");
    if (in == NULL) return fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    char *text = NULL;
    size_t room = 0;
    ssize_t bytes = getdelim(&text, &room, '\0', in);
    fclose(in);
    struct reader r = {.path = path, .out = f, .prefix = prefix, .labelled = labelled};
    int status = 0;
    if (bytes <= 0 || (r.at = strstr(text, "<svg")) == NULL)
        status = fail(EXIT_FAILED, "%s: is no SVG", path);
    else
        status = copy(&r);
    free(text);
    return status;
}
