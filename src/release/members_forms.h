/* How each form is taken apart: what members.c calls by name or by look of a text.
 *
 * Each appends to `members`, whose rows stay the caller's, also where it fails. Any
 * thread. */
#ifndef GREENBOARD_RELEASE_MEMBERS_FORMS_H
#define GREENBOARD_RELEASE_MEMBERS_FORMS_H

#include "base/buf.h"
#include "release/members.h"

/* A zeroed row at the end. */
struct member *members_add(struct members *members);

/* What its value is called from now on. */
void members_call(struct member *row, const char *name);
/* An entry of a list that says "NAME=value", as containers are given their variables, is
 * called NAME and begins with `before`. False where it is none; nothing changed then. */
bool members_split_entry(struct member *row);
/* Appends "/", the sign and a part of a JSON pointer. */
void members_add_part(struct buf *path, const char *sign, const char *part);

/* dotenv: each assignment, also one that is commented out. */
bool members_add_dotenv(struct members *members, const char *text, struct error *error);

/* JSON: each scalar. */
bool members_add_json(struct members *members, const char *text, size_t length,
                      struct error *error);

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
