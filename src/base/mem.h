/* Memory that is either there or ends the program.
 *
 * Out of memory and broken invariants are not errors an operator can act on: panic() runs
 * the hook (the console restores the terminal with it), says why, and aborts. Any
 * thread. */
#ifndef GREENBOARD_BASE_MEM_H
#define GREENBOARD_BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>

void *mem_alloc(size_t size); /* zeroed; freed with free() */
void *mem_resize(void *old, size_t size);
void mem_cleanse(void *memory);   /* free(), after overwriting: for what held a secret */
char *mem_text(const char *text); /* a copy; NULL stays NULL */
char *mem_bytes(const char *data, size_t length); /* a copy with a final NUL */
char *mem_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *mem_format_list(const char *format, va_list args)
    __attribute__((format(printf, 1, 0)));

void panic_hook(void (*restore)(void)); /* called once, before the message */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
