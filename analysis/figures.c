// SPDX-License-Identifier: MIT
#include "analysis/figures.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analysis/literal.h"
#include "analysis/source_run.h"
#include "analysis/tables.h"
#include "experiments/failure.h"

int figures_directory(const char *path) {
    char part[4096];
    snprintf(part, sizeof part, "%s", path);
    for (char *p = part + 1; *p != '\0'; p++) {
        if (*p != '/') continue;
        *p = '\0';
        mkdir(part, 0777);
        *p = '/';
    }
    if (mkdir(part, 0777) != 0 && errno != EEXIST)
        return fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    return 0;
}

// What scripts may know of the run besides its tables, as a gnuplot file of strings. All but the
// plainest characters are written as octal escapes: in single quotes gnuplot 5.4 loses count of ''
// behind '', in double quotes ` would run a command.
static void write_assignment(FILE *f, const char *name, const char *value) {
    fprintf(f, "%s = \"", name);
    bool escaped = false; // a digit behind an escape would be taken for a part of it
    for (; *value != '\0'; value++) {
        unsigned char c = (unsigned char)*value;
        bool digit = c >= '0' && c <= '9';
        escaped = !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (digit && !escaped) ||
                    strchr(" /._-", c) != NULL);
        fprintf(f, escaped ? "\\%03o" : "%c", c);
    }
    fputs("\"\n", f);
}

// As one line of valid UTF-8, into text[size].
static void make_literal(char *text, size_t size, const char *from) {
    FILE *f = fmemopen(text, size, "w");
    if (f == NULL) {
        text[0] = '\0';
        return;
    }
    for (uint32_t c; (c = literal_next(&from)) != 0 && ftell(f) + 8 < (long)size;)
        literal_put(f, c == '\t' || c == '\n' ? ' ' : c);
    fputc('\0', f);
    fclose(f);
}

static int write_setup(const struct analysis_request *r, const struct run *run,
                       const char *directory, const char *out) {
    char path[4200], caption[1024], plain[1200];
    snprintf(path, sizeof path, "%s/setup.gp", directory);
    FILE *f = fopen(path, "w");
    if (f == NULL) return fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    snprintf(caption, sizeof caption, "%s v%s · run %s · %s, %s threads · commit %.10s%s", r->stem,
             source_run_fact(run, "protocol_version"), source_run_fact(run, "run"),
             source_run_fact(run, "machine"), source_run_fact(run, "threads"),
             source_run_fact(run, "commit"),
             strcmp(source_run_fact(run, "dirty"), "yes") == 0 ? " (dirty)" : "");
    write_assignment(f, "tables", directory);
    write_assignment(f, "out", out);
    write_assignment(f, "format", r->format);
    make_literal(plain, sizeof plain, caption);
    write_assignment(f, "caption", plain);
    if (fclose(f) != 0) return fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    return 0;
}

static int run_gnuplot(const struct analysis_request *r, const char *directory, bool quiet) {
    char setup[4200], style[4200], script[4200];
    snprintf(setup, sizeof setup, "%s/setup.gp", directory);
    snprintf(style, sizeof style, "%s/analysis/style.gp", r->data_dir);
    snprintf(script, sizeof script, "%s/analysis/%s.gp", r->data_dir, r->stem);
    if (access(script, R_OK) != 0)
        return fail(EXIT_FAILED, "%s: %s: no figures are written for %s", script, strerror(errno),
                    r->stem);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        if (quiet && freopen("/dev/null", "w", stdout) == NULL) _exit(126);
        execlp("gnuplot", "gnuplot", setup, style, script, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) < 0)
        return fail(EXIT_FAILED, "cannot start gnuplot: %s", strerror(errno));
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return fail(EXIT_FAILED,
                    "gnuplot is not installed: `make deps`, or apt-get install gnuplot-nox");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return fail(EXIT_FAILED, "%s: gnuplot failed (its reason stands above)", script);
    return 0;
}

void figures_remove(const char *directory) {
    DIR *d = opendir(directory);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
        if (e->d_name[0] != '.') unlinkat(dirfd(d), e->d_name, 0);
    if (d != NULL) closedir(d);
    rmdir(directory);
}

int figures_draw(const struct analysis_request *r, const struct run *run, const char *directory,
                 const char *out, bool quiet) {
    // gnuplot takes a name that begins with | for a command.
    char plain[4200];
    snprintf(plain, sizeof plain, "%s%s", out[0] == '|' ? "./" : "", out);
    int status = tables_summary(run, directory);
    if (status == 0) status = tables_time(run, directory);
    if (status == 0) status = write_setup(r, run, directory, plain);
    if (status == 0) status = run_gnuplot(r, directory, quiet);
    return status;
}
