// SPDX-License-Identifier: MIT
// Writing: a temporary directory beside the target, `.<id>.partial`, which becomes the run by a
// rename.
#include "experiments/run_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "experiments/failure.h"
#include "experiments/sha256.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

static bool only(const char *text, const char *allowed) {
    return text[0] != '\0' && text[strspn(text, allowed)] == '\0';
}

static int check_names(const char *stem, const char *machine, const char *utc, const char *hash8) {
    if (!only(stem, LOWER DIGITS "_"))
        return fail(EXIT_FAILED, "'%s' cannot name a run: a stem is made of a-z, 0-9 and _", stem);
    if (!only(machine, LOWER DIGITS "-_"))
        return fail(EXIT_FAILED, "'%s' cannot name a machine: a slug is made of a-z, 0-9, _ and -",
                    machine);
    if (strlen(utc) != 16 || strspn(utc, DIGITS) != 8 || utc[8] != 'T' ||
        strspn(utc + 9, DIGITS) != 6 || utc[15] != 'Z')
        return fail(EXIT_FAILED, "'%s' is no time of the form 20261121T110500Z", utc);
    if (strlen(hash8) != 8 || !only(hash8, DIGITS "abcdef"))
        return fail(EXIT_FAILED, "'%s' is not the beginning of a hash", hash8);
    return 0;
}

// mkdir -p.
static int make_directories(char *path) {
    for (char *slash = path + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        int failed = mkdir(path, 0777) != 0 && errno != EEXIST;
        if (failed) return fail(EXIT_FAILED, "%s: cannot be made: %s", path, strerror(errno));
        *slash = '/';
    }
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        return fail(EXIT_FAILED, "%s: cannot be made: %s", path, strerror(errno));
    return 0;
}

int run_dir_create(struct run_dir *r, const char *out_root, const char *stem, const char *machine,
                   const char *utc, const char *hash8) {
    char *parent = NULL;
    *r = (struct run_dir){0};
    int status = check_names(stem, machine, utc, hash8);
    if (status != 0) return status;
    if (out_root[0] == '\0') out_root = ".";
    if (asprintf(&parent, "%s/%s/%s", out_root, stem, machine) < 0 ||
        asprintf(&r->id, "%s_%s", utc, hash8) < 0 ||
        asprintf(&r->final_path, "%s/%s", parent, r->id) < 0 ||
        asprintf(&r->temporary_path, "%s/.%s.partial", parent, r->id) < 0 ||
        (r->stem = strdup(stem)) == NULL || (r->machine = strdup(machine)) == NULL) {
        status = fail(EXIT_FAILED, "%s: out of memory", out_root);
        goto out;
    }
    if ((status = make_directories(parent)) != 0) goto out;
    if (access(r->final_path, F_OK) == 0)
        status = fail(EXIT_FAILED, "%s: is there already", r->final_path);
    else if (mkdir(r->temporary_path, 0777) != 0)
        status = fail(EXIT_FAILED, "%s: cannot be made: %s", r->temporary_path, strerror(errno));
out:
    free(parent);
    if (status != 0) run_dir_free(r);
    return status;
}

static const char *sealed_name(size_t i) { // NULL behind the last
    if (i < RUN_FILE_COUNT) return run_file_name((enum run_file)i);
    return i == RUN_FILE_COUNT ? "protocol.md" : NULL;
}

static int refuse_strangers(const char *directory) {
    int status = 0;
    DIR *d = opendir(directory);
    if (d == NULL) return fail(EXIT_FAILED, "%s: %s", directory, strerror(errno));
    for (struct dirent *e; status == 0 && (e = readdir(d)) != NULL;) {
        size_t i = 0;
        while (sealed_name(i) != NULL && strcmp(sealed_name(i), e->d_name) != 0) i++;
        if (sealed_name(i) == NULL && strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            status = fail(EXIT_FAILED, "%s/%s: is no file of a run", directory, e->d_name);
    }
    closedir(d);
    return status;
}

static int sync_path(const char *path, int flags) {
    int file = open(path, O_RDONLY | O_CLOEXEC | flags), status = 0;
    if (file < 0) return fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    // Some file systems cannot sync a directory and say EINVAL: nothing is lost by that.
    if (fsync(file) != 0 && errno != EINVAL)
        status = fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    close(file);
    return status;
}

static int write_sums(const char *directory) {
    char path[4096], name[4096], hex[65];
    int status = 0;
    snprintf(path, sizeof path, "%s/SHA256SUMS", directory);
    FILE *sums = fopen(path, "wxe");
    if (sums == NULL) return fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    for (size_t i = 0; status == 0 && sealed_name(i) != NULL; i++) {
        snprintf(name, sizeof name, "%s/%s", directory, sealed_name(i));
        status = sha256_of_file(name, hex);
        if (status == 0) status = sync_path(name, 0);
        if (status == 0) fprintf(sums, "%s  %s\n", hex, sealed_name(i));
    }
    if (fflush(sums) != 0 || ferror(sums)) {
        if (status == 0) status = fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    }
    if (fclose(sums) != 0 && status == 0)
        status = fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    if (status == 0) status = sync_path(path, 0);
    if (status != 0) unlink(path);
    return status;
}

static int rename_sealed(const struct run_dir *r) {
    // A plain rename would replace an empty directory; some file systems know only that one.
    if (renameat2(AT_FDCWD, r->temporary_path, AT_FDCWD, r->final_path, RENAME_NOREPLACE) == 0)
        return 0;
    if ((errno == EINVAL || errno == ENOSYS) && access(r->final_path, F_OK) != 0 &&
        rename(r->temporary_path, r->final_path) == 0)
        return 0;
    return fail(EXIT_FAILED, "%s: %s", r->final_path, strerror(errno));
}

int run_dir_seal(struct run_dir *r) {
    char reason[1024];
    int status = refuse_strangers(r->temporary_path);
    if (status == 0) status = write_sums(r->temporary_path);
    if (status == 0) status = sync_path(r->temporary_path, O_DIRECTORY);
    if (status == 0) status = rename_sealed(r);
    if (status != 0) {
        snprintf(reason, sizeof reason, "%s", failure());
        return fail(status, "%s (the run is not sealed; its files are kept in %s)", reason,
                    r->temporary_path);
    }
    char *parent = strdup(r->final_path);
    if (parent == NULL) return fail(EXIT_FAILED, "%s: out of memory", r->final_path);
    *strrchr(parent, '/') = '\0';
    status = sync_path(parent, O_DIRECTORY);
    free(parent);
    return status;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where) {
    (void)st, (void)type, (void)where;
    remove(path);
    return 0;
}

void run_dir_discard(struct run_dir *r) {
    if (r->temporary_path == NULL) return;
    nftw(r->temporary_path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    for (int i = 0; i < 2; i++) { // MACHINE and STEM above it, where they hold nothing else
        *strrchr(r->temporary_path, '/') = '\0';
        if (rmdir(r->temporary_path) != 0) return;
    }
}

void run_dir_free(struct run_dir *r) {
    free(r->final_path);
    free(r->temporary_path);
    free(r->stem);
    free(r->machine);
    free(r->id);
    *r = (struct run_dir){0};
}
