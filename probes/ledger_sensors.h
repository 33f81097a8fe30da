// SPDX-License-Identifier: MIT
// The ledger's sensors: temperature, throttle counts, energy. Private to probes/ledger*.c.
#pragma once

// Opens what this machine has. Idempotent after ledger_sensors_close.
void ledger_sensors_open(void);
void ledger_sensors_close(void);
double ledger_temperature_c(void);   // hottest CPU sensor; NaN where there is none
double ledger_throttle_events(void); // of all CPUs since boot; NaN where not told
// Joules of all CPU packages since ledger_sensors_open, wraps of the registers undone as long as
// there is a reading in each; NaN where none can be read. The caller holds a lock.
double ledger_energy_j(const char **domain);
// A number at the start of an open file, by pread: NaN where it cannot be read.
double ledger_pread_number(int fd);
