// SPDX-License-Identifier: MIT
#include "experiments/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/error.h"
#include "engine/model.h"
#include "experiments/ceiling.h"
#include "experiments/comparison.h"
#include "experiments/counted.h"
#include "experiments/counted_model.h"
#include "experiments/failure.h"
#include "experiments/fallback.h"
#include "experiments/kernel_ring.h"
#include "experiments/progress.h"
#include "experiments/random.h"
#include "experiments/record.h"
#include "experiments/run_dir.h"
#include "experiments/sha256.h"
#include "experiments/summary.h"
#include "probes/machine.h"

#define RUN_BYTES_MAX 8e6

// How often SIGINT or SIGTERM came. The first ends the run behind the block that runs; the second
// ends that block too, and what it measured is dropped.
static volatile sig_atomic_t interrupted;
static volatile sig_atomic_t running_block; // its process id; 0: none

static void on_interrupt(int signal_number) {
    static const char message[] =
        "\ninferometer: interrupted: waiting for the block that runs; once more ends it now\n";
    int kept_errno = errno;
    (void)signal_number;
    if (interrupted < 2) interrupted++;
    if (running_block > 0 && interrupted == 1)
        (void)!write(STDERR_FILENO, message, sizeof message - 1);
    if (running_block > 0 && interrupted > 1) kill((pid_t)running_block, SIGKILL);
    errno = kept_errno;
}

ptrdiff_t driver_point_tokens(const struct settings *s) {
    ptrdiff_t tokens = s->depth;
    if (s->phase != PHASE_decode) tokens += s->tokens;
    if (s->phase != PHASE_prefill) tokens += s->gen;
    return tokens;
}

int driver_arm_threads(const struct arm *arm, const struct settings *s, int physical_cores) {
    if (arm->threads > 0) return arm->threads;
    return s->threads > 0 ? s->threads : physical_cores;
}

int driver_threads(const struct protocol *p, int physical_cores) {
    int most = 1;
    for (size_t i = 0; i < p->case_count; i++) {
        const struct protocol_case *c = &p->cases[i];
        for (size_t j = 0; j < c->point_count; j++) {
            for (size_t k = 0; k < c->arm_count; k++) {
                int threads =
                    driver_arm_threads(&c->arms[k], &c->points[j].settings, physical_cores);
                if (threads > most) most = threads;
            }
        }
    }
    return most;
}

int driver_check(const struct protocol *p, ptrdiff_t most_tokens) {
    int status = comparison_check(p);
    if (status != 0) return status;
    for (size_t i = 0; i < p->case_count; i++) {
        const struct protocol_case *c = &p->cases[i];
        for (size_t j = 0; j < c->point_count; j++) {
            const struct settings *s = &c->points[j].settings;
            if (counted_is(c) && (status = counted_check(p, c)) != 0) return status;
            if (kernel_point_is(s)) continue; // checked as its slices are planned
            if (counted_model_is(c) && (status = counted_model_check(p, c)) != 0) return status;
            if (s->source != NULL && strcmp(s->source, "static") == 0)
                return fail(EXIT_USAGE, "%s:%d: case %s: source static is for phase kernel",
                            p->path, c->line, c->name);
            struct model *m = NULL;
            if (model_open(&m, s->model) != 0) return fail(EXIT_FAILED, "%s", engine_error());
            ptrdiff_t need = driver_point_tokens(s), context = m->h.context;
            bool asked = most_tokens > 0 && most_tokens < context;
            if (asked) context = most_tokens;
            model_close(m);
            if (need > context)
                return fail(
                    EXIT_FAILED,
                    "%s:%d: case %s, point %s needs %td tokens, but the context of %s is %td%s",
                    p->path, c->line, c->name, c->points[j].id, need, s->model, context,
                    asked ? " (--ctx)" : "");
        }
    }
    return 0;
}

static int write_protocol(const struct protocol *p, const char *directory) {
    char path[4096];
    snprintf(path, sizeof path, "%s/protocol.md", directory);
    FILE *f = fopen(path, "wb");
    if (f == NULL) return fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    size_t written = fwrite(p->text, 1, p->text_bytes, f);
    if (fclose(f) != 0 || written != p->text_bytes)
        return fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    return 0;
}

static int write_points(const struct protocol *p, const char *directory) {
    const char *names[RECORD_COLUMNS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < p->case_count; i++) {
        for (size_t j = 0; j < p->cases[i].sweep_count; j++) {
            size_t k = 0;
            while (k < count && strcmp(names[k], p->cases[i].sweep_names[j]) != 0) k++;
            if (k == count && count < RECORD_COLUMNS_MAX - 8)
                names[count++] = p->cases[i].sweep_names[j];
        }
    }
    struct record *r = malloc(sizeof *r);
    if (r == NULL) return fail(EXIT_FAILED, "out of memory");
    int status = record_open(r, directory, RUN_points, true, names, count);
    for (size_t i = 0; status == 0 && i < p->case_count; i++) {
        const struct protocol_case *c = &p->cases[i];
        for (size_t j = 0; j < c->point_count; j++) {
            record_text(r, "case", c->name);
            record_text(r, "point", c->points[j].id);
            for (size_t k = 0; k < c->sweep_count; k++)
                record_text(r, c->sweep_names[k], c->points[j].values[k]);
            record_end(r);
        }
    }
    if (status == 0) status = record_close(r);
    free(r);
    return status;
}

// The files that blocks add to, with nothing but their header.
static int write_headers(const char *directory) {
    static const enum run_file files[] = {RUN_samples, RUN_regions, RUN_steps, RUN_counts};
    struct record *r = malloc(sizeof *r);
    if (r == NULL) return fail(EXIT_FAILED, "out of memory");
    int status = 0;
    for (size_t i = 0; status == 0 && i < sizeof files / sizeof *files; i++) {
        status = record_open(r, directory, files[i], true, NULL, 0);
        if (status == 0) status = record_close(r);
    }
    free(r);
    return status;
}

static int append_file(const char *from, const char *to) {
    char buffer[1 << 16];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "ab");
    int status = in != NULL && out != NULL
                     ? 0
                     : fail(EXIT_FAILED, "%s: %s", in == NULL ? from : to, strerror(errno));
    for (size_t n; status == 0 && (n = fread(buffer, 1, sizeof buffer, in)) > 0;)
        if (fwrite(buffer, 1, n, out) != n)
            status = fail(EXIT_FAILED, "%s: %s", to, strerror(errno));
    if (in != NULL) fclose(in);
    if (out != NULL && fclose(out) != 0 && status == 0)
        status = fail(EXIT_FAILED, "%s: %s", to, strerror(errno));
    return status;
}

static int gather_fragments(const char *fragment, const char *directory, bool keep) {
    static const enum run_file files[] = {RUN_samples, RUN_regions, RUN_steps, RUN_counts};
    int status = 0;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char from[5000], to[5000];
        snprintf(from, sizeof from, "%s/%s", fragment, run_file_name(files[i]));
        snprintf(to, sizeof to, "%s/%s", directory, run_file_name(files[i]));
        if (keep && status == 0) status = append_file(from, to);
        unlink(from);
    }
    rmdir(fragment);
    return status;
}

struct execution { // one run on its way
    const struct protocol *protocol;
    const struct driver_options *options;
    const char *directory; // temporary
    const struct kernel_schedule *schedule;
    int canary_fd;
    struct kernel_ring
        ring; // the canary's, for the weights of kernels; unmapped where there are none
    int64_t next_key;
    struct progress *progress;
    size_t points_done, point_count; // of all blocks
    size_t fragments_kept;           // a case of a block each
};

// The environment of a block; its size moves with the block where the protocol asks for it.
static void move_environment(const struct protocol *p, int block) {
    if (p->layout_seed == 0) return;
    struct random r = random_seeded(p->layout_seed ^ (uint64_t)block << 16);
    size_t bytes = (size_t)random_below(&r, 4096);
    char *pad = malloc(bytes + 1);
    if (pad == NULL) return;
    memset(pad, 'x', bytes);
    pad[bytes] = '\0';
    setenv("INFEROMETER_PAD", pad, 1);
    free(pad);
}

static void start_block(const struct execution *x, size_t case_index, int block,
                        const char *fragment, int out, pid_t driver) {
    const struct protocol *p = x->protocol;
    char case_text[24], block_text[24], key_text[24], fd_text[24];
    snprintf(case_text, sizeof case_text, "%zu", case_index);
    snprintf(block_text, sizeof block_text, "%d", block);
    snprintf(key_text, sizeof key_text, "%lld", (long long)x->next_key);
    snprintf(fd_text, sizeof fd_text, "%d", x->canary_fd);
    const char *argv[18 + 2 * DRIVER_OVERRIDES_MAX] = {"inferometer", "block",       p->path,
                                                       case_text,     block_text,    fragment,
                                                       key_text,      "--canary-fd", fd_text};
    size_t n = 9;
    char *slices = NULL;
    if (x->ring.data != NULL && kernel_schedule_text(x->schedule, p, case_index, &slices) == 0) {
        argv[n++] = "--slices";
        argv[n++] = slices;
    }
    for (size_t i = 0; i < x->options->override_count; i++) {
        argv[n++] = "--set";
        argv[n++] = x->options->overrides[i];
    }
    dup2(out, STDOUT_FILENO);
    close(out);
    // The driver decides about interruptions: half a block is of no use. Without it none is.
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != driver) _exit(EXIT_FAILED);
    move_environment(p, block);
    execv("/proc/self/exe", (char *const *)(uintptr_t)argv);
    fprintf(stderr, "inferometer: cannot start a block: %s\n", strerror(errno));
    _exit(EXIT_FAILED);
}

// Shows a block's progress until it ends; the first key behind its samples, -1 where it failed.
static int64_t follow_block(struct execution *x, int from) {
    char line[64];
    size_t used = 0;
    long long keys = -1;
    for (;;) {
        ssize_t n = read(from, line + used, 1);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        if (line[used] != '\n') {
            used += used + 2 < sizeof line;
            continue;
        }
        line[used] = '\0';
        used = 0;
        if (sscanf(line, "keys %lld", &keys) == 1) continue;
        if (strncmp(line, "point ", 6) == 0)
            progress_show(x->progress, (double)++x->points_done / (double)x->point_count);
    }
    close(from);
    return keys;
}

static int run_block(struct execution *x, size_t case_index, int block) {
    char fragment[4200];
    int pipe_fds[2];
    const struct settings *s = &x->protocol->cases[case_index].points[0].settings;
    const struct driver_options *o = x->options;
    const bool counted = counted_is(&x->protocol->cases[case_index]),
               counted_model = counted_model_is(&x->protocol->cases[case_index]);
    if (kernel_point_is(s) && !counted) {
        if (x->ring.data == NULL && kernel_ring_open(&x->ring, x->canary_fd) != 0)
            return EXIT_FAILED;
        kernel_ring_fill(&x->ring, kernel_point_format(s), x->protocol->seed);
    }
    snprintf(fragment, sizeof fragment, "%s/fragment", x->directory);
    if (mkdir(fragment, 0777) != 0) return fail(EXIT_FAILED, "%s: %s", fragment, strerror(errno));
    if (counted || counted_model) {
        int rc = counted ? counted_block(x->protocol, case_index, block, fragment, &x->next_key)
                         : counted_model_block(x->protocol, case_index, block, o->overrides,
                                               o->override_count, fragment, &x->next_key);
        int gathered = gather_fragments(fragment, x->directory, rc == 0);
        x->fragments_kept += rc == 0;
        x->points_done += x->protocol->cases[case_index].point_count;
        progress_show(x->progress, (double)x->points_done / (double)x->point_count);
        return rc != 0 ? rc : gathered;
    }
    if (pipe2(pipe_fds, O_CLOEXEC) != 0)
        return fail(EXIT_FAILED, "cannot make a pipe: %s", strerror(errno));
    fflush(NULL);
    pid_t driver = getpid(), child = fork();
    if (child == 0) start_block(x, case_index, block, fragment, pipe_fds[1], driver);
    int fork_errno = errno;
    close(pipe_fds[1]);
    if (child < 0) {
        close(pipe_fds[0]);
        return fail(EXIT_FAILED, "cannot start a block: %s", strerror(fork_errno));
    }
    running_block = child;
    if (interrupted > 1) kill(child, SIGKILL);
    int64_t keys = follow_block(x, pipe_fds[0]);
    int wait_status = 0;
    while (waitpid(child, &wait_status, 0) < 0 && errno == EINTR) continue;
    running_block = 0;
    bool good = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0 && keys >= 0;
    int status = gather_fragments(fragment, x->directory, good);
    if (good) {
        x->next_key = keys;
        x->fragments_kept++;
        return status;
    }
    if (interrupted > 1) return 0; // run_blocks ends; the blocks before this one are kept
    if (WIFSIGNALED(wait_status))
        return fail(EXIT_FAILED, "case %s, block %d: ended by signal %d",
                    x->protocol->cases[case_index].name, block, WTERMSIG(wait_status));
    int code = WEXITSTATUS(wait_status);
    return fail(code != 0 ? code : EXIT_FAILED,
                "case %s, block %d failed (its reason stands above)",
                x->protocol->cases[case_index].name, block);
}

static size_t count_points(const struct protocol *p) {
    size_t points = 0;
    for (size_t i = 0; i < p->case_count; i++) points += p->cases[i].point_count;
    return points * (size_t)p->blocks;
}

static int run_blocks(struct execution *x) {
    const struct protocol *p = x->protocol;
    struct sigaction action = {.sa_handler = on_interrupt}, old_int, old_term;
    sigaction(SIGINT, &action, &old_int);
    sigaction(SIGTERM, &action, &old_term);
    int status = 0;
    for (int block = 0; status == 0 && block < p->blocks && !interrupted; block++) {
        for (size_t i = 0; status == 0 && i < p->case_count && !interrupted; i++)
            status = run_block(x, i, block);
        if (status == 0 && p->cool_seconds > 0 && block + 1 < p->blocks && !interrupted)
            sleep((unsigned)p->cool_seconds);
    }
    sigaction(SIGINT, &old_int, NULL);
    sigaction(SIGTERM, &old_term, NULL);
    return status;
}

static int check_size(const struct protocol *p, const struct driver_options *o, int canary_fd,
                      struct kernel_schedule *schedule) {
    struct estimate e;
    int status = estimate_run(p, canary_fd, schedule, &e);
    if (status == 0 && e.bytes > RUN_BYTES_MAX && !o->large_allowed)
        return fail(EXIT_FAILED,
                    "%s: the run would take about %.0f MB (at most 8): use `granularity phase`, "
                    "fewer blocks or points, or say --yes",
                    p->path, e.bytes / 1e6);
    return status;
}

// The run's id is the hash of what makes it this run: protocol, binary, start and process.
static int run_identity(const struct protocol *p, const char *utc, char binary_sha256[65],
                        char hash8[9]) {
    char text[512], hex[65];
    struct timespec now;
    int status = sha256_of_file("/proc/self/exe", binary_sha256);
    if (status != 0) return status;
    clock_gettime(CLOCK_REALTIME, &now);
    int n = snprintf(text, sizeof text, "%s %s %s.%09ld %ld", p->sha256, binary_sha256, utc,
                     now.tv_nsec, (long)getpid());
    sha256_of(text, (size_t)n, hex);
    memcpy(hash8, hex, 8);
    hash8[8] = '\0';
    return 0;
}

int driver_execute(const struct protocol *p, const struct driver_options *o, char **run_path) {
    struct run_dir dir = {0};
    struct run_facts facts = {.protocol = p, .options = o, .complete = true};
    char utc_start[20], utc_end[20], binary_sha256[65], hash8[9];
    struct kernel_schedule schedule = {0};
    int status = driver_check(p, o->context_tokens), canary_fd = -1;
    if (status == 0 && (canary_fd = ceiling_canary_memfd()) < 0)
        status = fail(EXIT_FAILED, "no memory for the 512 MiB canary: %s", strerror(errno));
    if (status == 0) status = check_size(p, o, canary_fd, &schedule);
    facts_utc(utc_start);
    if (status == 0) status = run_identity(p, utc_start, binary_sha256, hash8);
    if (status == 0)
        status = run_dir_create(&dir, o->out_root, p->stem, machine_slug(machine_facts()),
                                utc_start, hash8);
    if (status != 0) {
        if (canary_fd >= 0) close(canary_fd);
        kernel_schedule_free(&schedule);
        return status;
    }
    struct progress progress;
    struct execution x = {.protocol = p,
                          .options = o,
                          .directory = dir.temporary_path,
                          .schedule = &schedule,
                          .canary_fd = canary_fd,
                          .progress = &progress,
                          .point_count = count_points(p)};
    progress_start(&progress, p->stem);
    if (status == 0) status = write_protocol(p, dir.temporary_path);
    if (status == 0) status = write_points(p, dir.temporary_path);
    if (status == 0) status = write_headers(dir.temporary_path);
    if (status == 0) status = run_blocks(&x);
    progress_end(&progress);
    kernel_ring_close(&x.ring);
    close(x.canary_fd);
    facts_utc(utc_end);
    facts.schedule = &schedule;
    facts.id = dir.id;
    facts.utc_start = utc_start;
    facts.utc_end = utc_end;
    facts.binary_sha256 = binary_sha256;
    // An interruption in the last block came too late to leave anything out.
    facts.complete = x.fragments_kept == p->case_count * (size_t)p->blocks;
    if (status == 0 && facts.complete && fallback_wanted(p))
        status = fallback_counts(p, o->overrides, o->override_count, dir.temporary_path);
    if (status == 0 && facts.complete) status = summary_write(dir.temporary_path, p, NULL);
    if (status == 0) status = facts_write(dir.temporary_path, &facts);
    if (status == 0 && x.fragments_kept == 0) {
        status = fail(EXIT_FAILED, "interrupted before a block was done: nothing is kept");
        run_dir_discard(&dir);
    } else if (status == 0 && !facts.complete) {
        status = fail(EXIT_FAILED,
                      "interrupted: what was measured is kept, incomplete and unsealed, in %s",
                      dir.temporary_path);
    } else if (status == 0) {
        status = run_dir_seal(&dir);
        if (status == 0) *run_path = strdup(dir.final_path);
    } else {
        run_dir_discard(&dir);
    }
    run_dir_free(&dir);
    kernel_schedule_free(&schedule);
    return status;
}
