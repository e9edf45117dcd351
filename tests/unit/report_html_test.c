/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <glib.h>

#include "sim/figure.h"
#include "sim/plot.h"
#include "sim/report_html.h"

static void assert_html(const char *text, const char *expected)
{
	GString *out = g_string_new(NULL);

	report_html_text(out, text);
	cr_assert_str_eq(out->str, expected);
	g_string_free(out, TRUE);
}

Test(report_html, texts)
{
	assert_html("a < b && \"c\" > 'd'", "a &lt; b &amp;&amp; &quot;c&quot; &gt; &#39;d&#39;");
	assert_html("line\n\tnext", "line\n\tnext");
	assert_html("\x1b[31m\x7f\xc2\x9b", "\xef\xbf\xbd[31m\xef\xbf\xbd\xef\xbf\xbd");
	assert_html("\xff\xef\xbf\xbf", "\xef\xbf\xbd\xef\xbf\xbd");
	assert_html("gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f");
}

Test(report_html, pictures_share_no_ids)
{
	GString *out = g_string_new(NULL);

	report_html_svg(out,
			"<?xml version=\"1.0\"?>\n<svg width=\"1\">\n<title>Gnuplot</title>\n"
			"<desc>Produced by</desc>\n<g id=\"a\"><path id='b'/><use xlink:href='#b'/>"
			"<text>id='b' &amp; more</text></g></svg>\n",
			7, "<title>");
	cr_assert_str_eq(out->str,
			 "<svg width=\"1\">\n<title>&lt;title&gt;</title>\n<g id=\"p7-a\"><path id='p7-b'/>"
			 "<use xlink:href='#p7-b'/><text>id='b' &amp; more</text></g></svg>\n");
	g_string_free(out, TRUE);
}

static char *definitions_of(const char *text)
{
	struct figure *f = figure_new("loss", text, text, text);

	figure_define_text(f, "name", text);
	char *definitions = g_strdup_printf("%s|%s", f->stem, f->definitions->str);
	figure_free(f);
	return definitions;
}

Test(figure, texts_end_neither_a_string_nor_a_file_name)
{
	g_autofree char *quoted = definitions_of("it's\n`x` \\");
	g_autofree char *path = definitions_of("../-a/b");
	g_autofree char *empty = definitions_of("");

	cr_assert_str_eq(quoted, "it_s_x_|name = 'it''s `x` \\'\n");
	cr_assert_str_eq(path, "_._-a_b|name = '../-a/b'\n");
	cr_assert_str_eq(empty, "_|name = ''\n");
}

Test(figure, cells)
{
	GString *table = g_string_new(NULL);

	figure_cell(table, "a\tb\n\"c\"");
	g_string_append_c(table, '\t');
	figure_number(table, 1.0 / 3.0);
	g_string_append_c(table, '\t');
	figure_number(table, 0.0 / 0.0);
	cr_assert_str_eq(table->str, "a b 'c'\t0.333333333333\tNaN");
	g_string_free(table, TRUE);
}

Test(plot, stems_are_told_apart)
{
	GPtrArray *plots = plot_array_new();
	GHashTable *stems = plot_stems_new();
	static const char *const names[] = { "a", "A", "a.2", "a" };
	static const char *const expected[] = { "a", "A.2", "a.2.2", "a.3" };

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		plot_add(plots, stems, PLOT_LOSS, 0, figure_new("loss", names[i], "", ""));
		const struct plot *plot = g_ptr_array_index(plots, i);
		cr_assert_str_eq(plot->figure->stem, expected[i]);
	}
	g_hash_table_unref(stems);
	g_ptr_array_unref(plots);
}
