// SPDX-License-Identifier: MIT
// The part of Markdown that protocols are written in, as HTML: headings, paragraphs, lists (nested
// by indentation), tables, fenced code, quotes, rules; `code`, *emphasis*, **strong**,
// [links](https://…), backslash escapes. HTML and images are shown as they are written; a link
// leads to http, https or mailto only.
#pragma once
#include <stdio.h>

// text: a whole document. A heading of level n becomes <h(n + shift)>; the first heading of level 1
// is left out.
void markdown_write(FILE *f, const char *text, int shift);
// The text of the first heading of level 1, into title[size]; "" if there is none.
void markdown_title(const char *text, char *title, size_t size);
// One run of text with its emphasis, code and links.
void markdown_inline(FILE *f, const char *text, size_t bytes);
