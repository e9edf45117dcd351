/* SPDX-License-Identifier: MIT */
/* Man pages and shell completion, from the tables of the commands, the scenario's keys, the strategies and the metrics. */
#ifndef MSIRACE_SIM_MANUAL_H
#define MSIRACE_SIM_MANUAL_H

#include <glib.h>

#include "sim/commands.h"

/* msirace(1): all commands, and the exit statuses. */
GString *manual_program(void);

/* msirace-NAME(1). */
GString *manual_command(const struct command *command);

/* msirace-scenario(5): every key of a scenario. */
GString *manual_scenario(void);

/* Completion of commands, their options and strategies. */
GString *completion_bash(void);
GString *completion_zsh(void);

#endif
