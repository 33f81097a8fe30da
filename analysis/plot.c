// SPDX-License-Identifier: MIT
#include "analysis/analysis.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analysis/tables.h"

// The value of `key` in analysis/<stem>.run ("key value" lines); "" if absent.
static int read_pin(const struct analysis_request *r, const char *key, char value[4096]) {
    char path[4096], line[4096];
    snprintf(path, sizeof path, "%s/analysis/%s.run", r->data_dir, r->stem);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return fail(EXIT_FAILED, "%s: %s; say which run to draw with --from RUN_DIR", path,
                    strerror(errno));
    value[0] = '\0';
    size_t key_length = strlen(key);
    while (fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, key, key_length) == 0 && line[key_length] == ' ')
            memmove(value, line + key_length + 1, strlen(line + key_length + 1) + 1);
    }
    fclose(f);
    return value[0] != '\0' ? 0 : fail(EXIT_FAILED, "%s: has no line `%s …`", path, key);
}

static int make_directory(const char *path) {
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

// What scripts may know of the run besides its tables, as a gnuplot file of single-quoted strings,
// in which a quote is doubled and nothing else is special.
static void write_assignment(FILE *f, const char *name, const char *value) {
    fprintf(f, "%s = '", name);
    for (const char *p = value; *p != '\0'; p++) {
        if (*p == '\'') fputc('\'', f);
        fputc((unsigned char)*p < ' ' ? ' ' : *p, f);
    }
    fputs("'\n", f);
}

static const char *fact_or(const struct run *run, const char *key) {
    const char *value = run_fact(run, key);
    return value != NULL ? value : "";
}

static int write_setup(const struct analysis_request *r, const struct run *run,
                       const char *directory, const char *out) {
    char path[4200], caption[1024];
    snprintf(path, sizeof path, "%s/setup.gp", directory);
    FILE *f = fopen(path, "w");
    if (f == NULL) return fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    snprintf(caption, sizeof caption, "%s v%s · run %s · %s, %s threads · commit %.10s%s", r->stem,
             fact_or(run, "protocol_version"), fact_or(run, "run"), fact_or(run, "machine"),
             fact_or(run, "threads"), fact_or(run, "commit"),
             strcmp(fact_or(run, "dirty"), "yes") == 0 ? " (dirty)" : "");
    write_assignment(f, "tables", directory);
    write_assignment(f, "out", out);
    write_assignment(f, "format", r->format);
    write_assignment(f, "caption", caption);
    if (fclose(f) != 0) return fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    return 0;
}

static int run_gnuplot(const struct analysis_request *r, const char *directory) {
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

static void remove_tables(const char *directory) {
    DIR *d = opendir(directory);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
        if (e->d_name[0] != '.') unlinkat(dirfd(d), e->d_name, 0);
    if (d != NULL) closedir(d);
    rmdir(directory);
}

int analysis_plot(const struct analysis_request *r) {
    char pinned[4096], from[8400], out[4096], directory[] = "/tmp/inferometer-plot-XXXXXX";
    struct run run;
    int status = 0;
    snprintf(from, sizeof from, "%s", r->from != NULL ? r->from : "");
    if (r->from == NULL) {
        status = read_pin(r, "run", pinned);
        if (status != 0) return status;
        snprintf(from, sizeof from, "%s/%s", r->data_dir, pinned);
    }
    if (r->out != NULL)
        snprintf(out, sizeof out, "%s", r->out);
    else
        snprintf(out, sizeof out, "%s/build/figures", r->data_dir);
    if ((status = run_open(&run, from)) != 0) return status;
    if (strcmp(fact_or(&run, "protocol"), r->stem) != 0)
        status = fail(EXIT_FAILED, "%s: is a run of %s, not of %s", from, fact_or(&run, "protocol"),
                      r->stem);
    if (status == 0) status = make_directory(out);
    if (status == 0 && mkdtemp(directory) == NULL)
        status = fail(EXIT_FAILED, "%s: %s", directory, strerror(errno));
    if (status == 0) {
        status = tables_summary(&run, directory);
        if (status == 0) status = tables_time(&run, directory);
        if (status == 0) status = write_setup(r, &run, directory, out);
        if (status == 0) status = run_gnuplot(r, directory);
        remove_tables(directory);
    }
    run_close(&run);
    return status;
}
