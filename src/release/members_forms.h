/* How each form is taken apart: what members.c calls by name or by look of a text.
 *
 * Each appends to `members`, whose rows stay the caller's, also where it fails. Any
 * thread. */
#ifndef GREENBOARD_RELEASE_MEMBERS_FORMS_H
#define GREENBOARD_RELEASE_MEMBERS_FORMS_H

#include "release/members.h"

/* A zeroed row at the end. */
struct member *members_add(struct members *members);

/* YAML: each scalar value a member. `sure`: a file is called YAML; otherwise only what no
 * prose happens to be is taken for it: mappings, and in one of them something that is
 * more than a scalar. */
bool members_add_yaml(struct members *members, const char *text, size_t length, bool sure,
                      struct error *error);

/* Any other text: each line that gives something a value. */
void members_add_lines(struct members *members, const char *text, size_t length);

/* What a comment says, without its sign: the value of what was commented out, else all
 * of it. `at` is where it begins in the text. */
void members_add_comment(struct members *members, const char *text, size_t at,
                         size_t length);

#endif
