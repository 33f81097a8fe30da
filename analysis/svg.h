// SPDX-License-Identifier: MIT
// Figures inside of a page.
#pragma once
#include <stdio.h>

// Copies the SVG at path into f as an element of a page: without its prolog and title; ids, and
// what refers to them, begin with prefix; its name is the element with the id `labelled`. Elements,
// attributes and references that gnuplot does not write (scripts, foreign content, addresses) are
// refused: 0, or an exit code with failure() set.
int svg_inline(FILE *f, const char *path, const char *prefix, const char *labelled);
