// SPDX-License-Identifier: MIT
// Replays what fuzzing found, and some files that it starts from, through the targets of
// tests/fuzz/.
//   check_fuzz_regress --list                the files below tests/fuzz/regress/
//   check_fuzz_regress TARGET/FILE…          exit 0: nothing went wrong
//   check_fuzz_regress --replay TARGET FILE…      any files
//   check_fuzz_regress --seeds TARGET DIRECTORY   writes the files that fuzzing starts from
//   check_fuzz_regress --dictionary TARGET        prints libFuzzer's dictionary
#include <dirent.h>

#include "tests/case.h"
#include "tests/fuzz/fuzz.h"

#define SECONDS_MAX 30 // what hangs fails

static const struct fuzz_target *target_of(const char *name, size_t bytes) {
    for (size_t i = 0; i < fuzz_target_count; i++)
        if (strlen(fuzz_targets[i].name) == bytes && memcmp(fuzz_targets[i].name, name, bytes) == 0)
            return &fuzz_targets[i];
    fprintf(stderr, "no target '%.*s'\n", (int)bytes, name);
    exit(2);
}

static void replay(const struct fuzz_target *t, const char *path) {
    struct stat st;
    FILE *f = fopen(path, "rb");
    // Exactly as many bytes as the file has, so that reading one too many is seen.
    uint8_t *data =
        f && fstat(fileno(f), &st) == 0 ? malloc((size_t)st.st_size + !st.st_size) : NULL;
    if (!data || fread(data, 1, (size_t)st.st_size, f) != (size_t)st.st_size) {
        perror(path);
        exit(1);
    }
    fclose(f);
    alarm(SECONDS_MAX);
    t->entry(data, (size_t)st.st_size);
    alarm(0);
    free(data);
}

static int list(void) {
    size_t count = 0;
    for (size_t i = 0; i < fuzz_target_count; i++) {
        char below[64];
        struct dirent **names;
        snprintf(below, sizeof below, "tests/fuzz/regress/%s", fuzz_targets[i].name);
        char *path = case_tree_path(below);
        const int n = scandir(path, &names, NULL, alphasort);
        if (n < 0) return perror(path), 1;
        for (int k = 0; k < n; k++) {
            if (names[k]->d_name[0] != '.') {
                printf("%s/%s\n", fuzz_targets[i].name, names[k]->d_name);
                count++;
            }
            free(names[k]);
        }
        free(names);
        free(path);
    }
    return count == 0;
}

int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "";
    if (argc == 2 && strcmp(mode, "--list") == 0) return list();
    if (argc == 4 && strcmp(mode, "--seeds") == 0)
        return target_of(argv[2], strlen(argv[2]))->seeds(argv[3]);
    if (argc == 3 && strcmp(mode, "--dictionary") == 0)
        return target_of(argv[2], strlen(argv[2]))->dictionary(stdout), 0;
    if (argc > 3 && strcmp(mode, "--replay") == 0) {
        for (int i = 3; i < argc; i++) replay(target_of(argv[2], strlen(argv[2])), argv[i]);
        return 0;
    }
    if (argc < 2 || *mode == '-') {
        fputs("usage: check_fuzz_regress --list | TARGET/FILE… | --replay TARGET FILE… | "
              "--seeds TARGET DIRECTORY | --dictionary TARGET\n",
              stderr);
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        char below[PATH_MAX];
        snprintf(below, sizeof below, "tests/fuzz/regress/%s", argv[i]);
        char *path = case_tree_path(below);
        // A crash ends the program: how to see it again is said before.
        fprintf(stderr, "rerun: %s %s\n", argv[0], argv[i]);
        replay(target_of(argv[i], strcspn(argv[i], "/")), path);
        free(path);
    }
    return 0;
}
