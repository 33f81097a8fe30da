// SPDX-License-Identifier: MIT
#include "experiments/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "experiments/failure.h"

char *child_program(const char *name) {
    char path[PATH_MAX];
    if (strchr(name, '/') != NULL) return access(name, X_OK) == 0 ? strdup(name) : NULL;
    const char *from = getenv("PATH");
    while (from != NULL && *from) {
        const size_t length = strcspn(from, ":");
        snprintf(path, sizeof path, "%.*s/%s", (int)length, from, name);
        struct stat st;
        if (access(path, X_OK) == 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode))
            return strdup(path);
        from += length + (from[length] == ':');
    }
    return NULL;
}

static int memory_file(const char *text) {
    const int fd = memfd_create("inferometer-child", MFD_CLOEXEC);
    if (fd < 0 || text == NULL) return fd;
    const size_t bytes = strlen(text);
    if (write(fd, text, bytes) != (ssize_t)bytes || lseek(fd, 0, SEEK_SET) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static _Noreturn void become(char *const argv[], int in, int out, int err, bool fixed) {
    static char isa[256];
    // The C library is to choose the same memcpy and expf under a simulator as on this machine, and
    // to bind them before they are counted.
    static char bind[] = "LD_BIND_NOW=1";
    static char tunables[] = "GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW,-"
                             "AVX512DQ,-AVX512CD,-ERMS,-FSRM";
    char *const environment[] = {isa, bind, tunables, NULL};
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    // The parent's files are close-on-exec; these three are not.
    if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) _exit(127);
    if (fixed) {
        const char *mask = getenv("INFEROMETER_ISA");
        snprintf(isa, sizeof isa, mask != NULL ? "INFEROMETER_ISA=%s" : "LC_ALL=C", mask);
        personality(ADDR_NO_RANDOMIZE);
        execve(argv[0], argv, environment);
    } else {
        execv(argv[0], argv);
    }
    dprintf(2, "%s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

int child_start(struct child *c, char *const argv[], const char *input, bool fixed) {
    const int in = input != NULL ? memory_file(input) : open("/dev/null", O_RDONLY | O_CLOEXEC);
    *c = (struct child){.out = memory_file(NULL), .err = memory_file(NULL)};
    if (in >= 0 && c->out >= 0 && c->err >= 0) {
        fflush(NULL);
        c->pid = fork();
        if (c->pid == 0) become(argv, in, c->out, c->err, fixed);
    }
    const int why = errno;
    if (in >= 0) close(in);
    if (c->pid > 0) return 0;
    if (c->out >= 0) close(c->out);
    if (c->err >= 0) close(c->err);
    *c = (struct child){0};
    return fail(EXIT_FAILED, "%s: cannot start it: %s", argv[0], strerror(why));
}

static char *text_of(int fd) {
    struct stat st;
    char *text = fstat(fd, &st) == 0 ? calloc(1, (size_t)st.st_size + 1) : NULL;
    if (text != NULL && pread(fd, text, (size_t)st.st_size, 0) != st.st_size) {
        free(text);
        text = NULL;
    }
    close(fd);
    return text;
}

int child_wait(struct child *c, int *status, char **out, char **err) {
    pid_t got;
    do got = waitpid(c->pid, status, 0);
    while (got < 0 && errno == EINTR);
    *out = text_of(c->out);
    *err = text_of(c->err);
    *c = (struct child){0};
    if (got > 0 && *out != NULL && *err != NULL) return 0;
    free(*out);
    free(*err);
    *out = *err = NULL;
    return fail(EXIT_FAILED, "cannot read what a program printed");
}

int child_run(char *const argv[], const char *input, int *status, char **out, char **err) {
    struct child c;
    const int rc = child_start(&c, argv, input, false);
    return rc != 0 ? rc : child_wait(&c, status, out, err);
}
