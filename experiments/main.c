// SPDX-License-Identifier: MIT
#include <stdio.h>

int main(void) {
    fputs("usage: inferometer VERB …\n", stderr);
    return 2;
}
