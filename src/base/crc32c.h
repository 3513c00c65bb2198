/* CRC-32C, the Castagnoli polynomial, reflected (RFC 3720 appendix B.4): the checksum of
 * iSCSI and of Google's services. Against accidents, not against anybody. Any thread. */
#ifndef GREENBOARD_BASE_CRC32C_H
#define GREENBOARD_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(const void *data, size_t length);

#endif
