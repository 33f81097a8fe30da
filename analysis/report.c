// SPDX-License-Identifier: MIT
// One page that holds a run: what was found, its figures, the protocol, what is missing, where it
// comes from. It loads nothing and depends on nothing beside it.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/figures.h"
#include "analysis/html.h"
#include "analysis/markdown.h"
#include "analysis/report_parts.h"
#include "analysis/source_run.h"
#include "experiments/failure.h"

static char *read_protocol(const struct run *run) {
    char path[4400];
    snprintf(path, sizeof path, "%s/protocol.md", run->path);
    FILE *f = fopen(path, "re");
    char *text = NULL;
    size_t room = 0;
    // To the first zero byte: no protocol has one.
    if (f == NULL || getdelim(&text, &room, '\0', f) < 0) {
        fail(EXIT_FAILED, "%s: %s", path, f == NULL ? strerror(errno) : "empty");
        free(text);
        text = NULL;
    }
    if (f != NULL) fclose(f);
    return text;
}

static void write_head(const struct report *p, const char *title) {
    FILE *f = p->page;
    fputs("<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n"
          "<meta charset=\"utf-8\"/>\n",
          f);
    fprintf(f,
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
            "'unsafe-inline'; script-src '%s'; base-uri 'none'; form-action 'none'\"/>\n",
            report_script_hash);
    fputs("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
          "<meta name=\"referrer\" content=\"no-referrer\"/>\n<title>",
          f);
    html_text(f, title);
    fprintf(f, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<header>\n", report_style);
    html_element(f, "h1", title);
    fputs("<p class=\"soft\">", f);
    fprintf(f, "Protocol %s, version ", p->request->stem);
    html_text(f, source_run_fact(p->run, "protocol_version"));
    fputs(" · run ", f);
    html_text(f, source_run_fact(p->run, "run"));
    fputs(" · ", f);
    html_text(f, source_run_fact(p->run, "machine"));
    fputs(", ", f);
    html_text(f, source_run_fact(p->run, "threads"));
    fputs(
        " threads</p>\n<nav aria-label=\"sections\"><ul>"
        "<li><a href=\"#found\">Found</a></li><li><a href=\"#figures\">Figures</a></li>"
        "<li><a href=\"#protocol\">Protocol</a></li><li><a href=\"#missing\">Not measured</a></li>"
        "<li><a href=\"#repeat\">To repeat it</a></li>"
        "<li><a href=\"#provenance\">Provenance</a></li></ul></nav>\n</header>\n<main>\n",
        f);
}

static int write_page(const struct report *p) {
    char title[400];
    markdown_title(p->protocol, title, sizeof title);
    write_head(p, title[0] != '\0' ? title : p->request->stem);
    report_found(p);
    int status = report_figures(p);
    fputs("<section id=\"protocol\">\n<h2>The protocol, as it ran</h2>\n", p->page);
    markdown_write(p->page, p->protocol, 1);
    fputs("</section>\n", p->page);
    report_missing(p);
    if (status == 0) status = report_repeat(p);
    if (status == 0) status = report_provenance(p);
    fprintf(p->page,
            "</main>\n<footer>Made by <code>inferometer report %s</code> from the run’s files "
            "alone.</footer>\n"
            "<script>%s</script>\n</body>\n</html>\n",
            p->request->stem, report_script);
    return status;
}

// Under a name of its own until it is whole.
static int write_file(struct report *p, const char *path) {
    char temporary[4400];
    snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    int fd = mkstemp(temporary);
    mode_t mask = umask(0);
    umask(mask);
    if (fd >= 0) fchmod(fd, 0666 & ~mask); // as any other file
    p->page = fd < 0 ? NULL : fdopen(fd, "w");
    if (p->page == NULL) return fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    int status = write_page(p);
    bool failed = ferror(p->page) != 0;
    if ((fclose(p->page) != 0 || failed) && status == 0)
        status = fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    if (status == 0 && rename(temporary, path) != 0)
        status = fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    if (status != 0) unlink(temporary);
    return status;
}

static int draw(struct report *p) {
    struct analysis_request r = *p->request;
    snprintf(p->script, sizeof p->script, "%s/analysis/%s.gp", r.data_dir, r.stem);
    p->drawn = access(p->script, R_OK) == 0;
    r.format = "svg";
    return p->drawn ? figures_draw(&r, p->run, p->directory, p->directory, true) : 0;
}

int analysis_report(const struct analysis_request *r) {
    char out[4096], path[4300];
    struct run run;
    struct report p = {.request = r, .run = &run, .directory = "/tmp/inferometer-report-XXXXXX"};
    int status = source_run_open(r, &run);
    if (status != 0) return status;
    if (r->out != NULL)
        snprintf(out, sizeof out, "%s", r->out);
    else
        snprintf(out, sizeof out, "%s/build/figures", r->data_dir);
    snprintf(path, sizeof path, "%s/%s.html", out, r->stem);
    p.protocol = read_protocol(&run);
    status = p.protocol == NULL ? EXIT_FAILED : figures_directory(out);
    if (status == 0 && mkdtemp(p.directory) == NULL) {
        status = fail(EXIT_FAILED, "%s: %s", p.directory, strerror(errno));
    } else if (status == 0) {
        status = draw(&p);
        if (status == 0) status = write_file(&p, path);
        figures_remove(p.directory);
    }
    if (status == 0) printf("%s\n", path);
    free(p.protocol);
    run_close(&run);
    return status;
}
