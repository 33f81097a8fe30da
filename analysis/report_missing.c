// SPDX-License-Identifier: MIT
// What could not be measured, and why: statuses of counts, facts and columns without a value,
// flagged noise.
#include <string.h>

#include "analysis/html.h"
#include "analysis/report_parts.h"

static const struct {
    const char *status, *why;
} reasons[] = {
    {"ok", "counted; its loop of known counts was answered rightly"},
    {"unverified", "counted; no loop of known counts exists for this event"},
    {"multiplexed", "shared a counter with other events: raw value kept, not used"},
    {"inexact", "counted without the kernel’s share: raw value kept, not used"},
    {"below_min_region",
     "the region is too short beside the probe’s own cost: raw value kept, not used"},
    {"unsupported", "this machine (or its hypervisor) does not count it"},
    {"denied", "the kernel refuses it to this user (perf_event_paranoid, capabilities)"},
    {"lost", "the count was not there when it was read"},
    {"zero_suspect", "said zero where that cannot be"},
    {"selftest_failed", "answered a loop of known counts wrongly, so it was off"},
};

static const char *reason_of(const char *status) {
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (strcmp(reasons[i].status, status) == 0) return reasons[i].why;
    return "";
}

static void write_counts(const struct report *p) {
    const struct csv_table *t = &p->run->files[RUN_counts];
    const char *const columns[] = {"event", "source", "status", "rows", "why", NULL};
    const int parts[] = {csv_column(t, "event"), csv_column(t, "source"), csv_column(t, "status")};
    enum { GROUPS_MAX = 512 };
    static size_t first[GROUPS_MAX], rows[GROUPS_MAX];
    size_t groups = 0, others = 0;
    for (size_t i = 0; i < t->row_count; i++) {
        size_t g = 0;
        for (; g < groups; g++) {
            int same = 0;
            for (int k = 0; k < 3; k++)
                same += strcmp(csv_cell(t, i, parts[k]), csv_cell(t, first[g], parts[k])) == 0;
            if (same == 3) break;
        }
        if (g == GROUPS_MAX) {
            others++;
            continue;
        }
        if (g == groups) {
            first[groups] = i;
            rows[groups++] = 0;
        }
        rows[g]++;
    }
    if (groups == 0) {
        fputs("<p>The protocol asked for no events.</p>\n", p->page);
        return;
    }
    html_table_start(p->page, "events asked for", columns);
    for (size_t g = 0; g < groups; g++) {
        fputs("<tr>", p->page);
        for (int k = 0; k < 3; k++) html_cell(p->page, csv_cell(t, first[g], parts[k]));
        html_number_cell(p->page, (double)rows[g]);
        html_prose_cell(p->page, reason_of(csv_cell(t, first[g], parts[2])));
        fputs("</tr>\n", p->page);
    }
    html_table_end(p->page);
    if (others > 0) fprintf(p->page, "<p>%zu more rows of other kinds.</p>\n", others);
}

static void write_facts(const struct report *p) {
    const struct csv_table *t = &p->run->files[RUN_run];
    size_t count = 0;
    for (size_t i = 0; i < t->row_count; i++) {
        if (csv_cell(t, i, csv_column(t, "value"))[0] != '\0') continue;
        fputs(count++ == 0 ? "<p>Facts without a value (not to be read here, or not set): <code>"
                           : ", <code>",
              p->page);
        html_text(p->page, csv_cell(t, i, csv_column(t, "key")));
        fputs("</code>", p->page);
    }
    fputs(count > 0 ? ".</p>\n" : "<p>Every fact of the run has a value.</p>\n", p->page);
}

static bool is_empty_column(const struct csv_table *t, int column) {
    for (size_t i = 0; i < t->row_count; i++)
        if (csv_cell(t, i, column)[0] != '\0') return false;
    return true;
}

static void write_columns(const struct report *p) {
    const char *const columns[] = {"file", "column", "meaning", NULL};
    html_table_start(p->page, "columns without any value", columns);
    for (int file = 0; file < RUN_FILE_COUNT; file++) {
        const struct csv_table *t = &p->run->files[file];
        const struct run_column *c;
        if (file == RUN_run || file == RUN_counts) continue; // they have tables of their own
        if (t->row_count == 0) {
            fprintf(p->page,
                    "<tr><td>%s</td><td>(no rows)</td><td>nothing of this kind was "
                    "asked for or seen</td></tr>\n",
                    run_file_name((enum run_file)file));
            continue;
        }
        for (size_t i = 0; (c = run_file_column((enum run_file)file, i)) != NULL; i++) {
            if (!is_empty_column(t, csv_column(t, c->name))) continue;
            fputs("<tr>", p->page);
            html_cell(p->page, run_file_name((enum run_file)file));
            html_cell(p->page, c->name);
            html_prose_cell(p->page, c->meaning);
            fputs("</tr>\n", p->page);
        }
    }
    html_table_end(p->page);
}

// The noise ledger's words, and how many samples have each.
static void write_flags(const struct report *p) {
    const struct csv_table *t = &p->run->files[RUN_samples];
    const int column = csv_column(t, "flags");
    const char *const columns[] = {"flag", "samples", "share", NULL};
    enum { FLAGS_MAX = 32, FLAG_BYTES = 64 };
    static char words[FLAGS_MAX][FLAG_BYTES];
    size_t seen[FLAGS_MAX] = {0}, count = 0;
    for (size_t i = 0; i < t->row_count; i++) {
        const char *at = csv_cell(t, i, column);
        while (at[at[0] != '\0' ? strspn(at, " ") : 0] != '\0') {
            char word[FLAG_BYTES];
            at += strspn(at, " ");
            size_t bytes = strcspn(at, " "), k = 0;
            snprintf(word, sizeof word, "%.*s", (int)(bytes < FLAG_BYTES ? bytes : FLAG_BYTES - 1),
                     at);
            at += bytes;
            while (k < count && strcmp(words[k], word) != 0) k++;
            if (k == FLAGS_MAX) continue;
            if (k == count) memcpy(words[count++], word, sizeof word);
            seen[k]++;
        }
    }
    if (count == 0) {
        fputs("<p>The noise ledger flagged no sample.</p>\n", p->page);
        return;
    }
    html_table_start(p->page, "samples that the noise ledger flagged (kept, all of them)", columns);
    for (size_t k = 0; k < count; k++) {
        fputs("<tr>", p->page);
        html_cell(p->page, words[k]);
        html_number_cell(p->page, (double)seen[k]);
        html_percent_cell(p->page, (double)seen[k] / (double)t->row_count);
        fputs("</tr>\n", p->page);
    }
    html_table_end(p->page);
}

void report_missing(const struct report *p) {
    fputs("<section id=\"missing\">\n<h2>What could not be measured, and why</h2>\n"
          "<p>What a machine cannot tell is an empty field with a status, never a zero.</p>\n",
          p->page);
    write_counts(p);
    write_flags(p);
    write_facts(p);
    fputs("<details><summary>Columns of the run’s files that hold nothing</summary>\n", p->page);
    write_columns(p);
    fputs("</details>\n</section>\n", p->page);
}
