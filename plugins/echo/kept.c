/* SPDX-License-Identifier: Apache-2.0
 *
 * Keeping a message beyond its callback: borrow in, retain to keep.
 */
#include <stdlib.h>
#include <string.h>

#include "echo.h"

struct echo_kept {
  mh_msg message;
  mh_slice slice[1]; /* message.n of them, then the copied bytes */
};

echo_kept* echo_keep(const mh_msg* message) {
  size_t copied = 0;
  for (uint32_t i = 0; i < message->n; i++) {
    copied += message->v[i].owner == NULL ? message->v[i].n : 0;
  }
  echo_kept* kept = (echo_kept*)malloc(sizeof(echo_kept) + message->n * sizeof(mh_slice) + copied);
  if (kept == NULL) return NULL;
  uint8_t* free_byte = (uint8_t*)(kept->slice + message->n);
  for (uint32_t i = 0; i < message->n; i++) {
    kept->slice[i] = message->v[i];
    if (message->v[i].owner != NULL) {
      message->v[i].owner->retain(message->v[i].owner);
    } else if (message->v[i].n != 0) {
      memcpy(free_byte, message->v[i].p, message->v[i].n);
      kept->slice[i].p = free_byte;
      free_byte += message->v[i].n;
    }
  }
  kept->message.v = kept->slice;
  kept->message.n = message->n;
  kept->message.flags = message->flags;
  return kept;
}

const mh_msg* echo_kept_message(const echo_kept* kept) { return &kept->message; }

void echo_drop(echo_kept* kept) {
  if (kept == NULL) return;
  for (uint32_t i = 0; i < kept->message.n; i++) {
    mh_buf* owner = kept->slice[i].owner;
    if (owner != NULL) owner->release(owner);
  }
  free(kept);
}

/* A position in a message that may lie in several slices. */
typedef struct reader {
  const mh_msg* message;
  uint32_t slice;
  size_t offset;
} reader;

/* The next byte, or -1 at the end. */
static int next_byte(reader* r) {
  while (r->slice < r->message->n && r->offset == r->message->v[r->slice].n) {
    r->slice++;
    r->offset = 0;
  }
  return r->slice == r->message->n ? -1 : r->message->v[r->slice].p[r->offset++];
}

static int skip_bytes(reader* r, uint64_t n) {
  while (n != 0) {
    if (next_byte(r) < 0) return -1;
    uint64_t left = r->message->v[r->slice].n - r->offset;
    uint64_t step = left < n - 1 ? left : n - 1;
    r->offset += (size_t)step;
    n -= step + 1;
  }
  return 0;
}

static int read_varint(reader* r, uint64_t* out) {
  *out = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    int byte = next_byte(r);
    if (byte < 0) return -1;
    *out |= (uint64_t)(byte & 0x7f) << shift;
    if (byte < 0x80) return 0;
  }
  return -1;
}

int64_t echo_count(const mh_msg* message) {
  reader r = {message, 0, 0};
  uint64_t count = 0;
  for (;;) {
    uint64_t tag, value;
    reader at = r;
    if (next_byte(&at) < 0) return (int64_t)(count & INT64_MAX);
    if (read_varint(&r, &tag) != 0) return -1;
    int rc;
    switch (tag & 7) {
      case 0:
        rc = read_varint(&r, &value);
        if (tag >> 3 == 2) count = value;
        break;
      case 1:
        rc = skip_bytes(&r, 8);
        break;
      case 2:
        rc = read_varint(&r, &value) == 0 ? skip_bytes(&r, value) : -1;
        break;
      case 5:
        rc = skip_bytes(&r, 4);
        break;
      default:
        rc = -1;
    }
    if (rc != 0) return -1;
  }
}
