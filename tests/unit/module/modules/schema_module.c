/* SPDX-License-Identifier: Apache-2.0
 *
 * Registers its embedded descriptors, then fails for want of configuration, as many modules would.
 * With any setting it serves shop.v1.Shop/Get, which answers with its request, but for an empty
 * one: that waits until its peer gives it up.
 */
#include <meshhost/abi/grpc.h>
#include <meshhost/abi/module.h>
#include <meshhost/abi/note.h>
#include <meshhost/descriptors.h>
#include <stdlib.h>
#include <string.h>

MH_MODULE_NOTE("schema", "1.0.0", MH_GRPC_1);

static const mh_call_ops* calls;

static void give_up(void* ud, mh_call* call, uint32_t why) {
  (void)ud;
  (void)why;
  calls->finish(call, NULL, NULL);
}

static void get(void* ud, mh_call* call, const mh_msg* request) {
  mh_call_events events;
  (void)ud;
  if (request->n > 0 && request->v[0].n > 0) {
    calls->finish(call, request, NULL);
    return;
  }
  memset(&events, 0, sizeof(events));
  events.size = sizeof(events);
  events.on_cancel = give_up;
  calls->bind(call, &events, NULL);
}

static mh_rc serve(const mh_grpc_1* grpc, mh_instance* instance, mh_err* err) {
  static const char service[] = "shop.v1.Shop", name[] = "Get";
  mh_method method;
  mh_str full;
  memset(&method, 0, sizeof(method));
  method.size = sizeof(method);
  method.name.p = name;
  method.name.n = sizeof(name) - 1;
  method.exec = MH_EXEC_INLINE;
  method.on_call = get;
  full.p = service;
  full.n = sizeof(service) - 1;
  return grpc->service(instance, full, &method, 1, sizeof(method), err);
}

static mh_rc create(const mh_host* host, mh_instance* instance, mh_str config_json, void** ud,
                    mh_err* err) {
  const mh_grpc_1* grpc = (const mh_grpc_1*)host->query(instance, MH_GRPC_1);
  *ud = instance;
  calls = host->call;
  const mh_rc rc = grpc->descriptors(instance, mh_descriptors, mh_descriptors_size, err);
  if (rc != MH_OK) return rc;
#if defined(SCHEMA_CRASH)
  abort();
#endif
  if (config_json.n > 2) return serve(grpc, instance, err); /* more than {} */
  strcpy(err->text, "no database configured");
  return MH_FAILED;
}

static void destroy(void* ud) { (void)ud; }

MH_EXPORT const mh_module* MH_MODULE_ENTRY(uint16_t host_major, uint16_t host_minor, mh_err* err);

MH_EXPORT const mh_module* MH_MODULE_ENTRY(uint16_t host_major, uint16_t host_minor, mh_err* err) {
  static const mh_module table = {sizeof(table), 0, create, NULL, NULL, NULL, destroy, NULL, NULL};
  (void)host_major;
  (void)host_minor;
  (void)err;
  return &table;
}
