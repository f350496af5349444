/* SPDX-License-Identifier: Apache-2.0
 *
 * meshhost module ABI v1: "mh.http/1", REST routes.
 *
 * Pattern: "/v1/items/{id}" (one segment), "/files/{path...}" (the rest, only at the end), or
 * literal segments. Literals win over parameters, parameters over the rest; the same pattern and
 * verb twice is MH_CONFLICT. The host answers HEAD from GET, OPTIONS from the registered verbs, 405
 * with Allow, and 404 (RFC 9110) itself.
 */
#pragma once

#include "call.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MH_HTTP_1 "mh.http/1"

typedef struct mh_http_1 {
  uint32_t size;
  /* [control] verb: "GET", "POST", ... upper case. method->kind: client-stream bit = the body comes
   * in pieces through pull; server-stream bit = the answer may be sent in pieces. */
  mh_rc (*route)(mh_instance*, mh_str verb, mh_str pattern, const mh_method*, mh_err*);
} mh_http_1;

#ifdef __cplusplus
}
#endif
