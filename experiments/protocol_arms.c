// SPDX-License-Identifier: MIT
// What is compared in a case, and how it is judged: arms, control, primary, decide, granularity.
#include "experiments/protocol_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experiments/csv.h"
#include "kernels/kernels.h"

enum factor {
#define WORD(...)
#define SETTING(...)
#define FACTOR(name, ...) FACTOR_##name,
#define DESIGN(...)
#include "experiments/words.def"
#undef FACTOR
    FACTOR_COUNT
};
static const struct value_rule factors[] = {
#define FACTOR(name, type, low, high, words) {#name, VALUE_##type, low, high, words},
#include "experiments/words.def"
#undef WORD
#undef SETTING
#undef FACTOR
#undef DESIGN
};

static const struct value_rule measures[] = {
#define MEASURE(name, ...) {#name, VALUE_text, 0, 0, ""},
#include "experiments/measures.def"
#undef MEASURE
};

static int read_factor(struct reader *r, const struct statement *s, struct arm *a, char *word,
                       unsigned *stated) {
    char *key, *value;
    long long number = 0;
    protocol_split(word, &key, &value);
    enum factor which = (enum factor)(protocol_rule(factors, FACTOR_COUNT, key) - factors);
    if ((*stated >> which & 1) != 0)
        return protocol_fail(r, BAD_PROTOCOL, s->line, "arm %s: '%s' stands twice", a->name, key);
    *stated |= 1u << which;
    int status = protocol_value(r, s->line, &factors[which], value, &number);
    switch (which) {
    case FACTOR_act:
        a->act = value;
        break;
    case FACTOR_kv:
        a->kv = value;
        break;
    case FACTOR_partition:
        a->partition = value;
        break;
    case FACTOR_observer:
        a->observer = value;
        break;
    case FACTOR_threads:
        a->threads = (int)number;
        break;
    default:
        break;
    }
    return status;
}

static int check_rules(struct reader *r, const struct protocol_case *c, const struct statement *s,
                       struct arm *a) {
    struct kernel_rules parsed = {0};
    char message[512];
    // What a recorded run forced need not exist on the machine that reads it.
    int status =
        r->copy ? 0 : kernel_rules_parse(&parsed, a->kernel_rules, message, sizeof message);
    if (status == KERNEL_RULES_NO_ISA && protocol_simulated(c)) status = 0; // it is not to run here
    if (status != 0) return protocol_fail(r, status, s->line, "arm %s: %s", a->name, message);
    if (strcmp(a->kernel_rules, "*=default") == 0) a->kernel_rules = "";
    return 0;
}

static int read_arm(struct reader *r, const struct protocol_case *c, const struct statement *s,
                    struct arm *a) {
    char variants[1024] = "";
    unsigned stated = 0;
    const char *name = s->args[0];
    if (name[0] < 'A' || name[0] > 'Z' || name[1] != '\0')
        return protocol_fail(r, BAD_PROTOCOL, s->line,
                             "an arm is named by a letter, A to Z, not '%s'", name);
    snprintf(a->name, sizeof a->name, "%s", name);
    for (size_t i = 1; i < s->count; i++) {
        char *word = protocol_keep_text(r, s->args[i], strlen(s->args[i])), *key, *value;
        if (word == NULL) return EXIT_FAILED;
        if (!protocol_split(word, &key, &value))
            return protocol_fail(r, BAD_PROTOCOL, s->line,
                                 "arm %s: '%s' is neither OP=VARIANT nor FACTOR=VALUE", name,
                                 s->args[i]);
        bool factor = protocol_rule(factors, FACTOR_COUNT, key) != NULL;
        if (!factor && strcmp(key, "*") != 0 && op_find(key) < 0 && strchr(value, '=') == NULL) {
            struct value_rule known[FACTOR_COUNT + OP_COUNT];
            memcpy(known, factors, sizeof factors);
            for (int op = 0; op < OP_COUNT; op++)
                known[FACTOR_COUNT + op] = (struct value_rule){.name = op_info((enum op)op)->name};
            return protocol_unknown(r, EXIT_USAGE, s->line, "op or factor of an arm", key, known,
                                    FACTOR_COUNT + OP_COUNT);
        }
        value[-1] = '=';
        int status = 0;
        if (factor)
            status = read_factor(r, s, a, word, &stated);
        else if (strlen(variants) + strlen(word) + 2 > sizeof variants)
            status =
                protocol_fail(r, BAD_PROTOCOL, s->line, "arm %s: its variants are longer than %zu",
                              name, sizeof variants);
        else
            strcat(strcat(variants, variants[0] == '\0' ? "" : ","), word);
        if (status != 0) return status;
    }
    if ((a->kernel_rules = protocol_keep_text(r, variants, strlen(variants))) == NULL)
        return EXIT_FAILED;
    return check_rules(r, c, s, a);
}

static struct arm *find_arm(const struct protocol_case *c, const char *name) {
    for (size_t i = 0; i < c->arm_count; i++)
        if (strcmp(c->arms[i].name, name) == 0) return &c->arms[i];
    return NULL;
}

static int read_control(struct reader *r, size_t case_index, struct protocol_case *c, int line) {
    static const struct value_rule rule = {"control", VALUE_word, 0, 0, "AA none"};
    const struct statement *s = protocol_next(r, WORD_control, case_index, NULL);
    bool wanted = c->arm_count > 1;
    if (s != NULL) {
        int status = protocol_value(r, s->line, &rule, s->args[0], NULL);
        if (status != 0) return status;
        wanted = strcmp(s->args[0], "AA") == 0;
    }
    const struct arm *a = find_arm(c, "A");
    if (a == NULL && (wanted || c->arm_count > 1))
        return protocol_fail(r, BAD_PROTOCOL, line,
                             "case %s has no arm A: the others are compared with it", c->name);
    if (!wanted) return 0;
    struct arm *control = &c->arms[c->arm_count++];
    *control = *a;
    control->control = true;
    snprintf(control->name, sizeof control->name, "A'");
    return 0;
}

static int read_arms(struct reader *r, size_t case_index, struct protocol_case *c) {
    size_t count = 0;
    int line = c->line;
    for (const struct statement *s = NULL; (s = protocol_next(r, WORD_arm, case_index, s)) != NULL;)
        count++;
    if ((c->arms = protocol_keep(r, count + 2, sizeof *c->arms)) == NULL) return EXIT_FAILED;
    for (const struct statement *s = NULL;
         (s = protocol_next(r, WORD_arm, case_index, s)) != NULL;) {
        struct arm *a = &c->arms[c->arm_count];
        int status = read_arm(r, c, s, a);
        if (status != 0) return status;
        if (find_arm(c, a->name) != NULL)
            return protocol_fail(r, BAD_PROTOCOL, s->line,
                                 "arm %s stands already above: take the next letter", a->name);
        line = s->line;
        c->arm_count++;
    }
    if (count == 0) c->arms[c->arm_count++] = (struct arm){.name = "A", .kernel_rules = ""};
    return read_control(r, case_index, c, line);
}

static bool in_passes(const struct protocol_case *c, const char *event) {
    for (size_t i = 0; i < c->pass_count; i++)
        for (char **e = c->passes[i]; *e != NULL; e++)
            if (strcmp(*e, event) == 0) return true;
    return false;
}

// A metric is a word of a pass, though its events are what is counted.
static bool metric_in_words(const struct reader *r, size_t case_index, const char *name) {
    for (const struct statement *s = NULL;
         (s = protocol_next(r, WORD_pass, case_index, s)) != NULL;)
        for (size_t i = 0; i < s->count; i++)
            if (strcmp(s->args[i], name) == 0) return true;
    return false;
}

static int read_primary(struct reader *r, size_t case_index, struct protocol_case *c,
                        size_t stated_arms) {
    const struct statement *s = protocol_next(r, WORD_primary, case_index, NULL);
    if (s == NULL && stated_arms > 1)
        return protocol_fail(
            r, BAD_PROTOCOL, c->line,
            "case %s has two arms or more and no `primary MEASURE` (such as ns_per_token)",
            c->name);
    if (s == NULL) return 0;
    const size_t count = sizeof measures / sizeof *measures;
    if (protocol_rule(measures, count, s->args[0]) == NULL && !in_passes(c, s->args[0]) &&
        !metric_in_words(r, case_index, s->args[0]))
        return protocol_unknown(r, BAD_PROTOCOL, s->line, "measure", s->args[0], measures, count);
    c->primary = s->args[0];
    return 0;
}

static int read_decide(struct reader *r, size_t case_index, struct protocol_case *c) {
    static const struct value_rule names[] = {{.name = "ci"}, {.name = "min_effect"}};
    const struct statement *s = protocol_next(r, WORD_decide, case_index, NULL);
    bool stated[2] = {false, false};
    c->ci = 0.95;
    c->min_effect = 0.01;
    for (size_t i = 0; s != NULL && i < s->count; i++) {
        char *word = protocol_keep_text(r, s->args[i], strlen(s->args[i])), *key, *value;
        if (word == NULL) return EXIT_FAILED;
        if (!protocol_split(word, &key, &value))
            return protocol_fail(r, BAD_PROTOCOL, s->line,
                                 "'%s' is not NAME=VALUE; the form is: %s", s->args[i],
                                 protocol_word_form(WORD_decide));
        const struct value_rule *rule = protocol_rule(names, 2, key);
        if (rule == NULL)
            return protocol_unknown(r, BAD_PROTOCOL, s->line, "part of decide", key, names, 2);
        bool ci = rule == names;
        double number = csv_parse(value);
        if (stated[ci]) return protocol_fail(r, BAD_PROTOCOL, s->line, "'%s' stands twice", key);
        stated[ci] = true;
        if (!(ci ? number >= 0.5 && number <= 0.9999 : number >= 0 && number <= 1))
            return protocol_fail(r, BAD_PROTOCOL, s->line, "%s '%s' is no number from %s", key,
                                 value, ci ? "0.5 to 0.9999" : "0 to 1");
        *(ci ? &c->ci : &c->min_effect) = number;
    }
    return 0;
}

static int read_granularity(struct reader *r, size_t case_index, struct protocol_case *c) {
    static const struct value_rule rule = {"granularity", VALUE_word, 0, 0, "phase region step"};
    const struct statement *s = protocol_next(r, WORD_granularity, case_index, NULL);
    c->granularity = GRANULARITY_region;
    if (s == NULL) return 0;
    if (strcmp(s->args[0], "phase") == 0) c->granularity = GRANULARITY_phase;
    if (strcmp(s->args[0], "step") == 0) c->granularity = GRANULARITY_step;
    return protocol_value(r, s->line, &rule, s->args[0], NULL);
}

int protocol_arms(struct reader *r, size_t case_index) {
    struct protocol_case *c = &r->p.cases[case_index];
    int status = read_arms(r, case_index, c);
    size_t stated = 0;
    for (size_t i = 0; i < c->arm_count; i++) stated += !c->arms[i].control;
    if (status == 0) status = protocol_passes(r, case_index, c);
    if (status == 0) status = read_primary(r, case_index, c, stated);
    if (status == 0) status = read_decide(r, case_index, c);
    if (status == 0) status = read_granularity(r, case_index, c);
    return status;
}
