/* SPDX-License-Identifier: Apache-2.0
 *
 * The sample module with protobuf-c: the same .proto file as the LITE modules, another runtime. */
#define SAMPLE_NAME "protobuf_c"
#define SAMPLE_SERVICE "sample.v1.ProtobufC"
#define SAMPLE_ON_CALL name_call
#include <meshhost/abi/call.h>

static void name_call(void* ud, mh_call* call, const mh_msg* first);

#include <sample/v1/sample.pb-c.h>

#include "sample.h"

MH_MODULE_NOTE(SAMPLE_NAME, "1.0.0", MH_GRPC_1 " " MH_HTTP_1);

/* The request in one piece, to be freed; protobuf-c does not read from several. */
static uint8_t* flatten(const mh_msg* message, size_t* n) {
  *n = 0;
  for (uint32_t i = 0; i < message->n; i++) *n += message->v[i].n;
  uint8_t* bytes = (uint8_t*)malloc(*n + 1);
  size_t at = 0;
  for (uint32_t i = 0; bytes != NULL && i < message->n; i++) {
    memcpy(bytes + at, message->v[i].p, message->v[i].n);
    at += message->v[i].n;
  }
  return bytes;
}

static void name_call(void* ud, mh_call* call, const mh_msg* first) {
  const sample_module* module = (const sample_module*)ud;
  static char name[] = SAMPLE_NAME;
  size_t n;
  uint8_t* bytes = flatten(first, &n);
  Sample__V1__Message* request = bytes == NULL ? NULL : sample__v1__message__unpack(NULL, n, bytes);
  free(bytes);
  if (request == NULL) {
    mh_status status;
    memset(&status, 0, sizeof(status));
    status.size = sizeof(status);
    status.code = 3;
    status.text = sample_text("the request does not parse");
    module->host->call->finish(call, NULL, &status);
    return;
  }
  Sample__V1__Message response = SAMPLE__V1__MESSAGE__INIT;
  response.text = name;
  response.number = request->number;
  sample__v1__message__free_unpacked(request, NULL);

  uint8_t* writable;
  mh_slice slice;
  const size_t size = sample__v1__message__get_packed_size(&response);
  if (module->host->alloc(module->instance, size, &writable, &slice) != MH_OK) {
    module->host->call->finish(call, NULL, NULL);
    return;
  }
  sample__v1__message__pack(&response, writable);
  const mh_msg last = {&slice, 1, 0};
  module->host->call->finish(call, &last, NULL);
  slice.owner->release(slice.owner);
}

static mh_rc create(const mh_host* host, mh_instance* instance, mh_str config, void** ud,
                    mh_err* err) {
  sample_module* module = sample_create(host, instance);
  (void)config;
  if (module == NULL) return MH_FAILED;
  mh_rc rc = sample_register_grpc(module, SAMPLE_SERVICE, "Name", err);
  if (rc == MH_OK) rc = sample_register_http(module, "/sample/" SAMPLE_NAME, err);
  if (rc != MH_OK) {
    free(module);
    return rc;
  }
  *ud = module;
  return MH_OK;
}

SAMPLE_ENTRY(create, NULL)
