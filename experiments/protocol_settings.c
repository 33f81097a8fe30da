// SPDX-License-Identifier: MIT
// The points of a case: its phase and settings, multiplied by its sweeps, as --set changes them.
#include "experiments/protocol_parts.h"

#include <stdio.h>
#include <string.h>

#include "kernels/kernels.h"

#define SWEEPS_MAX 16
#define POINTS_MAX 10000

#define ON(phase) (1u << PHASE_##phase)
#define ON_MODELS (ON(prefill) | ON(decode) | ON(question))
enum setting {
#define WORD(...)
#define SETTING(name, ...) SETTING_##name,
#define FACTOR(...)
#define DESIGN(...)
#include "experiments/words.def"
#undef SETTING
    SETTING_COUNT
};
static const struct value_rule rules[] = {
#define SETTING(name, type, phases, low, high, words) {#name, VALUE_##type, low, high, words},
#include "experiments/words.def"
#undef SETTING
};
static const unsigned taken_by[] = {
#define SETTING(name, type, phases, ...) phases,
#include "experiments/words.def"
#undef WORD
#undef SETTING
#undef FACTOR
#undef DESIGN
};
static const char *const phase_names[] = {"prefill", "decode", "question", "kernel", "yardstick"};
#define PHASE_COUNT (sizeof phase_names / sizeof *phase_names)

struct value {
    char *text; // canonical
    long long number;
};

struct sweep {
    enum setting setting;
    int line;
    size_t count;
    struct value *values;
};

struct draft { // of a case
    struct reader *r;
    size_t index;
    struct protocol_case *c;
    struct settings s;
    int phase_line;
    bool has_tokens;
    size_t sweep_count;
    struct sweep sweeps[SWEEPS_MAX];
};

static bool takes(const struct draft *d, enum setting s) {
    return (taken_by[s] >> d->s.phase & 1) != 0;
}

static void assign(struct draft *d, struct settings *s, enum setting which, const struct value *v) {
    switch (which) {
    case SETTING_tokens:
        s->tokens = (long)v->number, d->has_tokens = true;
        break;
    case SETTING_depth:
        s->depth = (long)v->number;
        break;
    case SETTING_gen:
        s->gen = (long)v->number;
        break;
    case SETTING_chunk:
        s->chunk = (long)v->number;
        break;
    case SETTING_threads:
        s->threads = (int)v->number;
        break;
    case SETTING_model:
        s->model = v->text;
        break;
    case SETTING_prompt:
        s->prompt = v->text;
        break;
    case SETTING_kv:
        s->kv = v->text;
        break;
    case SETTING_fill:
        s->fill = v->text;
        break;
    case SETTING_source:
        s->source = v->text;
        break;
    case SETTING_target:
        s->target = v->text;
        break;
    case SETTING_shape:
        s->shape = v->text;
        break;
    case SETTING_ring:
        s->ring_mib = (int)v->number;
        break;
    case SETTING_quads:
        s->quads = (int)v->number;
        break;
    default:
        s->words[which - SETTING_rows] = v->number;
        break;
    }
}

// Numbers become canonical: 0512 is 512.
static int read_value(struct draft *d, int line, enum setting which, const char *text,
                      struct value *v) {
    char canonical[32];
    int status = protocol_value(d->r, line, &rules[which], text, &v->number);
    if (status != 0) return status;
    if (rules[which].type == VALUE_number) {
        snprintf(canonical, sizeof canonical, "%lld", v->number);
        text = canonical;
    }
    v->text = protocol_keep_text(d->r, text, strlen(text));
    return v->text != NULL ? 0 : EXIT_FAILED;
}

static int refuse_setting(const struct draft *d, int line, enum setting which) {
    char all[128] = "";
    for (int s = 0; s < SETTING_COUNT; s++)
        if (takes(d, (enum setting)s))
            strcat(strcat(all, all[0] == '\0' ? "" : " "), rules[s].name);
    return protocol_fail(d->r, BAD_PROTOCOL, line, "phase %s does not take '%s'; it takes: %s",
                         phase_names[d->s.phase], rules[which].name, all);
}

// OP and SHAPE of a kernel, NAME of a yardstick; *used: the words that they are.
static int read_operation(struct draft *d, const struct statement *s, size_t *used) {
    const char *name = s->count > 1 ? s->args[1] : "";
    bool kernel = d->s.phase == PHASE_kernel;
    if (s->count < 2)
        return protocol_fail(d->r, BAD_PROTOCOL, s->line, "its form is: phase %s",
                             kernel ? "kernel OP SHAPE" : "yardstick NAME");
    int op = op_find(name);
    bool yardstick = op >= 0 && op_info((enum op)op)->op_class == CLASS_yardstick;
    if (op < 0 || yardstick == kernel) {
        struct value_rule ops[OP_COUNT];
        size_t count = 0;
        for (int i = 0; i < OP_COUNT; i++)
            if ((op_info((enum op)i)->op_class == CLASS_yardstick) != kernel)
                ops[count++] = (struct value_rule){.name = op_info((enum op)i)->name};
        return protocol_unknown(d->r, EXIT_USAGE, s->line, kernel ? "op" : "yardstick", name, ops,
                                count);
    }
    d->s.op = name;
    d->s.ring_mib = 512;
    *used = 2;
    if (kernel && s->count > 2 && strchr(s->args[2], '=') == NULL) d->s.shape = s->args[(*used)++];
    return 0;
}

static int read_phase(struct draft *d, const struct statement *s, unsigned *stated) {
    size_t phase = 0;
    while (phase < PHASE_COUNT && strcmp(phase_names[phase], s->args[0]) != 0) phase++;
    if (phase == PHASE_COUNT) {
        struct value_rule phases[PHASE_COUNT];
        for (size_t i = 0; i < PHASE_COUNT; i++)
            phases[i] = (struct value_rule){.name = phase_names[i]};
        return protocol_unknown(d->r, BAD_PROTOCOL, s->line, "phase", s->args[0], phases,
                                PHASE_COUNT);
    }
    d->s.phase = (enum phase)phase;
    bool operation = phase == PHASE_kernel || phase == PHASE_yardstick;
    size_t used = 1;
    int read = operation ? read_operation(d, s, &used) : 0;
    if (read != 0) return read;
    if (takes(d, SETTING_gen)) d->s.gen = 16;
    if (takes(d, SETTING_chunk)) d->s.chunk = 512;
    for (size_t i = used; i < s->count; i++) {
        char *key, *text, *word = protocol_keep_text(d->r, s->args[i], strlen(s->args[i]));
        struct value v;
        if (word == NULL) return EXIT_FAILED;
        if (!protocol_split(word, &key, &text))
            return protocol_fail(d->r, BAD_PROTOCOL, s->line, "'%s' is not NAME=VALUE", s->args[i]);
        // Models state theirs in statements of their own.
        const struct value_rule *rule =
            protocol_rule(rules, operation ? SETTING_COUNT : SETTING_model, key);
        if (rule == NULL)
            return protocol_unknown(d->r, BAD_PROTOCOL, s->line, "part of a phase", key, rules,
                                    operation ? SETTING_COUNT : SETTING_model);
        enum setting which = (enum setting)(rule - rules);
        if (!takes(d, which)) return refuse_setting(d, s->line, which);
        if ((*stated >> which & 1) != 0)
            return protocol_fail(d->r, BAD_PROTOCOL, s->line, "'%s' stands twice", key);
        *stated |= 1u << which;
        int status = read_value(d, s->line, which, text, &v);
        if (status != 0) return status;
        assign(d, &d->s, which, &v);
    }
    return 0;
}

// `sweep depth = 0 512`, also `sweep depth=0 512`: one text behind the word, then its values.
static int read_sweep(struct draft *d, const struct statement *s, struct sweep *out) {
    char name[64];
    size_t next = 1;
    size_t name_bytes = strcspn(s->args[0], "=");
    const char *rest = s->args[0] + name_bytes;
    snprintf(name, sizeof name, "%.*s", (int)name_bytes, s->args[0]);
    if (rest[0] == '\0' && s->count > 1 && s->args[1][0] == '=') rest = s->args[next++];
    if (rest[0] != '=')
        return protocol_fail(d->r, BAD_PROTOCOL, s->line, "its form is: %s",
                             protocol_word_form(WORD_sweep));
    const struct value_rule *rule = protocol_rule(rules, SETTING_COUNT, name);
    if (rule == NULL)
        return protocol_unknown(d->r, BAD_PROTOCOL, s->line, "setting to sweep", name, rules,
                                SETTING_COUNT);
    *out = (struct sweep){.setting = (enum setting)(rule - rules), .line = s->line};
    if (!takes(d, out->setting)) return refuse_setting(d, s->line, out->setting);
    if ((out->values = protocol_keep(d->r, s->count + 1, sizeof *out->values)) == NULL)
        return EXIT_FAILED;
    int status = 0;
    if (rest[1] != '\0')
        status = read_value(d, s->line, out->setting, rest + 1, &out->values[out->count++]);
    for (; status == 0 && next < s->count; next++)
        status = read_value(d, s->line, out->setting, s->args[next], &out->values[out->count++]);
    if (status == 0 && out->count == 0)
        status = protocol_fail(d->r, BAD_PROTOCOL, s->line,
                               "'%s' has no values to sweep; the form is: %s", name,
                               protocol_word_form(WORD_sweep));
    return status;
}

static int check_sweep_values(const struct draft *d, int line, const struct sweep *s) {
    for (size_t i = 0; i < s->count; i++) {
        if (strpbrk(s->values[i].text, ";\n") != NULL)
            return protocol_fail(d->r, BAD_PROTOCOL, line, "'%s': a swept value has no ';'",
                                 s->values[i].text);
        for (size_t j = 0; j < i; j++)
            if (strcmp(s->values[i].text, s->values[j].text) == 0)
                return protocol_fail(d->r, BAD_PROTOCOL, line, "'%s' is swept twice",
                                     s->values[i].text);
    }
    return 0;
}

static struct sweep *sweep_of(struct draft *d, enum setting which) {
    for (size_t i = 0; i < d->sweep_count; i++)
        if (d->sweeps[i].setting == which) return &d->sweeps[i];
    return NULL;
}

static int read_sweeps(struct draft *d, const struct statement *phase, unsigned stated) {
    for (const struct statement *s = NULL;
         (s = protocol_next(d->r, WORD_sweep, d->index, s)) != NULL;) {
        struct sweep *new = &d->sweeps[d->sweep_count];
        if (d->sweep_count == SWEEPS_MAX)
            return protocol_fail(d->r, BAD_PROTOCOL, s->line, "more than %d sweeps", SWEEPS_MAX);
        int status = read_sweep(d, s, new);
        if (status == 0) status = check_sweep_values(d, s->line, new);
        if (status != 0) return status;
        const struct sweep *old = sweep_of(d, new->setting);
        const char *name = rules[new->setting].name;
        if (old != NULL)
            return protocol_fail(d->r, BAD_PROTOCOL, s->line, "'%s' is swept already in line %d",
                                 name, old->line);
        if ((stated >> new->setting & 1) != 0 && phase->case_index == s->case_index)
            return protocol_fail(d->r, BAD_PROTOCOL, s->line,
                                 "'%s' is swept here and stated in line %d: remove one", name,
                                 phase->line);
        d->sweep_count++;
    }
    return 0;
}

// model, threads, prompt …
static int read_settings(struct draft *d) {
    static const struct {
        enum word word;
        enum setting setting;
    } plain[] = {{WORD_model, SETTING_model},   {WORD_threads, SETTING_threads},
                 {WORD_prompt, SETTING_prompt}, {WORD_kv, SETTING_kv},
                 {WORD_fill, SETTING_fill},     {WORD_source, SETTING_source}};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        struct value v;
        const struct statement *s = protocol_next(d->r, plain[i].word, d->index, NULL);
        if (s == NULL) continue;
        if (!takes(d, plain[i].setting) && s->case_index >= 0)
            return refuse_setting(d, s->line, plain[i].setting);
        if (!takes(d, plain[i].setting)) continue; // said for other cases
        const struct sweep *sweep = sweep_of(d, plain[i].setting);
        if (sweep != NULL && s->case_index >= 0)
            return protocol_fail(d->r, BAD_PROTOCOL, s->line,
                                 "'%s' is stated here and swept in line %d: remove one",
                                 rules[plain[i].setting].name, sweep->line);
        int status = read_value(d, s->line, plain[i].setting, s->args[0], &v);
        if (status != 0) return status;
        assign(d, &d->s, plain[i].setting, &v);
    }
    return 0;
}

// --set name=value[,value…]: other values of a sweep, or one value of what is not swept.
static int apply_override(struct draft *d, struct override *o) {
    const struct value_rule *rule = protocol_rule(rules, SETTING_COUNT, o->key);
    if (rule == NULL || !takes(d, (enum setting)(rule - rules))) return 0;
    enum setting which = (enum setting)(rule - rules);
    struct sweep *sweep = sweep_of(d, which), one = {.setting = which};
    struct sweep *to = sweep != NULL ? sweep : &one;
    int status = 0;
    o->used = true;
    d->r->blamed = o;
    to->count = 0;
    if ((to->values = protocol_keep(d->r, strlen(o->value) + 1, sizeof *to->values)) == NULL)
        return EXIT_FAILED;
    for (const char *at = o->value; status == 0;) {
        size_t bytes = strcspn(at, ",");
        char *text = protocol_keep_text(d->r, at, bytes);
        if (text == NULL) return EXIT_FAILED;
        status = read_value(d, 0, which, text, &to->values[to->count++]);
        if (at[bytes] == '\0') break;
        at += bytes + 1;
    }
    if (status == 0) status = check_sweep_values(d, 0, to);
    if (status == 0 && sweep == NULL && to->count > 1)
        status =
            protocol_fail(d->r, EXIT_USAGE, 0, "case %s does not sweep '%s': it takes one value",
                          d->c->name, o->key);
    if (status == 0 && sweep == NULL) assign(d, &d->s, which, &one.values[0]);
    return status;
}

static int check_mandatory(struct draft *d) {
    int line = d->c->line;
    const char *name = d->c->name, *phase = phase_names[d->s.phase];
    if (takes(d, SETTING_tokens) && d->s.phase != PHASE_kernel && !d->has_tokens &&
        sweep_of(d, SETTING_tokens) == NULL)
        return protocol_fail(d->r, BAD_PROTOCOL, line,
                             "case %s: phase %s needs tokens=N, or `sweep tokens = …`", name,
                             phase);
    if (takes(d, SETTING_model) && d->s.model == NULL && sweep_of(d, SETTING_model) == NULL)
        return protocol_fail(d->r, BAD_PROTOCOL, line,
                             "case %s: phase %s needs a statement `model MODEL`", name, phase);
    return 0;
}

static int make_point(struct draft *d, struct point *point, const size_t *at) {
    char id[4096] = "";
    size_t n = 0;
    point->settings = d->s;
    if ((point->values = protocol_keep(d->r, d->sweep_count + 1, sizeof *point->values)) == NULL)
        return EXIT_FAILED;
    for (size_t i = 0; i < d->sweep_count; i++) {
        const struct sweep *s = &d->sweeps[i];
        const struct value *v = &s->values[at[i]];
        assign(d, &point->settings, s->setting, v);
        point->values[i] = v->text;
        n += (size_t)snprintf(id + n, sizeof id - n, "%s%s=%s", i > 0 ? ";" : "",
                              rules[s->setting].name, v->text);
        if (n >= sizeof id)
            return protocol_fail(d->r, BAD_PROTOCOL, s->line, "a point's name is longer than %zu",
                                 sizeof id);
    }
    point->id = protocol_keep_text(d->r, id, n);
    if (point->id == NULL) return EXIT_FAILED;
    if (d->s.phase != PHASE_kernel && d->s.phase != PHASE_yardstick) return 0;
    return protocol_shape(d->r, d->phase_line, &point->settings);
}

static int multiply(struct draft *d) {
    size_t count = 1, at[SWEEPS_MAX] = {0};
    struct protocol_case *c = d->c;
    for (size_t i = 0; i < d->sweep_count; i++) {
        count *= d->sweeps[i].count;
        if (count > POINTS_MAX)
            return protocol_fail(d->r, BAD_PROTOCOL, d->sweeps[i].line,
                                 "case %s has more than %d points", c->name, POINTS_MAX);
    }
    c->sweep_count = d->sweep_count;
    c->sweep_names = protocol_keep(d->r, d->sweep_count + 1, sizeof *c->sweep_names);
    c->points = protocol_keep(d->r, count, sizeof *c->points);
    if (c->sweep_names == NULL || c->points == NULL) return EXIT_FAILED;
    for (size_t i = 0; i < d->sweep_count; i++)
        c->sweep_names[i] = rules[d->sweeps[i].setting].name;
    for (c->point_count = 0; c->point_count < count;) {
        int status = make_point(d, &c->points[c->point_count++], at);
        if (status != 0) return status;
        for (size_t i = d->sweep_count; i-- > 0;) { // the last sweep turns fastest
            if (++at[i] < d->sweeps[i].count) break;
            at[i] = 0;
        }
    }
    return 0;
}

int protocol_points(struct reader *r, size_t case_index) {
    struct draft d = {.r = r, .index = case_index, .c = &r->p.cases[case_index]};
    unsigned stated = 0;
    d.s = (struct settings){.prompt = "text", .kv = "f16", .fill = "seeded"};
    const struct statement *phase = protocol_next(r, WORD_phase, case_index, NULL);
    if (phase == NULL)
        return protocol_fail(r, BAD_PROTOCOL, d.c->line,
                             "case %s has no phase; a case needs one: %s", d.c->name,
                             protocol_word_form(WORD_phase));
    d.phase_line = phase->line;
    int status = read_phase(&d, phase, &stated);
    if (status == 0) status = read_sweeps(&d, phase, stated);
    if (status == 0) status = read_settings(&d);
    for (size_t i = 0; status == 0 && i < r->override_count; i++)
        status = apply_override(&d, &r->overrides[i]);
    if (status == 0) status = check_mandatory(&d);
    return status != 0 ? status : multiply(&d);
}

const struct value_rule *protocol_settings(size_t *count) {
    *count = SETTING_COUNT;
    return rules;
}
