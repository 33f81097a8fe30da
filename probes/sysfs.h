// SPDX-License-Identifier: MIT
// Small files of sysfs, below a root that a test may move to a tree of its own. Private to probes/.
#pragma once
#include <stddef.h>

// "" or the directory that stands for /: what sysfs_* paths are below. Not thread-safe: set it
// first.
void sysfs_set_root(const char *root);
// The root and then the path as printed. Returns `path`.
__attribute__((format(printf, 3, 4))) const char *sysfs_path(char *path, size_t size,
                                                             const char *format, ...);
// The first line, without its end. 0, or a negative errno with text "".
__attribute__((format(printf, 3, 4))) int sysfs_line(char *text, size_t size, const char *format,
                                                     ...);
// A number at the start of the file; NaN where there is none.
__attribute__((format(printf, 1, 2))) double sysfs_number(const char *format, ...);
