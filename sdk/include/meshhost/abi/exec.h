/* SPDX-License-Identifier: Apache-2.0
 *
 * meshhost module ABI v1: "mh.exec/1", work on threads that the host counts and joins, so that a
 * module can be unloaded safely.
 */
#pragma once

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MH_EXEC_1 "mh.exec/1"

typedef struct mh_exec_1 {
  uint32_t size;
  /* [any] Runs fn(arg) on the module's pool. MH_AGAIN: its queue is full. MH_GONE: retired. */
  mh_rc (*post)(mh_instance*, void (*fn)(void*), void* arg);
  /* [any] Runs fn(arg) on the module's pool after after_ns, then every every_ns (0 = once, and the
   * timer frees itself after it ran: do not touch it again). */
  mh_rc (*timer)(mh_instance*, uint64_t after_ns, uint64_t every_ns, void (*fn)(void*), void* arg,
                 mh_timer**);
  /* [any] Frees the timer. MH_OK: fn is not running and never will again. MH_PENDING (inside its
   * own fn, or fn runs right now on another thread): it will not run again after this run. */
  mh_rc (*timer_cancel)(mh_timer*);
  /* [any] A thread of the module's own, joined by join() or by the host before unloading. */
  mh_rc (*thread)(mh_instance*, mh_str name, void (*fn)(void*), void* arg, mh_thread**);
  mh_rc (*join)(mh_thread*);
} mh_exec_1;

#ifdef __cplusplus
}
#endif
