/* SPDX-License-Identifier: Apache-2.0
 *
 * meshhost module ABI v1: handshake and lifecycle.
 *
 * A module exports one symbol, MH_MODULE_ENTRY, and carries an ELF note (note.h) that the host
 * reads from the file before any of its code runs. Lifecycle, on the control thread:
 *
 *   entry -> create -> [load] -> start -> (serving) -> drain -> destroy -> fini -> unmapped
 *
 * load: of state.h, when an older generation has something to hand over.
 *
 * create may also run for a trial, followed by destroy at once: in another process, beside the
 * generation that serves, before a new configuration is taken. What others would notice (ports,
 * leases, locks, writes to what the running generation writes to) belongs into start.
 * Any failure before the routes are swapped in destroys what was created and leaves the running
 * generation untouched. destroy is called once no call of the module is open and no work that it
 * posted waits or runs; what else it holds (timers, threads of mh.exec/1, slices) it gives back in
 * destroy at the latest. fini and unmapping follow when all of that is zero. A module that keeps
 * something is not unmapped: it is "retained", and what it holds is named.
 *
 * Not allowed in a module, because it outlives or overreaches it: changing signal handlers,
 * locale, umask, working directory or environment; fork; exit; threads not made by mh.exec/1 that
 * still run when destroy returns; letting an exception pass a function of this ABI.
 */
#pragma once

#include "base.h"
#include "call.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MH_LOG_TRACE 0
#define MH_LOG_DEBUG 1
#define MH_LOG_INFO 2
#define MH_LOG_WARN 3
#define MH_LOG_ERROR 4

/* The host's core table; lives as long as the instance. Growable. */
typedef struct mh_host {
  uint32_t size;
  uint16_t major, minor;
  const mh_call_ops* call;
  /* [any] Interface "mh.NAME/REV", or NULL when this host has none. */
  const void* (*query)(mh_instance*, const char* id);
  /* [any] Monotonic nanoseconds; deadlines use the same clock. */
  uint64_t (*now_ns)(void);
  /* [any] Messages below this level are dropped: ask before formatting. */
  int32_t (*log_level)(mh_instance*);
  /* [any] One structured log record; the host adds time, module and generation. Never blocks. */
  void (*log)(mh_instance*, int32_t level, mh_str text, const mh_kv* fields, size_t n);
  /* [any] A writable host block of n bytes to build a message in: *writable..+n, and out = the same
   * bytes with an owner that the caller holds one reference to (release it when sent). */
  mh_rc (*alloc)(mh_instance*, size_t n, uint8_t** writable, mh_slice* out);
} mh_host;

/* The module's table; static storage. Growable. All [control]. */
typedef struct mh_module {
  uint32_t size;
  uint32_t flags; /* 0 */
  /* Makes one instance; registers services, routes and metrics here, through host->query().
   * config_json: the [module.config] table of the host's TOML, "{}" when absent. */
  mh_rc (*create)(const mh_host*, mh_instance*, mh_str config_json, void** ud, mh_err*);
  mh_rc (*start)(void* ud, mh_err*); /* may be NULL */
  /* New settings for a running instance; NULL or MH_UNSUPPORTED: the host makes a new instance. */
  mh_rc (*reconfigure)(void* ud, mh_str config_json, mh_err*);
  /* No new calls will come; end long streams by deadline_ns (clock of now_ns). May be NULL. */
  void (*drain)(void* ud, uint64_t deadline_ns);
  void (*destroy)(void* ud);
  void (*fini)(void); /* once per mapping, after the last destroy; may be NULL */
  /* Interfaces that the module offers, or NULL. May be NULL. */
  const void* (*query)(void* ud, const char* id);
} mh_module;

/* Returns the module's table, or NULL with *err filled when it refuses this host. */
typedef const mh_module* (*mh_entry_fn)(uint16_t host_major, uint16_t host_minor, mh_err* err);

#define MH_MODULE_ENTRY mh_module_entry_v1
#define MH_MODULE_ENTRY_NAME "mh_module_entry_v1"

#if defined(__GNUC__)
#define MH_EXPORT __attribute__((visibility("default")))
#else
#define MH_EXPORT
#endif

#ifdef __cplusplus
}
#endif
