/* SPDX-License-Identifier: Apache-2.0
 *
 * Registers its embedded descriptors, then fails for want of configuration, as many modules would.
 */
#include <meshhost/abi/grpc.h>
#include <meshhost/abi/module.h>
#include <meshhost/abi/note.h>
#include <meshhost/descriptors.h>
#include <stdlib.h>
#include <string.h>

MH_MODULE_NOTE("schema", "1.0.0", MH_GRPC_1);

static mh_rc create(const mh_host* host, mh_instance* instance, mh_str config_json, void** ud,
                    mh_err* err) {
  const mh_grpc_1* grpc = (const mh_grpc_1*)host->query(instance, MH_GRPC_1);
  (void)config_json;
  (void)ud;
  const mh_rc rc = grpc->descriptors(instance, mh_descriptors, mh_descriptors_size, err);
  if (rc != MH_OK) return rc;
#if defined(SCHEMA_CRASH)
  abort();
#endif
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
