/* SPDX-License-Identifier: Apache-2.0
 *
 * What the small C and C++ test modules share: one unary gRPC method that answers its module's
 * name, one REST route /sample/<name> that does the same, and the lifecycle around them. Written
 * against the ABI headers alone, so that any compiler and standard can build it. Before including:
 *
 *   #define SAMPLE_NAME "c11_gcc"             module and route
 *   #define SAMPLE_SERVICE "sample.v1.C11Gcc" gRPC service; or leave out for REST only
 */
#pragma once

#include <meshhost/abi/grpc.h>
#include <meshhost/abi/http.h>
#include <meshhost/abi/module.h>
#include <meshhost/abi/note.h>
#include <meshhost/descriptors.h>
#include <stdlib.h>
#include <string.h>

typedef struct sample_module {
  const mh_host* host;
  mh_instance* instance;
} sample_module;

static inline mh_str sample_text(const char* literal) {
  mh_str s;
  s.p = literal;
  s.n = strlen(literal);
  return s;
}

static inline mh_rc sample_fail(mh_err* err, const char* text) {
  if (err != NULL) {
    err->code = MH_FAILED;
    strncpy(err->text, text, sizeof(err->text) - 1);
    err->text[sizeof(err->text) - 1] = 0;
  }
  return MH_FAILED;
}

static inline mh_method sample_method(sample_module* module, const char* name,
                                      void (*on_call)(void*, mh_call*, const mh_msg*)) {
  mh_method method;
  memset(&method, 0, sizeof(method));
  method.size = sizeof(method);
  method.kind = MH_KIND_UNARY;
  method.name = sample_text(name);
  method.exec = MH_EXEC_INLINE;
  method.on_call = on_call;
  method.ud = module;
  return method;
}

static inline mh_slice sample_slice(const void* bytes, size_t n) {
  mh_slice slice;
  slice.p = (const uint8_t*)bytes;
  slice.n = n;
  slice.owner = NULL;
  return slice;
}

static inline void sample_http(void* ud, mh_call* call, const mh_msg* first) {
  const mh_call_ops* ops = ((sample_module*)ud)->host->call;
  const mh_slice body = sample_slice(SAMPLE_NAME, sizeof(SAMPLE_NAME) - 1);
  mh_msg last;
  mh_kv type;
  (void)first;
  type.key = sample_text("content-type");
  type.value = sample_text("text/plain");
  last.v = &body;
  last.n = 1;
  last.flags = 0;
  ops->send_headers(call, 200, &type, 1);
  ops->finish(call, &last, NULL);
}

static inline mh_rc sample_register_http(sample_module* module, const char* pattern, mh_err* err) {
  const mh_http_1* http = (const mh_http_1*)module->host->query(module->instance, MH_HTTP_1);
  const mh_method method = sample_method(module, "", sample_http);
  if (http == NULL) return MH_UNSUPPORTED;
  return http->route(module->instance, sample_text("GET"), sample_text(pattern), &method, err);
}

#ifdef SAMPLE_SERVICE
#ifndef SAMPLE_ON_CALL
#define SAMPLE_ON_CALL sample_grpc
/* The request with field 1 (text) appended: the last occurrence of a field wins. */
static void sample_grpc(void* ud, mh_call* call, const mh_msg* first) {
  static const char name[] = "\x0a\x00" SAMPLE_NAME; /* field 1, length, text */
  uint8_t field[sizeof(name)];
  mh_slice slices[9];
  mh_msg last;
  uint32_t n = first->n < 8 ? first->n : 8;
  memcpy(field, name, sizeof(name));
  field[1] = (uint8_t)(sizeof(SAMPLE_NAME) - 1);
  if (n != 0) memcpy(slices, first->v, n * sizeof(mh_slice));
  slices[n] = sample_slice(field, sizeof(name) - 1);
  last.v = slices;
  last.n = n + 1;
  last.flags = 0;
  ((sample_module*)ud)->host->call->finish(call, &last, NULL);
}
#endif

static inline mh_rc sample_register_grpc(sample_module* module, const char* service,
                                         const char* name, mh_err* err) {
  const mh_grpc_1* grpc = (const mh_grpc_1*)module->host->query(module->instance, MH_GRPC_1);
  const mh_method method = sample_method(module, name, SAMPLE_ON_CALL);
  mh_rc rc;
  if (grpc == NULL) return MH_UNSUPPORTED;
  rc = grpc->descriptors(module->instance, mh_descriptors, mh_descriptors_size, err);
  if (rc != MH_OK) return rc;
  return grpc->service(module->instance, sample_text(service), &method, 1, sizeof(method), err);
}
#endif

/* A module allocated and with its route registered; NULL when the host refused. */
static inline sample_module* sample_create(const mh_host* host, mh_instance* instance) {
  sample_module* module = (sample_module*)malloc(sizeof(sample_module));
  if (module == NULL) return NULL;
  module->host = host;
  module->instance = instance;
  return module;
}

static inline void sample_destroy(void* ud) { free(ud); }

/* The entry function over a create and a start (or NULL). */
#ifdef __cplusplus
#define SAMPLE_LINKAGE extern "C" MH_EXPORT
#else
#define SAMPLE_LINKAGE MH_EXPORT
#endif
#define SAMPLE_ENTRY(create_, start_)                                                          \
  SAMPLE_LINKAGE const mh_module* mh_module_entry_v1(uint16_t major, uint16_t minor, mh_err*); \
  SAMPLE_LINKAGE const mh_module* mh_module_entry_v1(uint16_t major, uint16_t minor,           \
                                                     mh_err* err) {                            \
    static const mh_module table = {sizeof(mh_module), 0,    create_, start_, NULL, NULL,      \
                                    sample_destroy,    NULL, NULL};                            \
    (void)minor;                                                                               \
    (void)err;                                                                                 \
    return major == MH_ABI_MAJOR ? &table : NULL;                                              \
  }
