# SPDX-License-Identifier: MIT
# cmake -DOUT=plot_templates.c -DFILES="a.gp;b.gp" -P embed.cmake: the files as a table of C strings.
set(arrays "")
set(rows "")
foreach(file IN LISTS FILES)
	get_filename_component(name ${file} NAME_WE)
	file(READ ${file} hex HEX)
	string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1, " bytes "${hex}")
	string(REGEX REPLACE "(................................................................................................)" "\\1\n\t" bytes "${bytes}")
	string(APPEND arrays "static const char ${name}[] = {\n\t${bytes}0\n};\n\n")
	string(APPEND rows "\t{ \"${name}\", ${name} },\n")
endforeach()
file(WRITE ${OUT} "/* Made by the build from tools/plot. */\n#include \"sim/plot_templates.h\"\n\n${arrays}const struct plot_template plot_templates[] = {\n${rows}\t{ 0 },\n};\n")
