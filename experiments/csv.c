// SPDX-License-Identifier: MIT
#include "experiments/csv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "experiments/failure.h"

int csv_create(struct csv_writer *w, const char *path) {
    *w = (struct csv_writer){0};
    int file = open(path, O_WRONLY | O_CLOEXEC | O_CREAT | O_EXCL, 0666);
    if (file < 0) return fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    w->file = fdopen(file, "a");
    w->path = strdup(path);
    if (w->file != NULL && w->path != NULL) return 0;
    if (w->file != NULL)
        fclose(w->file);
    else
        close(file);
    free(w->path);
    *w = (struct csv_writer){0};
    return fail(EXIT_FAILED, "%s: out of memory", path);
}

void csv_to(struct csv_writer *w, FILE *file) {
    *w = (struct csv_writer){.file = file};
}

static void put(struct csv_writer *w, const char *text, size_t bytes) {
    if (w->failed == 0 && fwrite(text, 1, bytes, w->file) != bytes)
        w->failed = errno != 0 ? errno : EIO;
}

static void start_field(struct csv_writer *w) {
    if (w->row_started) put(w, ",", 1);
    w->fields += 1;
    w->row_started = true;
}

void csv_text(struct csv_writer *w, const char *text) {
    size_t bytes = strlen(text);
    start_field(w);
    w->row_bytes += bytes;
    bool spaced = bytes > 0 && (text[0] == ' ' || text[bytes - 1] == ' ');
    if (!spaced && text[strcspn(text, ",\"\r\n")] == '\0') {
        put(w, text, bytes);
        return;
    }
    put(w, "\"", 1);
    for (const char *end; (end = strchr(text, '"')) != NULL; text = end + 1) {
        put(w, text, (size_t)(end - text));
        put(w, "\"\"", 2);
    }
    put(w, text, strlen(text));
    put(w, "\"", 1);
}

void csv_number(struct csv_writer *w, double value) {
    char text[32];
    // An infinite measurement is a mistake of the program that made it: the table is refused.
    if (isinf(value) && w->failed == 0) w->failed = EDOM;
    csv_format(text, value);
    csv_text(w, text);
}

void csv_integer(struct csv_writer *w, int64_t value) {
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, value);
    csv_text(w, text);
}

void csv_empty(struct csv_writer *w) {
    start_field(w);
}

void csv_end_row(struct csv_writer *w) {
    // A lone empty field would be an empty line, which reads back as no row at all.
    if (w->fields == 1 && w->row_bytes == 0) put(w, "\"\"", 2);
    put(w, "\n", 1);
    w->row_started = false;
    w->fields = w->row_bytes = 0;
}

int csv_close(struct csv_writer *w) {
    int status = 0;
    if (w->file != NULL && fflush(w->file) != 0 && w->failed == 0) w->failed = errno;
    if (w->path != NULL && w->file != NULL && fclose(w->file) != 0 && w->failed == 0)
        w->failed = errno;
    if (w->failed != 0) {
        const char *name = w->path != NULL ? w->path : "standard output";
        status = w->failed == EDOM ? fail(EXIT_FAILED, "%s: a number is infinite", name)
                                   : fail(EXIT_FAILED, "%s: %s", name, strerror(w->failed));
        if (w->path != NULL) unlink(w->path);
    }
    free(w->path);
    *w = (struct csv_writer){0};
    return status;
}

void csv_format(char text[32], double value) {
    text[0] = '\0';
    if (isnan(value)) return;
    if (fabs(value) < 1e15 && value == trunc(value)) {
        snprintf(text, 32, "%.0f", value);
        return;
    }
    // If p digits read back to the value, p + 1 do.
    int low = 1, high = 17;
    while (low < high) {
        int middle = (low + high) / 2;
        snprintf(text, 32, "%.*g", middle, value);
        if (strtod(text, NULL) == value)
            high = middle;
        else
            low = middle + 1;
    }
    snprintf(text, 32, "%.*g", low, value);
}

double csv_parse(const char *text) {
    const char *p = text;
    size_t digits;
    if (*p == '-' || *p == '+') p++;
    digits = strspn(p, "0123456789");
    p += digits;
    if (*p == '.') {
        size_t fraction = strspn(p + 1, "0123456789");
        p += 1 + fraction;
        digits += fraction;
    }
    if (digits == 0) return NAN;
    if (*p == 'e' || *p == 'E') {
        p++;
        if (*p == '-' || *p == '+') p++;
        size_t exponent = strspn(p, "0123456789");
        if (exponent == 0) return NAN;
        p += exponent;
    }
    if (*p != '\0') return NAN;
    double value = strtod(text, NULL);
    return isinf(value) ? (double)NAN : value;
}
