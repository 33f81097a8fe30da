// SPDX-License-Identifier: MIT
// The SentencePiece tokenizer: one case a row of tests/data/tokenizers/spm-kjv.tokens.csv (ids, and
// the way back), and a small made vocabulary for what the embedded model's lacks.
#include <errno.h>
#include <stdint.h>
#include <time.h>

#include "engine/gguf_write.h"
#include "engine/tokenizer.h"
#include "tests/case.h"

#define ROWS_MAX 256

static struct gguf *embedded;
static struct tokenizer *kjv;
static char made_path[PATH_MAX + 32];

struct row {
    char name[32];
    char *hex, *ids;
};

static void ids_to_text(const int32_t *ids, size_t count, char *out, size_t size) {
    size_t n = 0;
    *out = '\0';
    for (size_t i = 0; i < count && n < size; i++)
        n += (size_t)snprintf(out + n, size - n, "%s%d", i ? " " : "", ids[i]);
}

static bool encodes(const struct tokenizer *t, const char *text, size_t bytes, bool bos,
                    bool special, const char *expected) {
    int32_t *ids;
    size_t count;
    char got[8192];
    if (tokenizer_encode(t, text, bytes, bos, special, &ids, &count) != 0) return false;
    ids_to_text(ids, count, got, sizeof got);
    free(ids);
    if (strcmp(got, expected) == 0) return true;
    case_fail("ids    %s\n  wanted %s", got, expected);
    return false;
}

static bool decodes(const struct tokenizer *t, const int32_t *ids, size_t count,
                    const char *expected, size_t expected_bytes) {
    char *text;
    size_t bytes;
    if (tokenizer_decode(t, ids, count, &text, &bytes) != 0) return false;
    const bool same = bytes == expected_bytes && memcmp(text, expected, bytes) == 0 && !text[bytes];
    if (!same) case_fail("text '%s', wanted '%s'", text, expected);
    free(text);
    return same;
}

static int check_row(const void *argument) {
    const struct row *row = argument;
    const size_t bytes = strlen(row->hex) / 2;
    char *text = calloc(1, bytes + 1);
    if (!text) return case_fail("no memory");
    for (size_t i = 0; i < bytes; i++) {
        const char digits[3] = {row->hex[2 * i], row->hex[2 * i + 1], 0};
        text[i] = (char)strtoul(digits, NULL, 16);
    }
    int32_t *ids = NULL;
    size_t count = 0;
    int rc = !encodes(kjv, text, bytes, false, false, row->ids);
    if (!rc) rc = tokenizer_encode(kjv, text, bytes, true, false, &ids, &count) != 0;
    if (!rc && (count == 0 || ids[0] != 1)) rc = case_fail("no BOS in front");
    if (!rc) rc = !decodes(kjv, ids, count, text, bytes);
    // Pieces one by one make the same text behind the encoder's space.
    char piece[64];
    size_t at = 0;
    for (size_t i = 1; !rc && i < count; i++) {
        const int n = tokenizer_piece(kjv, ids[i], piece, sizeof piece);
        const size_t skip = i == 1 && n > 0 && *piece == ' ';
        if (n < 0 || at + (size_t)n - skip > bytes ||
            memcmp(text + at, piece + skip, (size_t)n - skip) != 0)
            rc = case_fail("piece %zu differs", i);
        else
            at += (size_t)n - skip;
    }
    if (!rc && at != bytes) rc = case_fail("pieces have %zu bytes, the text %zu", at, bytes);
    free(ids);
    free(text);
    return rc;
}

// A made vocabulary; spelling, score and type of each token.
struct made {
    const char *spelling;
    float score;
    int32_t type;
};
struct made_options {
    const char *model;
    uint32_t eos;
    bool no_scores, space_prefix, short_types;
};

static int make(const struct made *tokens, size_t count, const struct made_options *o,
                struct gguf **g, struct tokenizer **t) {
    struct gguf_string strings[512];
    float scores[512];
    int32_t types[512];
    struct gguf_writer *w;
    for (size_t i = 0; i < count; i++) {
        strings[i] = (struct gguf_string){tokens[i].spelling, strlen(tokens[i].spelling)};
        scores[i] = tokens[i].score;
        types[i] = tokens[i].type;
    }
    *g = NULL;
    *t = NULL;
    int rc = gguf_write_open(&w, made_path, 32);
    if (rc) return rc;
    if (o->model) gguf_write_text(w, "tokenizer.ggml.model", o->model);
    gguf_write_strings(w, "tokenizer.ggml.tokens", strings, count);
    if (!o->no_scores) gguf_write_array(w, "tokenizer.ggml.scores", GGUF_F32, scores, count);
    gguf_write_array(w, "tokenizer.ggml.token_type", GGUF_I32, types, count - o->short_types);
    gguf_write_u32(w, "tokenizer.ggml.eos_token_id", o->eos);
    gguf_write_bool(w, "tokenizer.ggml.add_space_prefix", o->space_prefix);
    rc = gguf_write_head(w);
    rc = gguf_write_close(w, rc == 0);
    if (!rc) rc = gguf_open(g, made_path);
    return rc ? rc : tokenizer_open(t, *g);
}

static const struct made small[] = {
    {"<unk>", 0, 2},  {"<s>", 0, 3},  {"</s>", 0, 3},   {"a", -10, 1},     {"b", -11, 1},
    {"aa", -1, 1},    {"ab", -1, 1},  {"<tool>", 0, 4}, {"<tool>x", 0, 4}, {"\xe2\x96\x81", -9, 1},
    {"<0x63>", 0, 6}, {"<s", -1, 1},  {"s>", -1, 1},    {"<", -2, 1},      {"s", -2, 1},
    {">", -2, 1},     {"aaa", -3, 1},
};
#define SMALL (sizeof small / sizeof *small)

static int check_small(const void *argument) {
    struct gguf *g;
    struct tokenizer *t;
    char piece[4];
    (void)argument;
    const struct made_options o = {.model = "llama", .eos = 2};
    EXPECT(make(small, SMALL, &o, &g, &t) == 0 && t);
    EXPECT(tokenizer_vocabulary(t) == SMALL && tokenizer_bos(t) == 1 && tokenizer_eos(t) == 2);
    EXPECT(tokenizer_adds_bos(t) && tokenizer_is_end(t, 2) && !tokenizer_is_end(t, 1));
    EXPECT(encodes(t, "", 0, false, false, "") && encodes(t, "", 0, true, false, "1"));
    // Equal scores: the leftmost pair; then aa + a is a piece too.
    EXPECT(encodes(t, "aab", 3, false, false, "5 4") && encodes(t, "aaa", 3, false, false, "16"));
    EXPECT(encodes(t, "aaaa", 4, false, false, "5 5"));
    // A byte token where there is one, else the unknown token, once a character.
    EXPECT(encodes(t, "cd", 2, false, false, "10 0") &&
           encodes(t, "\xc3\xa9", 2, false, false, "0"));
    EXPECT(encodes(t, "\xc3", 1, false, false, "0") &&
           encodes(t, "\xff\xfe", 2, false, false, "0 0"));
    // Text never becomes a control token unless asked for, user-defined tokens always do, longest
    // first.
    EXPECT(encodes(t, "<s>", 3, false, false, "11 15") &&
           encodes(t, "a<s>b", 5, false, true, "3 1 4"));
    EXPECT(encodes(t, "a<tool>b", 8, false, false, "3 7 4") &&
           encodes(t, "<tool>x", 7, false, false, "8"));
    EXPECT(encodes(t, " a", 2, false, false, "9 3"));
    EXPECT(tokenizer_piece(t, 9, piece, sizeof piece) == 1 && *piece == ' ');
    EXPECT(tokenizer_piece(t, 10, piece, sizeof piece) == 1 && *piece == 'c');
    EXPECT(tokenizer_piece(t, 1, piece, sizeof piece) == 0);
    EXPECT(tokenizer_piece(t, 16, piece, 2) == 2 && memcmp(piece, "aa", 2) == 0);
    EXPECT(tokenizer_piece(t, SMALL, piece, 2) == -EINVAL &&
           strstr(engine_error(), "out of range"));
    EXPECT(tokenizer_piece(t, -1, piece, 2) == -EINVAL);
    const int32_t ids[] = {1, 9, 3, 7, 4, 2}, wrong[] = {3, 99};
    EXPECT(decodes(t, ids, 6, " a<tool>b", 9)); // without the prefix its space stays
    char *text;
    size_t bytes;
    EXPECT(tokenizer_decode(t, wrong, 2, &text, &bytes) == -EINVAL && !text);
    tokenizer_close(t);
    gguf_close(g);
    const struct made_options prefix = {.model = "llama", .eos = 2, .space_prefix = true};
    EXPECT(make(small, SMALL, &prefix, &g, &t) == 0 && t);
    EXPECT(encodes(t, "a<tool>b", 8, false, false, "9 3 7 9 4"));
    const int32_t back[] = {9, 3, 7, 9, 4};
    EXPECT(decodes(t, back, 5, "a<tool>b", 8));
    tokenizer_close(t);
    gguf_close(g);
    return 0;
}

struct refused {
    struct made_options options;
    struct made last; // put behind the small vocabulary
    const char *message;
};

// A text full of beginnings of user-defined tokens takes no longer for there being many of them.
static int check_many_cuts(const void *argument) {
    enum { COUNT = 100000, BYTES = 20000 };
    static struct gguf_string strings[COUNT];
    static char spellings[COUNT][8], text[BYTES];
    static float scores[COUNT];
    static int32_t types[COUNT];
    struct gguf_writer *w;
    struct gguf *g;
    struct tokenizer *t;
    int32_t *ids;
    size_t count;
    (void)argument;
    for (int i = 0; i < COUNT; i++) {
        snprintf(spellings[i], sizeof spellings[i], "a%05d", i);
        strings[i] = (struct gguf_string){spellings[i], 6};
        types[i] = 4;
    }
    memset(text, 'a', sizeof text);
    memcpy(text + sizeof text - 6, "a09999", 6);
    EXPECT(gguf_write_open(&w, made_path, 32) == 0);
    gguf_write_text(w, "tokenizer.ggml.model", "llama");
    gguf_write_strings(w, "tokenizer.ggml.tokens", strings, COUNT);
    gguf_write_array(w, "tokenizer.ggml.scores", GGUF_F32, scores, COUNT);
    gguf_write_array(w, "tokenizer.ggml.token_type", GGUF_I32, types, COUNT);
    EXPECT(gguf_write_head(w) == 0 && gguf_write_close(w, true) == 0);
    EXPECT(gguf_open(&g, made_path) == 0 && tokenizer_open(&t, g) == 0);
    const clock_t start = clock();
    EXPECT(tokenizer_encode(t, text, sizeof text, false, false, &ids, &count) == 0);
    const double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    EXPECT(count > 0 && ids[count - 1] == 9999);
    free(ids);
    tokenizer_close(t);
    gguf_close(g);
    // Comparing each byte of the text with all tokens would take about a hundred times this.
    return seconds < 0.5 ? 0 : case_fail("%g s of processor time", seconds);
}

static int check_refused(const void *argument) {
    const struct refused *r = argument;
    struct made tokens[SMALL + 1];
    struct gguf *g;
    struct tokenizer *t;
    memcpy(tokens, small, sizeof small);
    tokens[SMALL] = r->last;
    const int rc = make(tokens, SMALL + 1, &r->options, &g, &t);
    const bool named = strncmp(engine_error(), made_path, strlen(made_path)) == 0;
    gguf_close(g);
    EXPECT(rc == -EINVAL && !t && named && strstr(engine_error(), r->message));
    return 0;
}

static int check_none(const void *argument) {
    const struct made_options o = {.model = argument, .eos = 2};
    struct gguf *g;
    struct tokenizer *t;
    EXPECT(make(small, SMALL, &o, &g, &t) == 0 && !t);
    gguf_close(g);
    return 0;
}

// A long text without a space: merging must not be quadratic (it would take minutes).
static int check_long(const void *argument) {
    (void)argument;
    const size_t bytes = 1 << 20;
    char *text = malloc(bytes), *back;
    int32_t *ids;
    size_t count, back_bytes;
    if (!text) return case_fail("no memory");
    for (size_t i = 0; i < bytes; i++) text[i] = "theandofing"[i % 11];
    EXPECT(tokenizer_encode(kjv, text, bytes, false, false, &ids, &count) == 0);
    EXPECT(tokenizer_decode(kjv, ids, count, &back, &back_bytes) == 0);
    EXPECT(back_bytes == bytes && memcmp(back, text, bytes) == 0);
    free(ids);
    free(back);
    free(text);
    return 0;
}

static const struct refused refusals[] = {
    {{.model = "gpt2", .eos = 2}, {"z", 0, 1}, "tokenizer 'gpt2' is not built yet"},
    {{.model = "llama", .eos = 2, .no_scores = true},
     {"z", 0, 1},
     "'tokenizer.ggml.scores': missing"},
    {{.model = "llama", .eos = 2, .short_types = true},
     {"z", 0, 1},
     "has 17 elements for 18 tokens"},
    {{.model = "llama", .eos = 18}, {"z", 0, 1}, "token 18, but there are 18"},
    {{.model = "llama", .eos = 2}, {"z", 0, 9}, "token 17 has the unknown type 9"},
    {{.model = "llama", .eos = 2}, {"z", (float)__builtin_nan(""), 1}, "token 17 has no number"},
    {{.model = "llama", .eos = 2}, {"<0xG0>", 0, 6}, "byte token 17 is not spelt <0xNN>"},
};

int main(int argc, char **argv) {
    static struct row rows[ROWS_MAX];
    struct test_case cases[ROWS_MAX + 16] = {
        {"small_vocabulary", check_small, NULL},     {"long_text", check_long, NULL},
        {"many_cuts", check_many_cuts, NULL},        {"no_model", check_none, NULL},
        {"no_vocab", check_none, "no_vocab"},        {"unknown_model", check_refused, &refusals[0]},
        {"no_scores", check_refused, &refusals[1]},  {"short_types", check_refused, &refusals[2]},
        {"eos_beyond", check_refused, &refusals[3]}, {"unknown_type", check_refused, &refusals[4]},
        {"nan_score", check_refused, &refusals[5]},  {"bad_byte", check_refused, &refusals[6]},
    };
    size_t count = 12, row_count = 0;
    snprintf(made_path, sizeof made_path, "%s/made.gguf", case_make_directory());
    char *model;
    if (source_path("embedded:kjv-3.7m", &model) != 0 || gguf_open(&embedded, model) != 0 ||
        tokenizer_open(&kjv, embedded) != 0 || !kjv)
        return case_fail("%s", engine_error());
    char *path = case_tree_path("tests/data/tokenizers/spm-kjv.tokens.csv");
    char *table = case_read_text(path), *rest = table;
    (void)strsep(&rest, "\n"); // the header
    for (char *line; (line = strsep(&rest, "\n")) != NULL && *line && row_count < ROWS_MAX;) {
        struct row *row = &rows[row_count];
        line[strcspn(line, "\r")] = '\0';
        snprintf(row->name, sizeof row->name, "spm-kjv/%zu", row_count++);
        row->hex = strsep(&line, ",");
        row->ids = line ? line : "";
        cases[count++] = (struct test_case){row->name, check_row, row};
    }
    const int rc = case_main(argc, argv, cases, count);
    tokenizer_close(kjv);
    gguf_close(embedded);
    free(model);
    free(path);
    free(table);
    return rc;
}
