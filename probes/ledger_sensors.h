// SPDX-License-Identifier: MIT
// The ledger's sensors: temperature, throttle counts; energy is opened with them (energy.h).
// Private to probes/ledger*.c.
#pragma once

// Opens what this machine has. Idempotent after ledger_sensors_close.
void ledger_sensors_open(void);
void ledger_sensors_close(void);
double ledger_temperature_c(void);   // hottest CPU sensor; NaN where there is none
double ledger_throttle_events(void); // of all CPUs since boot; NaN where not told
// A number at the start of an open file, by pread: NaN where it cannot be read.
double ledger_pread_number(int fd);
