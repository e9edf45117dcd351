/* SPDX-License-Identifier: MIT */
/* A report of finished runs for people who were not there: one HTML file that needs nothing else. */
#ifndef MSIRACE_SIM_REPORT_HTML_H
#define MSIRACE_SIM_REPORT_HTML_H

#include <glib.h>

#include "sim/plot_input.h"

/*
 * The whole page, which is well-formed XML too. svg[n] is the text of the picture inputs->plots[n] as gnuplot drew it.
 * Whatever the documents hold is only ever shown: the page allows no script but its own, and loads nothing.
 */
GString *report_html(const struct plot_inputs *inputs, const char *const *svg, const char *version);

/* Appends what the replay of a recording found; NULL: nothing. */
void report_html_replay(GString *out, const struct results_replay *replay);

/* Appends a text, escaped for HTML and XML; line ends stay. */
void report_html_text(GString *out, const char *text);

/*
 * Appends a picture of gnuplot's: without what stands before the svg element, the background and gnuplot's title, and with
 * ids that begin with "pNUMBER-", so that a page can hold several.
 */
void report_html_svg(GString *out, const char *svg, guint number, const char *title);

#endif
