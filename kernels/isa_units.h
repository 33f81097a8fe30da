// SPDX-License-Identifier: MIT
// Compute units that a CPU has and that no kernel of ours uses though they would be faster:
// ceilings measured by our yardsticks lie below what such a machine can do, and say so.
#pragma once
#include <stdint.h>

#define ISA_UNITS_BYTES 128

// "AMX-INT8 (int8) AMX-BF16 (bf16)": the unit and the ceilings that it would exceed; "none". Of
// this machine, whether its OS lets programs use them or not, and whatever INFEROMETER_ISA masks.
const char *isa_units(void);
const char *isa_units_source(void); // where that was read

// The same from register values: of CPUID leaf 7 EDX of subleaf 0 and EAX of subleaf 1; of AArch64
// AT_HWCAP and AT_HWCAP2.
void isa_units_x86_64(uint32_t leaf7_edx, uint32_t leaf71_eax, char text[ISA_UNITS_BYTES]);
void isa_units_aarch64(uint64_t hwcap, uint64_t hwcap2, char text[ISA_UNITS_BYTES]);
