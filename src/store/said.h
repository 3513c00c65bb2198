/* Pieces of records as JSON: what was said, masked, and moments as stamps. Any thread. */
#ifndef GREENBOARD_STORE_SAID_H
#define GREENBOARD_STORE_SAID_H

#include <jansson.h>
#include <stdint.h>

/* What people and programs said, masked one by one: in the whole record a secret such as
 * "1234" or "ended" would be masked out of our own figures and words, and nobody could
 * read it again. null for NULL. */
json_t *said_json(const char *said);
json_t *said_list(char *const *texts); /* NULL-terminated, or NULL */

json_t *moment_json(int64_t wall); /* null for 0 */
int64_t moment_of(const json_t *object, const char *key);

char *text_of(const json_t *object, const char *key); /* the caller frees; NULL: none */
int64_t integer_of(const json_t *object, const char *key);

#endif
