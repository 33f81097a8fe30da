// SPDX-License-Identifier: MIT
// SAYS(condition): a case fails where it does not hold, with the message of experiments/failure.h.
#pragma once
#include "experiments/failure.h"
#include "tests/case.h"

#define SAYS(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) return case_fail("not so: %s (%s)", #condition, failure());              \
    } while (0)
