// SPDX-License-Identifier: MIT
// The self-test: what it makes of answers, and that a wrong answer switches an event off.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "probes/counters.h"
#include "probes/error.h"
#include "probes/passes.h"
#include "probes/selftest.h"
#include "tests/probes/expect.h"

int check_selftest_verdicts(void) {
    static const struct {
        double expected, value, tolerance, slack;
        enum status status;
    } rows[] = {
        {1000, 1000, 0.001, 0, STATUS_ok},
        {1000, 1001, 0.001, 0, STATUS_ok},
        {1000, 1002, 0.001, 0, STATUS_selftest_failed},
        {1000, 998, 0.001, 0, STATUS_selftest_failed},
        {1000, 0, 0.001, 0, STATUS_zero_suspect},
        {1000, 0, 2, 0, STATUS_zero_suspect}, // whatever the tolerance
        {1000, 1090, 0.05, 50, STATUS_ok},
        {0, 0, 0.1, 0, STATUS_ok},
        {0, 5, 0.1, 0, STATUS_selftest_failed},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum status s =
            selftest_judge(rows[i].expected, rows[i].value, rows[i].tolerance, rows[i].slack);
        expect(s == rows[i].status, "row %zu: %s", i, status_name(s));
    }
    return 0;
}

int check_selftest_software(void) { // what can be asked everywhere
    static const char *const events[] = {"task-clock",     "context-switches", "page-faults",
                                         "cpu-migrations", "major-faults",     "cycels"};
    struct selftest_result r[6];
    expect(selftest_run(NULL, 0, events, 6, r, 6) == 6, "not six results");
    for (int i = 0; i < 6; i++) {
        printf("  %s: expected %g, counted %g, %s%s%s\n", r[i].event, r[i].expected, r[i].value,
               status_name(r[i].status), *r[i].reason ? ": " : "", r[i].reason);
        const bool asked = r[i].status == STATUS_ok;
        expect(!asked || (!isnan(r[i].expected) && !isnan(r[i].value)), "%s is ok without values",
               r[i].event);
        expect(r[i].status != STATUS_selftest_failed && r[i].status != STATUS_zero_suspect,
               "%s is %s", r[i].event, status_name(r[i].status));
    }
    expect(r[4].status != STATUS_ok, "major faults were asked");
    expect(r[5].status == STATUS_unsupported && strstr(r[5].reason, "cycles"),
           "an unknown event: %s, %s", status_name(r[5].status), r[5].reason);
    if (r[2].status == STATUS_unsupported || r[2].status == STATUS_denied)
        return expect_skip("page faults are %s", status_name(r[2].status));
    expect(r[2].status == STATUS_ok || r[2].status == STATUS_inexact, "page faults are %s",
           status_name(r[2].status));
    return 0;
}

static void two_instructions(void *arg, uint64_t iterations) {
    (void)arg;
#if defined(__x86_64__)
    __asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(iterations));
#else
    __asm__ volatile("1: subs %0, %0, #1\n\tb.ne 1b" : "+r"(iterations));
#endif
}

int check_selftest_off(void) { // a loop that lies, and one that does not
    static const char *const events[] = {"instructions"};
    struct selftest_loop l = {.name = "two_instructions",
                              .run = two_instructions,
                              .iterations = 100000,
                              .quantity = SELFTEST_instructions,
                              .each = 3};
    struct selftest_result r;
    struct event e;
    counters_try("instructions", &e);
    if (!counters_event_opened(&e))
        return expect_skip("instructions are %s: %s", status_name(e.status), e.reason);
    selftest_run(&l, 1, events, 1, &r, 1);
    expect(r.status == STATUS_selftest_failed && isnan(r.value), "three for two: %s",
           status_name(r.status));
    counters_try("instructions", &e);
    expect(e.status == STATUS_selftest_failed && *e.reason, "afterwards it is %s",
           status_name(e.status));
    l.each = 2;
    selftest_run(&l, 1, events, 1, &r, 1);
    expect(r.status == STATUS_ok && r.value == r.expected, "%g counted, %g expected: %s", r.value,
           r.expected, r.reason);
    counters_try("instructions", &e);
    expect(e.status == STATUS_ok, "afterwards it is %s", status_name(e.status));
    return 0;
}

int check_passes(void) { // events that do not fit together come in passes, anchors in each
    static const char *const many[] = {"raw:0x08", "raw:0x03",  "raw:0x04", "raw:0x10",
                                       "raw:0x12", "raw:0x13",  "raw:0x14", "raw:0x16",
                                       "raw:0x17", "task-clock"};
    static const char *const soft[] = {"task-clock", "page-faults"};
    static const char *const wrong[] = {"cycles", "instuctions"};
    struct passes p = {.count = 0};
    expect(passes_plan(&p, soft, 2) == 0 && p.count == 1 && p.pass[0].count == 2,
           "software events take %zu passes", p.count);
    expect(passes_plan(&p, wrong, 2) < 0 && strstr(probes_error(), "instructions"),
           "an unknown event: %s", probes_error());
    expect(passes_plan(&p, many, 10) == 0, "%s", probes_error());
    size_t events = 0;
    for (size_t i = 0; i < p.count; i++) {
        printf("  pass %zu:", i + 1);
        for (size_t k = 0; k < p.pass[i].count; k++) printf(" %s", p.pass[i].names[k]);
        printf("\n");
        expect(!strcmp(p.pass[i].names[0], "cycles") && !strcmp(p.pass[i].names[1], "instructions"),
               "pass %zu has no anchors", i + 1);
        events += p.pass[i].count - 2;
    }
    expect(events == 10, "%zu events of 10", events);
    struct event e;
    counters_try("raw:0x08", &e);
    if (!counters_event_opened(&e)) return expect_skip("one pass: %s", e.reason);
    for (size_t i = 0; i < p.count; i++) { // each fits: nothing would be multiplexed
        struct counters *c;
        if (counters_open(&c, p.pass[i].names, p.pass[i].count) != 0) continue;
        for (size_t k = 0; k < p.pass[i].count; k++)
            expect(!counters_event(c, k)->no_room, "pass %zu: %s does not fit", i + 1,
                   p.pass[i].names[k]);
        counters_close(c);
    }
    return 0;
}
