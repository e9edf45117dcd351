/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sim/output_file.h"

/* A system without /proc, where a file without a name cannot be given one. */
static bool cannot_link;

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
	if (cannot_link) {
		errno = ENOENT;
		return -1;
	}
	return (int)syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
}

static char folder[] = "msirace-output-XXXXXX";

static void enter_folder(void)
{
	cr_assert_not_null(g_mkdtemp(folder));
	cr_assert_eq(g_chdir(folder), 0);
}

static guint files_here(void)
{
	GDir *dir = g_dir_open(".", 0, NULL);
	guint count = 0;

	while (g_dir_read_name(dir)) {
		count++;
	}
	g_dir_close(dir);
	return count;
}

static void leave_folder(void)
{
	g_autofree char *here = g_get_current_dir();
	GDir *dir = g_dir_open(".", 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(dir))) {
		if (g_unlink(name) != 0) {
			g_rmdir(name);
		}
	}
	g_dir_close(dir);
	cr_assert_eq(g_chdir(".."), 0);
	cr_assert_eq(g_rmdir(here), 0);
}

static void expect_text(const char *path, const char *wanted)
{
	g_autofree char *text = NULL;

	cr_assert(g_file_get_contents(path, &text, NULL, NULL), "no %s", path);
	cr_assert_str_eq(text, wanted, "%s", path);
}

static mode_t mode_of(const char *path)
{
	struct stat s;

	cr_assert_eq(stat(path, &s), 0);
	return s.st_mode & 07777;
}

TestSuite(output_file, .init = enter_folder, .fini = leave_folder);

static void replaces(void)
{
	umask(022);
	cr_assert_eq(output_file_write("a", "one", 3), 0);
	expect_text("a", "one");
	cr_assert_eq(mode_of("a"), 0644);
	cr_assert_eq(g_chmod("a", 0640), 0);
	cr_assert_eq(output_file_write("a", "two", 3), 0);
	expect_text("a", "two");
	cr_assert_eq(mode_of("a"), 0640);
	cr_assert_eq(output_file_write("./a", "", 0), 0);
	expect_text("a", "");
	cr_assert_eq(files_here(), 1);
}

Test(output_file, replaces)
{
	replaces();
}

Test(output_file, replaces_by_a_copy)
{
	cannot_link = true;
	replaces();
}

Test(output_file, appears_only_when_finished)
{
	int error;

	cr_assert_eq(output_file_write("a", "old", 3), 0);
	struct output_file *file = output_file_open("a", &error);
	cr_assert_not_null(file);
	fputs("new", output_file_stream(file));
	fflush(output_file_stream(file));
	expect_text("a", "old");
	cr_assert_eq(files_here(), 1);
	cr_assert_eq(output_file_finish(file), 0);
	expect_text("a", "new");
	cr_assert_eq(files_here(), 1);
}

Test(output_file, follows_links)
{
	cr_assert_eq(g_mkdir("below", 0777), 0);
	cr_assert_eq(symlink("b", "a"), 0);
	cr_assert_eq(symlink("below/c", "b"), 0);
	cr_assert_eq(output_file_write("a", "one", 3), 0);
	expect_text("below/c", "one");
	cr_assert_eq(output_file_write("a", "two", 3), 0);
	expect_text("below/c", "two");
	cr_assert(g_file_test("a", G_FILE_TEST_IS_SYMLINK));
	cr_assert(g_file_test("b", G_FILE_TEST_IS_SYMLINK));
	g_unlink("below/c");
	cr_assert_eq(symlink("e", "d"), 0);
	cr_assert_eq(symlink("d", "e"), 0);
	cr_assert_eq(output_file_write("d", "x", 1), ELOOP);
}

/* A document larger than this system lets a file become leaves what was there. */
static void keeps_what_is_there(void)
{
	char *large = g_malloc0(1 << 20);
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(output_file_write("a", "old", 3), 0);
	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = 20000;
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	cr_assert_eq(output_file_write("a", large, 1 << 20), EFBIG);
	cr_assert_eq(output_file_write("b", large, 1 << 20), EFBIG);
	expect_text("a", "old");
	cr_assert_eq(files_here(), 1);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);
	g_free(large);
}

Test(output_file, keeps_what_is_there)
{
	keeps_what_is_there();
}

Test(output_file, writes_directly_to_what_is_no_file)
{
	char text[4] = "";
	int ends[2];

	cr_assert_eq(output_file_write("/dev/null", "abc", 3), 0);
	cr_assert(!g_file_test("/dev/null", G_FILE_TEST_IS_REGULAR));
	if (access("/dev/full", W_OK) == 0) {
		cr_assert_eq(output_file_write("/dev/full", "abc", 3), ENOSPC);
	}
	cr_assert_eq(pipe(ends), 0);
	g_autofree char *path = g_strdup_printf("/dev/fd/%d", ends[1]);
	cr_assert_eq(output_file_write(path, "abc", 3), 0);
	cr_assert_eq(read(ends[0], text, 3), 3);
	cr_assert_str_eq(text, "abc");
	/* A regular file behind a descriptor stays the file that the descriptor has. */
	FILE *file = fopen("a", "w+");
	g_autofree char *of_file = g_strdup_printf("/proc/self/fd/%d", fileno(file));
	cr_assert_eq(output_file_write(of_file, "abc", 3), 0);
	cr_assert_eq(fread(text, 1, 3, file), 3);
	fclose(file);
	cr_assert_eq(files_here(), 1);
}

Test(output_file, refuses)
{
	cr_assert_eq(output_file_write("none/a", "x", 1), ENOENT);
	cr_assert_eq(output_file_write("", "x", 1), ENOENT);
	cr_assert_eq(output_file_write(".", "x", 1), EISDIR);
	cr_assert_eq(output_file_write("a/", "x", 1), EISDIR);
	cr_assert_eq(files_here(), 0);
	if (getuid() != 0) {
		cr_assert_eq(output_file_write("a", "old", 3), 0);
		g_chmod("a", 0444);
		cr_assert_eq(output_file_write("a", "x", 1), EACCES);
		expect_text("a", "old");
	}
}
