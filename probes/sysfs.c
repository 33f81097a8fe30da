// SPDX-License-Identifier: MIT
#include "probes/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char root_directory[512];

void sysfs_set_root(const char *root) {
    snprintf(root_directory, sizeof root_directory, "%s", root);
}

static const char *place(char *path, size_t size, const char *format, va_list list) {
    int n = snprintf(path, size, "%s", root_directory);
    vsnprintf(path + n, size - (size_t)n, format, list);
    return path;
}

const char *sysfs_path(char *path, size_t size, const char *format, ...) {
    va_list list;
    va_start(list, format);
    place(path, size, format, list);
    va_end(list);
    return path;
}

static int read_line(const char *path, char *text, size_t size) {
    text[0] = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -errno;
    ssize_t n = read(fd, text, size - 1);
    int error = n < 0 ? -errno : 0;
    close(fd);
    text[n > 0 ? n : 0] = 0;
    text[strcspn(text, "\n")] = 0;
    return error;
}

int sysfs_line(char *text, size_t size, const char *format, ...) {
    char path[1024];
    va_list list;
    va_start(list, format);
    place(path, sizeof path, format, list);
    va_end(list);
    return read_line(path, text, size);
}

double sysfs_number(const char *format, ...) {
    char path[1024], text[64], *end;
    va_list list;
    va_start(list, format);
    place(path, sizeof path, format, list);
    va_end(list);
    if (read_line(path, text, sizeof text) != 0) return NAN;
    double value = strtod(text, &end);
    return end == text ? (double)NAN : value;
}
