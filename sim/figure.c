// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "sim/figure.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/embedded.h"
#include "sim/file_name.h"
#include "sim/report.h"

const char *const figure_format_names[FIGURE_FORMATS] = {
	[FIGURE_SVG] = "svg",
	[FIGURE_PNG] = "png",
	[FIGURE_PDF] = "pdf",
};

char *figure_plain_text(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	GString *out = g_string_new(NULL);

	for (const char *at = valid; *at; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);
		bool control = c < ' ' || c == 0x7f;
		bool in_xml = c != 0xfffe && c != 0xffff;
		g_string_append_unichar(out, control ? ' ' : in_xml ? c : 0xfffd);
	}
	return g_string_free(out, FALSE);
}

struct figure *figure_new(const char *template_name, const char *stem, const char *title,
			  const char *caption)
{
	struct figure *f = g_new0(struct figure, 1);

	f->stem = file_name_stem(stem);
	f->title = figure_plain_text(title);
	f->caption = figure_plain_text(caption);
	f->template_name = template_name;
	f->definitions = g_string_new(NULL);
	f->table[0] = g_string_new(NULL);
	return f;
}

void figure_free(struct figure *f)
{
	g_free(f->stem);
	g_free(f->title);
	g_free(f->caption);
	g_string_free(f->definitions, TRUE);
	for (int i = 0; i < FIGURE_TABLES_MAX; i++) {
		if (f->table[i]) {
			g_string_free(f->table[i], TRUE);
		}
	}
	g_free(f);
}

/*
 * Within single quotes gnuplot looks at nothing but the quote itself: no backquotes, no @macros, no
 * backslashes. A line end would end the command.
 */
static void append_quoted(GString *out, const char *text)
{
	g_autofree char *plain = figure_plain_text(text);

	g_string_append_c(out, '\'');
	for (const char *at = plain; *at; at++) {
		g_string_append(out, *at == '\'' ? "'" : "");
		g_string_append_c(out, *at);
	}
	g_string_append_c(out, '\'');
}

void figure_number(GString *table, double value)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];

	if (!isfinite(value)) {
		g_string_append(table, "NaN");
		return;
	}
	g_string_append(table, g_ascii_formatd(text, sizeof(text), "%.12g", value));
}

void figure_cell(GString *table, const char *text)
{
	g_autofree char *plain = figure_plain_text(text);

	g_strdelimit(plain, "\"", '\'');
	g_string_append(table, plain);
}

void figure_define(struct figure *f, const char *name, double value)
{
	g_string_append_printf(f->definitions, "%s = ", name);
	figure_number(f->definitions, value);
	g_string_append_c(f->definitions, '\n');
}

void figure_define_text(struct figure *f, const char *name, const char *text)
{
	g_string_append_printf(f->definitions, "%s = ", name);
	append_quoted(f->definitions, text);
	g_string_append_c(f->definitions, '\n');
}

void figure_define_texts(struct figure *f, const char *name, const char *const *texts,
			 uint32_t count)
{
	g_string_append_printf(f->definitions, "array %s[%u] = [", name, MAX(count, 1));
	for (uint32_t i = 0; i < count; i++) {
		g_string_append(f->definitions, i ? ", \\\n\t" : "");
		append_quoted(f->definitions, texts[i]);
	}
	g_string_append(f->definitions, count ? "]\n" : "'']\n");
}

static char *table_name(const struct figure *f, int number)
{
	return number ? g_strdup_printf("%s.dat%d", f->stem, number + 1)
		      : g_strdup_printf("%s.dat", f->stem);
}

GString *figure_script(const struct figure *f)
{
	GString *script = g_string_new(NULL);

	g_string_append_printf(script,
			       "# Draws %s.svg:  gnuplot %s.gp\n"
			       "# Another format: gnuplot -e \"format='pdf'\" %s.gp   (or png)\n\n",
			       f->stem, f->stem, f->stem);
	g_string_append(script, "stem = ");
	append_quoted(script, f->stem);
	g_string_append(script, "\nheadline = ");
	append_quoted(script, f->title);
	g_string_append(script, "\ncaption = ");
	append_quoted(script, f->caption);
	g_string_append(script, "\n");
	for (int i = 0; i < FIGURE_TABLES_MAX && f->table[i]; i++) {
		g_autofree char *name = table_name(f, i);
		g_string_append(script, i ? "data2 = " : "data = ");
		append_quoted(script, name);
		g_string_append(script, "\n");
	}
	g_string_append(script, f->definitions->str);
	g_string_append(script, "\n");
	g_string_append(script, embedded_text("style.gp"));
	g_string_append(script, "\n");
	g_autofree char *file = g_strdup_printf("%s.gp", f->template_name);
	g_string_append(script, embedded_text(file));
	return script;
}

static bool write_file(const char *folder, const char *name, const GString *text, char **error)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);

	return report_write(path, text, error);
}

/*
 * What gnuplot said, without empty lines and carets, on one line. That a line of a plot has no
 * points is no news: a strategy that never lost anything has none.
 */
static char *said(const char *messages)
{
	GString *line = g_string_new(NULL);
	gchar **lines = g_strsplit(messages, "\n", -1);

	for (gchar **at = lines; *at; at++) {
		g_strstrip(*at);
		if (**at && strcmp(*at, "^") != 0 &&
		    !strstr(*at, "warning: Skipping data file with no valid points")) {
			g_string_append(line, line->len ? " | " : "");
			g_string_append(line, *at);
		}
	}
	g_strfreev(lines);
	return g_string_free(line, FALSE);
}

/* Everything in a file without a name, closed. */
static GString *contents(int fd)
{
	GString *text = g_string_new(NULL);
	char buffer[65536];
	off_t at = 0;
	ssize_t got;

	while ((got = pread(fd, buffer, sizeof(buffer), at)) > 0) {
		g_string_append_len(text, buffer, got);
		at += got;
	}
	close(fd);
	return text;
}

/* Memory, as a disk may be full. */
static int memory_file(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd < 0) {
		g_error("out of memory");
	}
	return fd;
}

/* The picture is gnuplot's standard output. False where it could not be run; *error says why. */
static bool spawn_gnuplot(const struct figure *f, const char *folder, enum figure_format format,
			  int picture, int messages, int *status, char **error)
{
	g_autofree char *set_format = g_strdup_printf("format='%s'; picture='/dev/stdout'",
						      figure_format_names[format]);
	g_autofree char *script = g_strdup_printf("%s.gp", f->stem);
	/* --default-settings: a start-up file of the user's would restyle the picture. */
	const char *argv[] = { "gnuplot", "--default-settings", "-e", set_format, script, NULL };
	/* Our scripts are UTF-8: in a locale that is not, gnuplot warns and misreads their texts. */
	g_auto(GStrv) environment = g_environ_setenv(g_get_environ(), "LC_ALL", "C.UTF-8", TRUE);
	GError *problem = NULL;
	GPid pid;

	if (!g_spawn_async_with_fds(folder, (gchar **)(uintptr_t)argv, environment,
				    G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
				    &pid, -1, picture, messages, &problem)) {
		*error = g_strdup_printf("gnuplot cannot be run: %s", problem->message);
		g_error_free(problem);
		return false;
	}
	while (waitpid(pid, status, 0) < 0 && errno == EINTR) {
	}
	return true;
}

/* The last bytes of each format tell that all are there. */
static bool is_complete(const GString *picture, enum figure_format format)
{
	static const struct {
		const char *text;
		size_t length;
	} ends[FIGURE_FORMATS] = {
		[FIGURE_SVG] = { "</svg>", 6 },
		[FIGURE_PNG] = { "IEND\xae\x42\x60\x82", 8 },
		[FIGURE_PDF] = { "%%EOF", 5 },
	};
	size_t length = ends[format].length;
	gsize whole = picture->len;

	while (format != FIGURE_PNG && whole > 0 && g_ascii_isspace(picture->str[whole - 1])) {
		whole--;
	}
	return whole >= length &&
	       memcmp(picture->str + whole - length, ends[format].text, length) == 0;
}

/* What gnuplot drew and said comes to its place, or is an error. */
static bool accept_picture(const struct figure *f, const char *folder, enum figure_format format,
			   int status, const char *words, const GString *picture, char **error)
{
	g_autofree char *script = g_strdup_printf("%s/%s.gp", folder, f->stem);
	g_autofree char *name = g_strdup_printf("%s.%s", f->stem, figure_format_names[format]);

	if (WIFSIGNALED(status) || WEXITSTATUS(status)) {
		*error = g_strdup_printf("%s: gnuplot failed: %s", script,
					 *words ? words : "without a word");
		return false;
	}
	if (*words) {
		fprintf(stderr, "msirace: %s: gnuplot: %s\n", script, words);
	}
	if (!is_complete(picture, format)) {
		*error = g_strdup_printf("%s/%s: gnuplot drew %s", folder, name,
					 picture->len ? "only a part" : "nothing");
		return false;
	}
	return write_file(folder, name, picture, error);
}

static bool run_gnuplot(const struct figure *f, const char *folder, enum figure_format format,
			char **error)
{
	int picture_fd = memory_file("picture"), messages_fd = memory_file("messages"), status = 0;
	bool ran = spawn_gnuplot(f, folder, format, picture_fd, messages_fd, &status, error);
	GString *picture = contents(picture_fd), *messages = contents(messages_fd);
	g_autofree char *words = said(messages->str);
	bool done = ran && accept_picture(f, folder, format, status, words, picture, error);

	g_string_free(picture, TRUE);
	g_string_free(messages, TRUE);
	return done;
}

bool figure_draw(const struct figure *f, const char *folder, unsigned formats, char **error)
{
	g_autofree char *script_name = g_strdup_printf("%s.gp", f->stem);
	GString *script = figure_script(f);
	bool done = write_file(folder, script_name, script, error);

	g_string_free(script, TRUE);
	for (int i = 0; i < FIGURE_TABLES_MAX && f->table[i] && done; i++) {
		g_autofree char *name = table_name(f, i);
		done = write_file(folder, name, f->table[i], error);
	}
	for (int i = 0; i < FIGURE_FORMATS && done; i++) {
		done = !(formats & 1u << i) ||
		       run_gnuplot(f, folder, (enum figure_format)i, error);
	}
	return done;
}
