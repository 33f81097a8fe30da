// SPDX-License-Identifier: MIT
// What it takes to repeat the run, and where this one comes from.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "analysis/html.h"
#include "analysis/report_parts.h"
#include "analysis/source_run.h"
#include "experiments/failure.h"

static const char *file_name(int i) {
    return i < RUN_FILE_COUNT ? run_file_name((enum run_file)i) : "protocol.md";
}

// -1 where it cannot be seen.
static double file_bytes(const struct report *p, const char *name) {
    char path[4400];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", p->run->path, name);
    return stat(path, &st) == 0 ? (double)st.st_size : -1;
}

static void write_row(FILE *f, const char *what, const char *value) {
    fputs("<tr><th scope=\"row\">", f);
    html_text(f, what);
    fputs("</th><td>", f);
    html_text(f, value[0] != '\0' ? value : "(not known)");
    fputs("</td></tr>\n", f);
}

static bool read_time(const char *text, time_t *seconds) {
    struct tm tm = {0};
    const char *end = strptime(text, "%Y%m%dT%H%M%SZ", &tm);
    if (end == NULL || *end != '\0') return false;
    *seconds = timegm(&tm);
    return true;
}

static void write_duration(const struct report *p) {
    char text[64] = "";
    time_t start, end;
    if (read_time(source_run_fact(p->run, "utc_start"), &start) &&
        read_time(source_run_fact(p->run, "utc_end"), &end) && end >= start) {
        long seconds = (long)(end - start);
        if (seconds < 120)
            snprintf(text, sizeof text, "%ld seconds", seconds);
        else
            snprintf(text, sizeof text, "%ld minutes %ld seconds", seconds / 60, seconds % 60);
    }
    write_row(p->page, "time that it took", text);
}

static void bytes_text(char text[48], const char *bytes) {
    double value = csv_parse(bytes);
    text[0] = '\0';
    if (value >= 1e9)
        snprintf(text, 48, "%.1f GB", value / 1e9);
    else if (value >= 1e6)
        snprintf(text, 48, "%.1f MB", value / 1e6);
    else if (value >= 0)
        snprintf(text, 48, "%.0f kB", value / 1e3);
}

static void write_models(const struct report *p) {
    for (int i = 1; i < 100; i++) {
        char key[40], size[48], text[512], what[32];
        snprintf(key, sizeof key, "model_%d", i);
        const char *name = run_fact(p->run, key);
        if (name == NULL) break;
        snprintf(key, sizeof key, "model_%d_file_bytes", i);
        bytes_text(size, source_run_fact(p->run, key));
        snprintf(text, sizeof text, "%s%s%s", name, size[0] != '\0' ? ", " : "", size);
        snprintf(what, sizeof what, "model %d", i);
        write_row(p->page, what, text);
    }
}

static void write_needs(const struct report *p) {
    static const struct {
        const char *what, *key;
    } facts[] = {{"CPU", "cpu_name"},          {"architecture", "arch"},
                 {"threads used", "threads"},  {"CPU threads", "cpu_threads"},
                 {"cores", "cpu_cores"},       {"hypervisor", "hypervisor"},
                 {"kernel", "kernel_release"}, {"compiler", "compiler"},
                 {"governor", "governor"}};
    char text[64];
    double all = 0;
    fputs("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"machine, time and "
          "size\">\n"
          "<table class=\"facts\"><caption>machine, time and size</caption><tbody>\n",
          p->page);
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        write_row(p->page, facts[i].what, source_run_fact(p->run, facts[i].key));
    bytes_text(text, source_run_fact(p->run, "memory_bytes"));
    write_row(p->page, "memory", text);
    write_models(p);
    write_duration(p);
    snprintf(text, sizeof text, "%zu", p->run->files[RUN_samples].row_count);
    write_row(p->page, "samples", text);
    for (int i = 0; i <= RUN_FILE_COUNT; i++) all += file_bytes(p, file_name(i));
    snprintf(text, sizeof text, "%.0f kB", all / 1e3);
    write_row(p->page, "size of the run", text);
    fputs("</tbody></table>\n</div>\n", p->page);
}

// A word for a shell: plain, or in single quotes.
static void write_word(FILE *f, const char *word) {
    if (word[0] != '\0' && word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                             "0123456789_-+=.,:/@%")] == '\0') {
        html_text(f, word);
        return;
    }
    html_text(f, "'");
    for (; *word != '\0';) {
        size_t plain = strcspn(word, "'");
        html_text_n(f, word, plain);
        word += plain;
        if (*word == '\'') {
            html_text(f, "'\\''");
            word++;
        }
    }
    html_text(f, "'");
}

static void write_command(const struct report *p) {
    FILE *f = p->page;
    const char *commit = source_run_fact(p->run, "commit");
    fputs(
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"commands\"><pre><code>",
        f);
    if (commit[0] != '\0') {
        fputs("git checkout ", f);
        write_word(f, commit);
        fputs("\n", f);
    }
    fprintf(f, "make\n./inferometer run %s", p->request->stem);
    for (int i = 1; i < 1000; i++) {
        char key[16];
        snprintf(key, sizeof key, "set_%d", i);
        const char *value = run_fact(p->run, key);
        if (value == NULL) break;
        fputs(" --set ", f);
        write_word(f, value);
    }
    fprintf(f, "\n./inferometer report %s --from RUN_DIR   # what the line above printed last\n",
            p->request->stem);
    fputs("</code></pre></div>\n", f);
    if (strcmp(source_run_fact(p->run, "dirty"), "yes") == 0)
        fputs("<p><strong>The tree had changes that were not committed</strong>, so the commit "
              "alone does "
              "not give the program that measured.</p>\n",
              f);
    if (strcmp(source_run_fact(p->run, "complete"), "yes") != 0)
        fputs("<p><strong>The run does not say that it is complete.</strong></p>\n", f);
}

int report_repeat(const struct report *p) {
    fputs("<section id=\"repeat\">\n<h2>What it takes to repeat it</h2>\n", p->page);
    write_needs(p);
    write_command(p);
    fputs("</section>\n", p->page);
    return 0;
}

static int write_sums(const struct report *p) {
    const char *const columns[] = {"file", "SHA-256", "bytes", NULL};
    char path[4400], line[256];
    snprintf(path, sizeof path, "%s/SHA256SUMS", p->run->path);
    FILE *in = fopen(path, "re");
    if (in == NULL) return fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    html_table_start(p->page, "files of the run (SHA256SUMS; checked as this page was made)",
                     columns);
    while (fgets(line, sizeof line, in) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strlen(line) < 67) continue;
        line[64] = '\0';
        fputs("<tr>", p->page);
        html_cell(p->page, line + 66);
        html_code_cell(p->page, line);
        html_number_cell(p->page, file_bytes(p, line + 66));
        fputs("</tr>\n", p->page);
    }
    fclose(in);
    html_table_end(p->page);
    return 0;
}

int report_provenance(const struct report *p) {
    const struct csv_table *t = &p->run->files[RUN_run];
    const char *const columns[] = {"fact", "value", NULL};
    fputs("<section id=\"provenance\">\n<h2>Provenance</h2>\n", p->page);
    int status = write_sums(p);
    fputs("<details><summary>All that the run states of itself (run.csv)</summary>\n", p->page);
    html_table_start(p->page, "run.csv", columns);
    for (size_t i = 0; i < t->row_count; i++) {
        fputs("<tr>", p->page);
        html_cell(p->page, csv_cell(t, i, csv_column(t, "key")));
        html_code_cell(p->page, csv_cell(t, i, csv_column(t, "value")));
        fputs("</tr>\n", p->page);
    }
    html_table_end(p->page);
    fputs("</details>\n</section>\n", p->page);
    return status;
}
