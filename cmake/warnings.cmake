# SPDX-License-Identifier: MIT
# Every target of ours links msirace_warnings: strict warnings, as errors, and the sanitizers where asked for.
add_library(msirace_warnings INTERFACE)
target_compile_options(msirace_warnings INTERFACE
	-Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
	-Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wvla -Wformat=2 -Wimplicit-fallthrough
	-Wno-unused-parameter -Wno-missing-field-initializers)
if(MSIRACE_SANITIZE)
	target_compile_options(msirace_warnings INTERFACE
		-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
	target_link_options(msirace_warnings INTERFACE -fsanitize=address,undefined)
endif()
