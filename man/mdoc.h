/* Text as mdoc(7) takes it. Runs in the build alone. */
#ifndef GREENBOARD_MAN_MDOC_H
#define GREENBOARD_MAN_MDOC_H

#include "base/buf.h"

/* In short lines, of which none starts with a control character. */
void mdoc_text(struct buf *out, const char *text);
/* a table's help, which has no final dot */
void mdoc_sentence(struct buf *out, const char *help);
/* of a list: its tag */
void mdoc_item(struct buf *out, const char *macro, const char *text);

#endif
