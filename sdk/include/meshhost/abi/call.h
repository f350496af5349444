/* SPDX-License-Identifier: Apache-2.0
 *
 * meshhost module ABI v1: calls. One mh_call is one gRPC call, one HTTP request or one WebSocket
 * connection. It belongs to the module from on_call until finish(): a peer that leaves, a deadline
 * that passes or a drain only change its state, so a late finish is harmless (MH_CANCELLED).
 *
 *   on_call --bind--> open --finish--> finished --(flushed or lost)--> on_end, handle invalid
 *      \------------------finish------------------------------------> handle invalid on return
 *
 * The host never calls module code from inside one of these functions: every event is queued.
 */
#pragma once

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MH_PROTOCOL_GRPC 1u
#define MH_PROTOCOL_HTTP 2u
#define MH_PROTOCOL_WEBSOCKET 3u

/* Who is at the other end of the connection. Growable. All strings may be empty. */
typedef struct mh_peer {
  uint32_t size;
  uint32_t verified;  /* 1: a client certificate was presented and verified */
  mh_str address;     /* "192.0.2.7:41234", "[2001:db8::1]:41234", "unix:" */
  mh_str tls_version; /* "TLSv1.3"; empty on plaintext */
  mh_str subject;     /* RFC 2253 */
  mh_str issuer;      /* RFC 2253 */
  mh_str serial;      /* hex */
  mh_str spiffe_id;   /* the one URI SAN "spiffe://..." */
  const mh_str* sans; /* "DNS:a", "URI:b", "IP:c", "email:d" */
  size_t n_sans;
} mh_peer;

/* Growable. Borrowed; valid until the call's handle becomes invalid. */
typedef struct mh_call_info {
  uint32_t size;
  uint32_t protocol;
  mh_str verb;          /* HTTP method; "POST" for gRPC, "GET" for WebSocket */
  mh_str method;        /* gRPC "pkg.Service/Method"; else the route's template, "/v1/items/{id}" */
  mh_str path;          /* as received, without query */
  mh_str query;         /* as received, without '?' */
  mh_str authority;     /* :authority or Host */
  mh_str scheme;        /* "http" or "https" */
  mh_str identity;      /* who calls, as verified by the host: SPIFFE id or subject; may be empty */
  uint64_t deadline_ns; /* absolute, same clock as mh_host.now_ns; 0 = none */
  uint8_t trace_id[16]; /* W3C trace context; all zero = none */
  uint8_t span_id[8];
  uint32_t trace_flags;
  uint32_t reserved;
  const mh_kv* headers; /* as received; names lower case; gRPC "-bin" values are decoded bytes */
  size_t n_headers;
  const mh_kv* params; /* path parameters by name, percent-decoded */
  size_t n_params;
  const mh_peer* peer;
} mh_call_info;

/* How a call ends. Growable.
 * code, gRPC: a gRPC status code 0..16.
 *   HTTP: 0 = as sent with send_headers (200, or 204 without a body, when it was not called);
 *         1..16 = gRPC status code, mapped to the HTTP status of google.rpc.Code and answered as
 *         RFC 9457 problem+json; 100..599 = that HTTP status, problem+json when >= 400.
 *   WebSocket: close code 1000..4999 (RFC 6455 section 7.4); 0 = 1000.
 * text: gRPC message, problem "detail", close reason; shown to the peer.
 * details: gRPC: serialized google.rpc.Status for grpc-status-details-bin; else ignored. */
typedef struct mh_status {
  uint32_t size;
  int32_t code;
  mh_str text;
  mh_str details;
  const mh_kv* trailers; /* gRPC trailing metadata, HTTP trailer fields */
  size_t n_trailers;
} mh_status;

#define MH_WHY_PEER 1u     /* the peer reset the stream, closed the connection, or disappeared */
#define MH_WHY_DEADLINE 2u /* the deadline passed; the host has answered the peer */
#define MH_WHY_DRAIN 3u    /* host stops or module is being replaced: finish soon */
#define MH_WHY_LIMIT 4u    /* a limit was passed (message size, rate, idle time) */

/* Module code, all [serial]; every member may be NULL. */
typedef struct mh_call_events {
  uint32_t size;
  void (*on_message)(void* ud, mh_call*, const mh_msg*); /* never more than pull() granted */
  void (*on_half_close)(void* ud, mh_call*); /* the peer sent its last message; at most once */
  void (*on_writable)(void* ud, mh_call*);   /* once after each MH_AGAIN of send() */
  void (*on_cancel)(void* ud, mh_call*,
                    uint32_t why); /* at most once per why; finish() is still owed */
  void (*on_end)(void* ud, mh_call*,
                 const mh_status* final); /* last; exactly once; call is gone after */
} mh_call_events;

/* Host code. */
typedef struct mh_call_ops {
  uint32_t size;
  /* [any] The call's facts. Never NULL before the call ends. */
  const mh_call_info* (*info)(mh_call*);
  /* [serial] Only inside on_call: deliver events with ud from now on. The struct is copied. */
  mh_rc (*bind)(mh_call*, const mh_call_events*, void* ud);
  /* [any] Grants the peer that many more messages. The host reads from the peer only while grants
   * remain, so the protocol's own flow control (HTTP/2 windows, TCP) closes by itself. */
  mh_rc (*pull)(mh_call*, uint32_t messages);
  /* [any] gRPC: initial metadata (code ignored). HTTP: status and header fields. At most once,
   * before the first send; done implicitly otherwise. WebSocket: MH_UNSUPPORTED. */
  mh_rc (*send_headers)(mh_call*, int32_t code, const mh_kv*, size_t n);
  /* [any], one thread at a time per call. All or nothing: MH_AGAIN above the high mark. */
  mh_rc (*send)(mh_call*, const mh_msg*, uint32_t flags);
  /* [any] Ends the call: `last` (may be NULL) is the final message, `status` NULL = code 0.
   * Exactly once and always taken; MH_CANCELLED when nobody is left to read it, MH_GONE when the
   * call was already finished. */
  mh_rc (*finish)(mh_call*, const mh_msg* last, const mh_status* status);
  /* [any] 0, or the first MH_WHY_* that happened to this call. */
  uint32_t (*cancelled)(mh_call*);
} mh_call_ops;

/* exec: where module code for the method runs. */
#define MH_EXEC_POOL 0u /* threads owned by the module's generation; may block */
#define MH_EXEC_INLINE \
  1u /* the worker that owns the connection; must not block; timed by the host */
#define MH_KIND_UNARY 0u
#define MH_KIND_CLIENT_STREAM 1u /* bit: many request messages */
#define MH_KIND_SERVER_STREAM 2u /* bit: many response messages */
#define MH_KIND_BIDI 3u

/* A gRPC method, HTTP route or WebSocket route. Growable.
 * Without the client-stream bit the host gathers the whole request and hands it to on_call as
 * `first` (HTTP: the whole body, empty message without one); with it `first` is NULL and messages
 * come through bind and pull. WebSocket routes are always MH_KIND_BIDI. on_call of a streaming
 * kind must bind or finish before it returns, else the call ends as INTERNAL. */
typedef struct mh_method {
  uint32_t size;
  uint32_t kind;
  mh_str name; /* gRPC: method name without service; HTTP, WebSocket: ignored */
  uint32_t exec;
  uint32_t max_in_flight; /* 0 = no limit of its own */
  uint32_t max_message;   /* bytes of one request message or HTTP body; 0 = host's default */
  uint32_t reserved;
  void (*on_call)(void* ud, mh_call*, const mh_msg* first); /* [serial] */
  void* ud;
} mh_method;

#ifdef __cplusplus
}
#endif
