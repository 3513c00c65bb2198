/* What a check says where its section is not there: that the system declared not to have
 * such a part, that its class does not demand it, or that `config` is red because it
 * does. For workers. */
#ifndef GREENBOARD_CHECKS_ABSENT_H
#define GREENBOARD_CHECKS_ABSENT_H

#include "board/check.h"

/* `section` as the configuration writes it: "jwt", "services.auth". */
void absent_section(const struct job *job, const char *section, struct result *result);

#endif
