/* SPDX-License-Identifier: Apache-2.0
 *
 * meshhost module ABI v1: "mh.config/1", typed reads of the JSON that create() was given, for
 * modules without a JSON parser. Paths are JSON Pointers (RFC 6901): "/database", "/shards/0/name".
 * MH_INVALID: the value has another type; MH_UNSUPPORTED: there is no such value.
 */
#pragma once

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MH_CONFIG_1 "mh.config/1"

typedef struct mh_config_1 {
  uint32_t size;
  mh_rc (*text)(mh_instance*, mh_str path, mh_str*);     /* [any] valid until destroy returns */
  mh_rc (*i64)(mh_instance*, mh_str path, int64_t*);     /* [any] */
  mh_rc (*f64)(mh_instance*, mh_str path, double*);      /* [any] integers convert */
  mh_rc (*boolean)(mh_instance*, mh_str path, int32_t*); /* [any] 0 or 1 */
  mh_rc (*count)(mh_instance*, mh_str path, size_t*);    /* [any] members of array or object */
} mh_config_1;

#ifdef __cplusplus
}
#endif
