// SPDX-License-Identifier: MIT
// The first and only process of the guest of tests/check_vm.sh. Does what /script says, line by
// line, and writes what came of it to the console:
//   run NAME UID COMMAND…   @@begin NAME, the command's output, @@end NAME STATUS SECONDS
//   write PATH TEXT         a word into a file of /proc or /sys
//   export DIRECTORY        @@file PATH and its bytes in base64, for every file below
// The last line is @@done; without it the guest broke down. An exit status of 128 + N is signal N.
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORDS_MAX = 64 };

static void run(const char *name, const char *uid, char **argv) {
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    printf("@@begin %s\n", name);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        uid_t id = (uid_t)atoi(uid);
        if (id != 0 && (setgid(id) != 0 || setuid(id) != 0)) _exit(126);
        execv(argv[0], argv);
        fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
        _exit(127);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    clock_gettime(CLOCK_MONOTONIC, &to);
    printf("@@end %s %d %.2f\n", name,
           WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
           (double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec));
}

static void write_word(const char *path, const char *text) {
    int fd = open(path, O_WRONLY);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        printf("@@error %s: %s\n", path, strerror(errno));
    if (fd >= 0) close(fd);
}

static int export_file(const char *path, const struct stat *s, int type, struct FTW *where) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char in[57];
    (void)s, (void)where;
    if (type != FTW_F) return 0;
    FILE *f = fopen(path, "rb");
    if (f == NULL) return 0;
    printf("@@file %s\n", path);
    for (size_t n; (n = fread(in, 1, sizeof in, f)) > 0; putchar('\n')) {
        memset(in + n, 0, sizeof in - n);
        for (size_t i = 0; i < n; i += 3) {
            unsigned bits = (unsigned)in[i] << 16 | (unsigned)in[i + 1] << 8 | in[i + 2];
            for (unsigned k = 0; k < 4; k++)
                putchar(i + k > n ? '=' : digits[bits >> (18 - 6 * k) & 63]);
        }
    }
    fclose(f);
    puts("@@eof");
    return 0;
}

static void follow(char *line) {
    char *words[WORDS_MAX + 1] = {NULL};
    size_t n = 0;
    for (char *w = strtok(line, " \n"); w != NULL && n < WORDS_MAX; w = strtok(NULL, " \n"))
        words[n++] = w;
    if (n >= 4 && strcmp(words[0], "run") == 0)
        run(words[1], words[2], words + 3);
    else if (n == 3 && strcmp(words[0], "write") == 0)
        write_word(words[1], words[2]);
    else if (n == 2 && strcmp(words[0], "export") == 0)
        nftw(words[1], export_file, 16, FTW_PHYS);
    else if (n > 0)
        printf("@@error not understood: %s\n", words[0]);
}

int main(void) {
    mkdir("/proc", 0755);
    mkdir("/sys", 0755);
    mkdir("/dev", 0755);
    mkdir("/tmp", 01777);
    mkdir("/root", 0755);
    mount("proc", "/proc", "proc", 0, NULL);
    mount("sysfs", "/sys", "sysfs", 0, NULL);
    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    mkdir("/dev/shm", 01777);
    mount("tmpfs", "/dev/shm", "tmpfs", 0, NULL);
    int console = open("/dev/console", O_RDWR);
    for (int fd = 0; fd < 3 && console >= 0; fd++) dup2(console, fd);
    setenv("HOME", "/root", 1);
    setenv("PATH", "/", 1);
    setenv("NO_COLOR", "1", 1);
    FILE *script = fopen("/script", "r");
    char line[1024];
    while (script != NULL && fgets(line, sizeof line, script) != NULL) follow(line);
    puts("@@done");
    fflush(stdout);
    sync();
    reboot(RB_POWER_OFF);
    return 1;
}
