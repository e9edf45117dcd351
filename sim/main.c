/* SPDX-License-Identifier: MIT */
#include "sim/commands.h"

int main(int argc, char **argv)
{
	return commands_main(argc, argv);
}
