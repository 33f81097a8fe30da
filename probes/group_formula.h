// SPDX-License-Identifier: MIT
// Formulas of group files: + - * / ( ), numbers, names. Private to probes/ and tests/.
#pragma once
#include "probes/group.h"

// 0, or -EINVAL with a message that begins with `where` ("file:line").
int formula_parse(struct formula *f, const char *text, const char *where);
// term: the value of a name and its status.
enum status formula_evaluate(const struct formula *f, group_term *term, void *arg, double *value);
// Whether the status has values, and which of two is the worse.
bool formula_has_value(enum status s);
enum status formula_worse(enum status a, enum status b);
