// SPDX-License-Identifier: MIT
#include "experiments/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BAR_COLUMNS 24

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void progress_start(struct progress *p, const char *label) {
    const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");
    *p = (struct progress){.label = label, .started_s = now_s()};
    p->shown_s = p->started_s;
    p->terminal = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
    p->colour = p->terminal && !(no_color && *no_color);
}

static void time_left(char text[48], double seconds) {
    const long s = (long)(seconds + 0.5);
    if (s < 60)
        snprintf(text, 48, "%ld s left", s);
    else if (s < 3600)
        snprintf(text, 48, "%ld min %02ld s left", s / 60, s % 60);
    else
        snprintf(text, 48, "%ld h %02ld min left", s / 3600, s / 60 % 60);
}

void progress_show(struct progress *p, double done) {
    const double now = now_s(), elapsed = now - p->started_s;
    if (elapsed < 1 || now - p->shown_s < (p->terminal ? 0.2 : 60)) return;
    p->shown_s = now;
    done = done < 0 ? 0 : done > 1 ? 1 : done;
    char left[48] = "";
    if (done > 0) time_left(left, elapsed * (1 - done) / done);
    if (!p->terminal) {
        fprintf(stderr, "%s: %.0f %%%s%s\n", p->label, 100 * done, *left ? ", " : "", left);
        return;
    }
    char bar[BAR_COLUMNS + 1];
    const int full = (int)(done * BAR_COLUMNS);
    for (int i = 0; i < BAR_COLUMNS; i++) bar[i] = i < full ? '#' : '.';
    bar[BAR_COLUMNS] = 0;
    fprintf(stderr, "\r\033[K%.40s  %s%s%s %3.0f %%  %s", p->label, p->colour ? "\033[32m" : "",
            bar, p->colour ? "\033[0m" : "", 100 * done, left);
    fflush(stderr);
    p->drawn = true;
}

void progress_end(struct progress *p) {
    if (p->drawn) fputs("\r\033[K", stderr);
    p->drawn = false;
}
