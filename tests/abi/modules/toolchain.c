/* SPDX-License-Identifier: Apache-2.0
 *
 * The sample module as plain C, built once per C compiler and standard, and as C++ without more. */
#include "sample.h"

MH_MODULE_NOTE(SAMPLE_NAME, "1.0.0", MH_GRPC_1 " " MH_HTTP_1);

static mh_rc create(const mh_host* host, mh_instance* instance, mh_str config, void** ud,
                    mh_err* err) {
  sample_module* module = sample_create(host, instance);
  mh_rc rc;
  (void)config;
  if (module == NULL) return MH_FAILED;
  rc = sample_register_grpc(module, SAMPLE_SERVICE, "Name", err);
  if (rc == MH_OK) rc = sample_register_http(module, "/sample/" SAMPLE_NAME, err);
  if (rc != MH_OK) {
    free(module);
    return rc;
  }
  *ud = module;
  return MH_OK;
}

SAMPLE_ENTRY(create, NULL)
