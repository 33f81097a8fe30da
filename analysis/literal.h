// SPDX-License-Identifier: MIT
// Text of runs and protocols as it may be shown: every byte sequence becomes valid UTF-8 that moves
// no cursor, changes no direction and ends no line unasked.
#pragma once
#include <stdint.h>
#include <stdio.h>

// The next code point of *text, which is moved behind it. What is no UTF-8 gives U+FFFD; control
// characters other than tab and newline their picture (U+2400 and on); marks of direction and
// non-characters U+FFFD. 0 at the end.
uint32_t literal_next(const char **text);
void literal_put(FILE *f, uint32_t code_point); // as UTF-8
