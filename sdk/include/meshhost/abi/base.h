/* SPDX-License-Identifier: Apache-2.0
 *
 * meshhost module ABI v1: values that cross the boundary.
 *
 * The ABI is plain C (C99 and later, C++98 and later): fixed-width integers only, no enum, bool,
 * bit-field, time_t or C++ type. The host exports no symbol and a module links none of ours: both
 * sides hand each other tables of function pointers.
 *
 * Three kinds of struct:
 *   frozen    mh_str, mh_kv, mh_slice, mh_msg: never change, may be elements of arrays.
 *   growable  first member `size` = sizeof as the author compiled it; only gain members at the
 *             end; a reader uses min(size). Arrays of them carry a stride.
 *   opaque    handles: never dereferenced by the other side.
 *
 * Tags on functions of all headers in this folder:
 *   [control]  called only by / only inside create() and start(), on the host's control thread
 *   [serial]   one at a time for one call, on the call's thread: worker if inline, else pool
 *   [any]      any thread, any time between create() and the return of destroy()
 *
 * Ownership rule, without exception: what you are given is borrowed until the function returns;
 * retain a slice's owner to keep its bytes. No call ever takes over a reference, nothing is freed
 * across the boundary: whoever retains, releases.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define MH_ABI_MAJOR 1
#define MH_ABI_MINOR 0
/* The highest minor whose declarations a module sees; what compiles against N loads on host N. */
#ifndef MH_TARGET_MINOR
#define MH_TARGET_MINOR 0
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Result: 0 ok, > 0 pending, < 0 failure. Values not listed count as MH_FAILED. */
typedef int32_t mh_rc;
#define MH_OK 0
#define MH_PENDING 1
#define MH_AGAIN (-1)       /* queue above its high mark: nothing was taken, on_writable follows */
#define MH_CANCELLED (-2)   /* the peer left or the deadline passed; harmless */
#define MH_GONE (-3)        /* call already finished, or generation retired */
#define MH_INVALID (-4)     /* argument or state breaks a rule of this header */
#define MH_UNSUPPORTED (-5) /* interface or option that this side does not have */
#define MH_CONFLICT (-6)    /* name taken by another module, or declared with another shape */
#define MH_FAILED (-7)

/* Opaque handles. */
typedef struct mh_instance mh_instance; /* one generation of one configured module */
typedef struct mh_call mh_call;         /* one gRPC call, HTTP request or WebSocket connection */
typedef struct mh_timer mh_timer;
typedef struct mh_thread mh_thread;
typedef struct mh_metric mh_metric; /* a family: name, type, label names */
typedef struct mh_series mh_series; /* one member of a family: label values */

/* Text (UTF-8, not NUL-terminated) or bytes, borrowed. */
typedef struct mh_str {
  const char* p;
  size_t n;
} mh_str;

/* Header, metadata entry, path parameter, log field. Names of headers are lower case. */
typedef struct mh_kv {
  mh_str key;
  mh_str value;
} mh_kv;

/* Reference-counted owner of bytes. Both functions may be called on any thread. Whoever makes one
 * embeds it as the first member of its own block. */
typedef struct mh_buf mh_buf;
struct mh_buf {
  void (*retain)(mh_buf*);
  void (*release)(mh_buf*);
};

/* Bytes. owner == NULL: valid only during the call that passes it; the receiver copies. Otherwise
 * the receiver may retain the owner instead of copying. */
typedef struct mh_slice {
  const uint8_t* p;
  size_t n;
  mh_buf* owner;
} mh_slice;

/* One message: the concatenation of its slices. gRPC: one length-prefixed message without its
 * prefix, uncompressed. HTTP: a piece of body. WebSocket: one whole message. */
#define MH_MSG_TEXT 1u /* WebSocket: text message (UTF-8, checked by the host); else binary */
typedef struct mh_msg {
  const mh_slice* v;
  uint32_t n;
  uint32_t flags;
} mh_msg;

/* Why something failed, in words: caller's stack, callee fills. code: mh_rc. text: NUL-terminated,
 * truncated to fit, one line, names the thing that failed. May be passed as NULL. */
typedef struct mh_err {
  uint32_t size;
  int32_t code;
  char text[248];
} mh_err;

#ifdef __cplusplus
}
#endif
