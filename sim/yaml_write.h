/* SPDX-License-Identifier: MIT */
#ifndef MSIRACE_SIM_YAML_WRITE_H
#define MSIRACE_SIM_YAML_WRITE_H

#include <glib.h>

/*
 * Appends a text as a YAML scalar that reads back as the same text, quoted where it must be: as a key's
 * value on its line, or as an item of a list in brackets. UTF-8 stays as it is; text that is not UTF-8
 * makes a file that is no YAML.
 */
void yaml_write_text(GString *out, const char *text);
void yaml_write_item(GString *out, const char *text);

#endif
