// SPDX-License-Identifier: MIT
// Which known word was meant: for the messages about unknown ones.
#pragma once

// Keeps the better of *best and candidate; start with *best = NULL. Candidates too far away to be
// meant are not taken.
void closest_offer(const char **best, const char *word, const char *candidate);
