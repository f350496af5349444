/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of the echo module, see echo.c. All state is per call; the only thing that a generation
 * shares is the host's table.
 */
#pragma once

#include <meshhost/abi/module.h>

/* One generation of the module. Made by create, freed by destroy; read-only in between. */
typedef struct echo_module {
  const mh_host* host;
  mh_instance* instance;
} echo_module;

/* A message kept beyond the callback that brought it: its slices, each owner retained (bytes
 * without an owner are copied into the same block). One owner, any thread. */
typedef struct echo_kept echo_kept;

echo_kept* echo_keep(const mh_msg* message); /* NULL: out of memory */
const mh_msg* echo_kept_message(const echo_kept* kept);
void echo_drop(echo_kept* kept); /* NULL is fine */

/* Field 2 (count) of an EchoRequest; 0 when absent, -1 when the bytes are no protobuf message. */
int64_t echo_count(const mh_msg* message);

/* Answers `code` (gRPC status, or WebSocket close code) with a reason. */
void echo_fail(const echo_module* module, mh_call* call, int32_t code, const char* why);

/* on_call of the methods; ud = echo_module. */
void echo_unary(void* ud, mh_call* call, const mh_msg* first);
void echo_server_stream(void* ud, mh_call* call, const mh_msg* first);
void echo_client_stream(void* ud, mh_call* call, const mh_msg* first);
void echo_bidi(void* ud, mh_call* call, const mh_msg* first); /* gRPC and WebSocket */
