// SPDX-License-Identifier: MIT
#include "probes/group_formula.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probes/error.h"

bool formula_has_value(enum status s) {
    return s == STATUS_ok || s == STATUS_unverified || s == STATUS_multiplexed ||
           s == STATUS_inexact || s == STATUS_below_min_region;
}

enum status formula_worse(enum status a, enum status b) { // the enum goes from good to bad
    return a > b ? a : b;
}

struct parser {
    struct formula *formula;
    const char *at, *text, *where;
    int depth;
};

static int complain(const struct parser *p, const char *what) {
    return probes_fail(EINVAL,
                       "%s: formula \"%s\": %s at \"%.20s\"; a formula is names, numbers, "
                       "+ - * / and parentheses",
                       p->where, p->text, what, *p->at ? p->at : "its end");
}

static struct formula_step *push(struct parser *p) {
    struct formula *f = p->formula;
    if (f->count == FORMULA_MAX) return NULL;
    f->steps[f->count] = (struct formula_step){0};
    return &f->steps[f->count++];
}

static void skip_blanks(struct parser *p) {
    while (isspace((unsigned char)*p->at)) p->at++;
}

static int parse_sum(struct parser *p);

static int parse_value(struct parser *p) {
    skip_blanks(p);
    if (p->depth > 16) return complain(p, "nested too deeply");
    if (*p->at == '(') {
        p->at++;
        p->depth++;
        int error = parse_sum(p);
        p->depth--;
        if (error) return error;
        skip_blanks(p);
        if (*p->at != ')') return complain(p, "a closing parenthesis is missing");
        p->at++;
        return 0;
    }
    if (*p->at == '-') {
        p->at++;
        p->depth++;
        int error = parse_value(p);
        p->depth--;
        if (error) return error;
        struct formula_step *s = push(p);
        if (!s) return complain(p, "too long");
        *s = (struct formula_step){.op = FORMULA_operator, .operator= '~' };
        return 0;
    }
    struct formula_step *s = push(p);
    if (!s) return complain(p, "too long");
    if (isdigit((unsigned char)*p->at) || *p->at == '.') {
        char *end;
        s->op = FORMULA_number;
        s->number = strtod(p->at, &end);
        if (end == p->at) return complain(p, "no number");
        p->at = end;
        return 0;
    }
    size_t n = 0;
    while (isalnum((unsigned char)p->at[n]) || p->at[n] == '_') n++;
    if (n == 0) return complain(p, "a name or a number is missing");
    if (n >= sizeof s->term) return complain(p, "a name too long");
    s->op = FORMULA_term;
    memcpy(s->term, p->at, n);
    p->at += n;
    return 0;
}

// A chain of one precedence: operators of `signs` between what `next` parses.
static int parse_chain(struct parser *p, const char *signs, int (*next)(struct parser *)) {
    int error = next(p);
    while (!error) {
        skip_blanks(p);
        if (!*p->at || !strchr(signs, *p->at)) return 0;
        char sign = *p->at++;
        error = next(p);
        if (error) break;
        struct formula_step *s = push(p);
        if (!s) return complain(p, "too long");
        *s = (struct formula_step){.op = FORMULA_operator, .operator= sign };
    }
    return error;
}

static int parse_product(struct parser *p) {
    return parse_chain(p, "*/", parse_value);
}

static int parse_sum(struct parser *p) {
    return parse_chain(p, "+-", parse_product);
}

int formula_parse(struct formula *f, const char *text, const char *where) {
    struct parser p = {.formula = f, .at = text, .text = text, .where = where};
    f->count = 0;
    int error = parse_sum(&p);
    if (error) return error;
    skip_blanks(&p);
    return *p.at ? complain(&p, "an operator is missing") : 0;
}

enum status formula_evaluate(const struct formula *f, group_term *term, void *arg, double *value) {
    double stack[FORMULA_MAX + 1] = {0};
    int top = 0;
    enum status status = STATUS_ok;
    *value = NAN;
    for (int i = 0; i < f->count; i++) {
        const struct formula_step *s = &f->steps[i];
        if (s->op == FORMULA_number) {
            stack[top++] = s->number;
        } else if (s->op == FORMULA_term) {
            enum status own = term(arg, s->term, &stack[top++]);
            status = formula_worse(status, own);
        } else if (s->operator== '~') {
            stack[top - 1] = -stack[top - 1];
        } else {
            double right = stack[--top], *left = &stack[top - 1];
            // A count of zero below the line: no rate exists, and infinity would look like one.
            if (s->operator== '/' && right == 0)
                status = formula_worse(status, STATUS_zero_suspect);
            *left = s->operator== '+'   ? *left + right
                    : s->operator== '-' ? *left - right
                    : s->operator== '*' ? *left * right
                                        : * left / right;
        }
    }
    if (formula_has_value(status) && isfinite(stack[0]))
        *value = stack[0];
    else if (formula_has_value(status))
        status = STATUS_lost; // a term claimed a value and had none
    return status;
}
