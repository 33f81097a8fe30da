// SPDX-License-Identifier: MIT
// Writing HTML that is also well-formed XML. Markup is the program's own; every text from elsewhere
// goes through html_text, in elements and in attributes in double quotes alike.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

void html_text(FILE *f, const char *text);
void html_text_n(FILE *f, const char *text, size_t bytes); // at most bytes of it
// <tag>text</tag>
void html_element(FILE *f, const char *tag, const char *text);

// A table that sorts by its columns and scrolls within itself where it is too wide.
// label: what it shows, as its caption; columns: NULL ends them.
void html_table_start(FILE *f, const char *label, const char *const *columns);
void html_table_end(FILE *f);
void html_cell(FILE *f, const char *text);       // "": an empty cell
void html_prose_cell(FILE *f, const char *text); // some words, that want room
void html_code_cell(FILE *f, const char *text);  // may be broken anywhere
// 4 digits for people; all of them for sorting. NaN: an empty cell.
void html_number_cell(FILE *f, double value);
void html_percent_cell(FILE *f, double fraction);
// One of them, with its interval in brackets below; lo or hi NaN: without.
void html_interval_cell(FILE *f, double value, double lo, double hi, bool percent);
// The same as text: "12.34", "38 %" (with a blank that no line breaks at).
void html_number(char text[32], double value);
void html_percent(char text[32], double fraction);
