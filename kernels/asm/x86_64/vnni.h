// SPDX-License-Identifier: MIT
// clang-format off
// vpdpbusd on 256 bits. Files of AVX-VNNI (*__avxvnni*) say VNNI_VEX first. CHECK_VNNI_EVEX is for
// the checker alone: it assembles the same sources with the EVEX form, whose arithmetic is the
// same, so that machines with AVX-512 VNNI and no AVX-VNNI can verify them.
#pragma once
#if defined(VNNI_VEX) && !defined(CHECK_VNNI_EVEX)
#define DPBUSD {vex} vpdpbusd
#else
#define DPBUSD {evex} vpdpbusd
#endif
