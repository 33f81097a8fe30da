// SPDX-License-Identifier: MIT
// Texts for `make install`, from the tables of experiments/command.h.
#pragma once
#include <stdio.h>

// inferometer(1), in the man macros. date: as it stands in the page's foot; "" leaves it out.
void document_man(FILE *out, const char *date);

// Completion scripts. What is not built yet, and internal verbs, are left out.
void document_bash(FILE *out);
void document_zsh(FILE *out);
