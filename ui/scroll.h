/* Moving through lines, the same in every list. Pure. */
#ifndef GREENBOARD_UI_SCROLL_H
#define GREENBOARD_UI_SCROLL_H

#include "ui/keys.h"

#include <stdbool.h>
#include <stddef.h>

/* Where `action` leads from `at` among `count` lines; false where it is none of ours. */
bool scroll_to(size_t *at, size_t count, enum action action);

#endif
