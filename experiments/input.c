// SPDX-License-Identifier: MIT
#include "experiments/input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/failure.h"

int input_check(const struct command *c, bool *any) {
    static const char *const ways[] = {"-p", "-f", "--stdin", "--tokens"};
    const char *first = NULL;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        if (!command_has(c, ways[i])) continue;
        if (first)
            return fail(EXIT_USAGE, "%s: %s and %s exclude each other", c->verb, first, ways[i]);
        first = ways[i];
    }
    *any = first != NULL;
    return 0;
}

int input_file(const char *path, char **text, size_t *bytes) {
    const char *name = path ? path : "standard input";
    FILE *file = path ? fopen(path, "rb") : stdin;
    if (!file) return fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    size_t used = 0, room = 0;
    char *all = NULL;
    int rc = 0;
    for (;;) {
        if (room - used < 2) { // one byte is kept for the NUL
            room = room ? 2 * room : 1 << 16;
            char *more = realloc(all, room);
            if (!more) {
                rc = fail(EXIT_FAILED, "%s: no memory for %zu bytes", name, room);
                goto out;
            }
            all = more;
        }
        const size_t got = fread(all + used, 1, room - used - 1, file);
        if (got == 0) break;
        used += got;
    }
    if (ferror(file)) rc = fail(EXIT_FAILED, "%s: %s", name, strerror(errno));
out:
    if (path) fclose(file);
    if (rc) {
        free(all);
        return rc;
    }
    all[used] = 0;
    *text = all;
    *bytes = used;
    return 0;
}

int input_text(const struct command *c, char **text, size_t *bytes) {
    if (command_has(c, "-f")) return input_file(command_value(c, "-f", ""), text, bytes);
    if (command_has(c, "--stdin")) return input_file(NULL, text, bytes);
    const char *given = command_value(c, "-p", "");
    *text = strdup(given);
    *bytes = strlen(given);
    return *text ? 0 : fail(EXIT_FAILED, "no memory for a text");
}

int input_tokens(const struct command *c, int32_t **ids, size_t *count) {
    const char *text = command_value(c, "--tokens", "");
    int32_t *all =
        malloc((strlen(text) / 2 + 1) * sizeof *all); // a digit and a space each, at least
    size_t n = 0;
    if (!all) return fail(EXIT_FAILED, "no memory for tokens");
    for (const char *p = text; *(p += strspn(p, " ,\t\n"));) {
        char *end;
        errno = 0;
        const long id = strtol(p, &end, 10);
        if (end == p || errno || id < 0 || id > INT32_MAX || !strchr(" ,\t\n", *end)) {
            free(all);
            return fail(EXIT_USAGE, "%s: --tokens: '%.*s' is no token id", c->verb,
                        (int)strcspn(p, " ,\t\n"), p);
        }
        all[n++] = (int32_t)id;
        p = end;
    }
    if (n == 0) {
        free(all);
        return fail(EXIT_USAGE, "%s: --tokens: no token ids given", c->verb);
    }
    *ids = all;
    *count = n;
    return 0;
}
