// SPDX-License-Identifier: MIT
// libpfm4's part of encode.h, apart from it because <perfmon/perf_event.h> and <linux/perf_event.h>
// define the same names. Private to probes/encode*.c; only in builds with HAVE_PFM.
#pragma once
#include "probes/encode.h"

int encode_pfm_event(const char *name, struct encoding *e); // as encode_event
typedef void encode_name_visitor(void *arg, const char *name, const char *description);
// "pmu::EVENT" and "pmu::EVENT:UMASK" of the PMUs that are here.
void encode_pfm_names(encode_name_visitor *visit, void *arg);

// Private to encode.c and encode_pfm.c: the table's names among those to choose the nearest from.
struct nearest;
void encode_offer_table(struct nearest *near);
