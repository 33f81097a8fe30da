// SPDX-License-Identifier: MIT
#include "experiments/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "experiments/failure.h"

void output_start(void) {
    // A closed standard stream would be handed out again for the next file that is opened, and
    // results would be written into that.
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF) (void)!open("/dev/null", O_RDONLY);
    signal(SIGPIPE, SIG_IGN);
}

bool output_reader_gone(void) {
    struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&p, 1, 0) == 1 && (p.revents & (POLLERR | POLLHUP)) != 0;
}

int output_flush(void) {
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout)) return 0;
    return fail(EXIT_FAILED, "standard output: %s; nothing more could be written there",
                errno ? strerror(errno) : "a write failed");
}

int output_end(int rc) {
    char first[2048];
    snprintf(first, sizeof first, "%s", failure());
    const int written = output_flush();
    if (written && output_reader_gone()) return rc == EXIT_FAILED ? EXIT_OK : rc;
    if (rc)
        fprintf(stderr, "inferometer: %s\n", *first ? first : "failed");
    else if (written)
        fprintf(stderr, "inferometer: %s\n", failure());
    return rc ? rc : written;
}
