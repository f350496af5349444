/* SPDX-License-Identifier: Apache-2.0
 *
 * meshhost module ABI v1: "mh.state/1", state that an upgrade hands from the running generation of
 * a module to the next one. Offered by the module, through mh_module.query.
 *
 *   old generation: (serving)    save ---records---.                (serving)  drain ...
 *   new generation: create                          `--> load ...   start      (serving)
 *
 * The host keeps the records in between, up to the module's configured state_limit. It asks only if
 * the old one's format is between oldest_format and format of the new one; otherwise, and when save
 * fails, the new generation starts empty and a warning says so. Calls go on while save runs, and
 * what they change afterwards stays with the old generation: what must not be lost belongs into
 * storage, what is handed over is what would be slow to gather again.
 */
#pragma once

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MH_STATE_1 "mh.state/1"

/* Static storage. Growable. */
typedef struct mh_state_1 {
  uint32_t size;
  uint32_t format;        /* of the records that save writes: a number that changes with them */
  uint32_t oldest_format; /* load understands this one and all up to format */
  uint32_t reserved;
  /* [control] While calls run. One sink(ctx, record) for each record; what it returns other than
   * MH_OK (the limit is reached) is to be returned. The host copies the record. */
  mh_rc (*save)(void* ud, mh_rc (*sink)(void* ctx, const mh_msg* record), void* ctx, mh_err*);
  /* [control] Between create and start, once for each record in their order. MH_UNSUPPORTED: not
   * these, start empty after all. Any other failure refuses the new generation. */
  mh_rc (*load)(void* ud, const mh_msg* record, uint32_t format, mh_err*);
} mh_state_1;

#ifdef __cplusplus
}
#endif
