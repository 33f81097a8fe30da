// SPDX-License-Identifier: MIT
// From a model spec to a file: a path, a model that comes with the program, or one that is made
// here.
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/error.h"
#include "engine/model.h"
#include "engine/synth.h"

static const struct {
    const char *name, *file; // below the data directory
} embedded[] = {{"kjv-3.7m", "engine/embedded/kjv-3.7m-f16.gguf"}};

static int no_memory(const char *what) {
    return engine_fail(ENOMEM, "%s: no memory for its path", what);
}

static bool is_directory(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int source_data_dir(char **path) {
    const char *home = getenv("INFEROMETER_HOME");
    *path = NULL;
    if (home && *home) {
        if (!is_directory(home))
            return engine_fail(ENOENT, "INFEROMETER_HOME=%s: no such directory", home);
        *path = strdup(home);
        return *path ? 0 : no_memory(home);
    }
    char exe[PATH_MAX], probe[PATH_MAX + 64];
    const ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n <= 0) return engine_fail(ENOENT, "/proc/self/exe: cannot read it; set INFEROMETER_HOME");
    exe[n] = '\0';
    // The tree that the binary was built in, or PREFIX/share/inferometer next to PREFIX/bin.
    static const char *const below[] = {"", "/share/inferometer"};
    for (char *slash; (slash = strrchr(exe, '/')) != NULL;) {
        *slash = '\0';
        for (size_t i = 0; i < sizeof below / sizeof *below; i++) {
            snprintf(probe, sizeof probe, "%s%s/engine/embedded", exe, below[i]);
            if (!is_directory(probe)) continue;
            if (asprintf(path, "%s%s", *exe || i ? exe : "/", below[i]) < 0) return no_memory(exe);
            return 0;
        }
    }
    return engine_fail(ENOENT,
                       "no directory engine/embedded above the program, nor share/inferometer: set "
                       "INFEROMETER_HOME to the source tree");
}

// mkdir -p
static int make_directories(char *path) {
    for (char *p = path + 1;; p++) {
        if (*p != '/' && *p != '\0') continue;
        const char end = *p;
        *p = '\0';
        const bool made = mkdir(path, 0777) == 0 || errno == EEXIST;
        const int why = errno;
        *p = end;
        if (!made)
            return engine_fail(why, "%s: cannot create this directory: %s", path, strerror(why));
        if (!end) break;
    }
    return is_directory(path) ? 0 : engine_fail(ENOTDIR, "%s: is not a directory", path);
}

int source_cache_dir(char **path) {
    const char *cache = getenv("INFEROMETER_CACHE"), *xdg = getenv("XDG_CACHE_HOME"),
               *home = getenv("HOME");
    int n = -1;
    *path = NULL;
    if (cache && *cache)
        n = asprintf(path, "%s", cache);
    else if (xdg && *xdg)
        n = asprintf(path, "%s/inferometer", xdg);
    else if (home && *home)
        n = asprintf(path, "%s/.cache/inferometer", home);
    else
        return engine_fail(ENOENT,
                           "no cache directory: none of INFEROMETER_CACHE, XDG_CACHE_HOME and HOME "
                           "is set");
    if (n < 0) {
        *path = NULL;
        return no_memory("cache directory");
    }
    const int rc = make_directories(*path);
    if (rc) {
        free(*path);
        *path = NULL;
    }
    return rc;
}

static int embedded_path(const char *spec, const char *name, char **path) {
    for (size_t i = 0; i < sizeof embedded / sizeof *embedded; i++) {
        if (strcmp(embedded[i].name, name) != 0) continue;
        char *data;
        const int rc = source_data_dir(&data);
        if (rc) return rc;
        const int n = asprintf(path, "%s/%s", data, embedded[i].file);
        free(data);
        if (n >= 0) return 0;
        *path = NULL;
        return no_memory(spec);
    }
    return engine_fail(EINVAL, "%s: no such embedded model; there is embedded:%s", spec,
                       embedded[0].name);
}

struct synth_spec {
    const struct synth_preset *preset;
    char format[16];
    ptrdiff_t layers; // 0: the preset's
    uint64_t seed;
};

// What follows the question mark: layers=N&seed=S.
static int read_options(const char *spec, const char *text, struct synth_spec *s) {
    while (*text) {
        const size_t word = strcspn(text, "&"), key = strcspn(text, "=");
        char *end = NULL;
        errno = 0;
        const char *digits = text + key + 1;
        const bool digit = key < word && *digits >= '0' && *digits <= '9';
        const unsigned long long value = digit ? strtoull(digits, &end, 10) : 0;
        if (!digit || errno || end != text + word)
            return engine_fail(EINVAL, "%s: '%.*s' is not layers=N or seed=S", spec, (int)word,
                               text);
        if (key == 4 && memcmp(text, "seed", 4) == 0) {
            s->seed = value;
        } else if (key == 6 && memcmp(text, "layers", 6) == 0) {
            if (value < 1 || value > (unsigned long long)s->preset->layers)
                return engine_fail(EINVAL, "%s: layers=%llu: %s has 1 to %td", spec, value,
                                   s->preset->name, s->preset->layers);
            s->layers = value == (unsigned long long)s->preset->layers ? 0 : (ptrdiff_t)value;
        } else {
            return engine_fail(EINVAL, "%s: unknown option '%.*s' (layers, seed)", spec, (int)key,
                               text);
        }
        text += word;
        if (*text == '&') text++;
    }
    return 0;
}

static int read_synth(const char *spec, const char *text, struct synth_spec *s) {
    const size_t name_bytes = strcspn(text, "/?");
    char *name = strndup(text, name_bytes);
    if (!name) return no_memory(spec);
    *s = (struct synth_spec){.seed = SYNTH_SEED_DEFAULT};
    const int rc = synth_preset_require(name, &s->preset);
    free(name);
    if (rc) return rc;
    text += name_bytes;
    const size_t format_bytes = *text == '/' ? strcspn(text + 1, "?") : 0;
    if (format_bytes == 0 || format_bytes >= sizeof s->format)
        return engine_fail(EINVAL, "%s: write it as synth:%s/FORMAT, FORMAT one of %s", spec,
                           s->preset->name, synth_formats());
    memcpy(s->format, text + 1, format_bytes);
    text += 1 + format_bytes;
    if (!synth_format_known(s->format))
        return engine_fail(EINVAL, "%s: format '%s' is not built yet (built: %s)", spec, s->format,
                           synth_formats());
    return *text == '?' ? read_options(spec, text + 1, s) : 0;
}

static int synth_path(const char *spec, const char *text, char **path) {
    struct synth_spec s;
    int rc = read_synth(spec, text, &s);
    if (rc) return rc;
    char *cache, layers[32] = "";
    rc = source_cache_dir(&cache);
    if (rc) return rc;
    if (s.layers) snprintf(layers, sizeof layers, "-l%td", s.layers);
    const int n = asprintf(path, "%s/%s-%s%s-s%llu-v%d.gguf", cache, s.preset->name, s.format,
                           layers, (unsigned long long)s.seed, SYNTH_GENERATOR_VERSION);
    free(cache);
    if (n < 0) {
        *path = NULL;
        return no_memory(spec);
    }
    if (access(*path, F_OK) == 0) return 0;
    rc = synth_write(s.preset, s.format, s.layers, s.seed, *path, NULL);
    if (rc) {
        free(*path);
        *path = NULL;
    }
    return rc;
}

int source_path(const char *spec, char **path) {
    *path = NULL;
    if (strncmp(spec, "embedded:", 9) == 0) return embedded_path(spec, spec + 9, path);
    if (strncmp(spec, "synth:", 6) == 0) return synth_path(spec, spec + 6, path);
    *path = strdup(spec);
    return *path ? 0 : no_memory(spec);
}
