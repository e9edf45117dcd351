// SPDX-License-Identifier: MIT
#include "irq_source.h"

#include <stdlib.h>

/* Odd, so the multiplication is a bijection of 32-bit numbers; the second undoes the first. */
#define SCATTER 2654435761u
#define GATHER 244002641u

static void irq_source_note(struct irq_source *source, bool release, u32 index, u32 irq)
{
	if (source->log_length < IRQ_SOURCE_LOG) {
		source->log[source->log_length] = (struct irq_source_call){ release, index, irq };
	}
	source->log_length++;
}

static u32 irq_source_next(struct irq_source *source, bool taken)
{
	while (source->taken[source->cursor] != taken) {
		source->cursor = (source->cursor + 1) % IRQ_SOURCE_NUMBERS;
	}
	return source->cursor;
}

int irq_source_alloc(void *context, u32 index, u32 *irq)
{
	struct irq_source *source = context;
	u32 number;

	if (source->fail_with && !source->fail_after) {
		if (source->fail_with != IRQ_SOURCE_DUPLICATE) {
			return source->fail_with;
		}
		if (source->out) {
			*irq = irq_source_next(source, true) * SCATTER;
			return 0;
		}
	}
	source->fail_after -= source->fail_after != 0;
	if (source->out == source->limit) {
		return -ENOSPC;
	}
	number = irq_source_next(source, false);
	source->taken[number] = true;
	source->out++;
	*irq = number * SCATTER;
	irq_source_note(source, false, index, *irq);
	return 0;
}

/* A number that is not out would be a double release: the end of the test, whichever it is. */
void irq_source_release(void *context, u32 index, u32 irq)
{
	struct irq_source *source = context;
	u32 number = irq * GATHER;

	if (number >= IRQ_SOURCE_NUMBERS || !source->taken[number]) {
		abort();
	}
	source->taken[number] = false;
	source->out--;
	irq_source_note(source, true, index, irq);
}
