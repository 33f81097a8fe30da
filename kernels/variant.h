// SPDX-License-Identifier: MIT
// For the C files that are compiled several times (Makefile: FREE_*): strictly as `__c`, and freely
// optimized with -DVARIANT=c_v3 and so on. NAME(op) is the symbol of the variant being compiled.
#pragma once

#ifndef VARIANT
#define VARIANT c
#endif
#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
#define NAME(op) PASTE(op##__, VARIANT)

// Levels that differ from the next lower one in integer dots alone: they have no other kernels.
#define ONLY_INTEGER_c_avx512vnni 1
#define ONLY_INTEGER_c_dotprod 1
#define ONLY_INTEGER PASTE(ONLY_INTEGER_, VARIANT)
