/* SPDX-License-Identifier: Apache-2.0
 *
 * meshhost module ABI v1: "mh.ws/1", WebSocket routes (RFC 6455, RFC 7692, RFC 8441).
 *
 * on_call comes when the handshake has been accepted. Messages arrive whole, in the order sent,
 * MH_MSG_TEXT marking text; ping, pong, fragmentation, compression and close are the host's.
 * on_half_close: the peer sent Close; finish() answers with its code.
 */
#pragma once

#include "call.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MH_WS_1 "mh.ws/1"

typedef struct mh_ws_1 {
  uint32_t size;
  /* [control] subprotocols: space-separated, in order of preference, empty for none; the chosen
   * one is the call's header "sec-websocket-protocol". */
  mh_rc (*route)(mh_instance*, mh_str pattern, mh_str subprotocols, const mh_method*, mh_err*);
} mh_ws_1;

#ifdef __cplusplus
}
#endif
