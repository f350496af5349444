/* SPDX-License-Identifier: Apache-2.0
 *
 * echo: gRPC echo.v1.Echo, REST /echo and WebSocket /echo, in C99 against the ABI headers alone.
 *
 * It is the conformance and benchmark target, so it does as little as a module can: inline
 * execution, and the bytes of the answer are the bytes of the request, never parsed or copied.
 * GET /echo answers 13 fixed bytes, to be compared with a web server's fixed answer.
 */
#include "echo.h"

#include <meshhost/abi/grpc.h>
#include <meshhost/abi/http.h>
#include <meshhost/abi/note.h>
#include <meshhost/abi/ws.h>
#include <meshhost/descriptors.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

MH_MODULE_NOTE("echo", "1.0.0", MH_GRPC_1 " " MH_HTTP_1 " " MH_WS_1);

static mh_str text(const char* literal) {
  mh_str s;
  s.p = literal;
  s.n = strlen(literal);
  return s;
}

void echo_fail(const echo_module* module, mh_call* call, int32_t code, const char* why) {
  mh_status status;
  memset(&status, 0, sizeof(status));
  status.size = sizeof(status);
  status.code = code;
  status.text = text(why);
  module->host->call->finish(call, NULL, &status);
}

void echo_unary(void* ud, mh_call* call, const mh_msg* first) {
  ((const echo_module*)ud)->host->call->finish(call, first, NULL);
}

/* Static bytes need no counting: the host sends them from where they are. */
static void count_nothing(mh_buf* buf) { (void)buf; }
static mh_buf static_bytes = {count_nothing, count_nothing};

static void get_echo(void* ud, mh_call* call, const mh_msg* first) {
  static const char hello[] = "Hello, World!";
  const mh_call_ops* ops = ((const echo_module*)ud)->host->call;
  const mh_kv type = {{"content-type", 12}, {"text/plain", 10}};
  const mh_slice body = {(const uint8_t*)hello, sizeof(hello) - 1, &static_bytes};
  const mh_msg last = {&body, 1, 0};
  (void)first;
  ops->send_headers(call, 200, &type, 1);
  ops->finish(call, &last, NULL);
}

static void post_echo(void* ud, mh_call* call, const mh_msg* first) {
  const mh_call_ops* ops = ((const echo_module*)ud)->host->call;
  const mh_call_info* info = ops->info(call);
  mh_kv type = {{"content-type", 12}, {"application/octet-stream", 24}};
  for (size_t i = 0; i < info->n_headers; i++) {
    const mh_kv* header = &info->headers[i];
    if (header->key.n == 12 && memcmp(header->key.p, "content-type", 12) == 0) {
      type.value = header->value;
    }
  }
  ops->send_headers(call, 200, &type, 1);
  ops->finish(call, first, NULL);
}

static mh_method inline_method(echo_module* module, const char* name, uint32_t kind,
                               void (*on_call)(void*, mh_call*, const mh_msg*)) {
  mh_method method;
  memset(&method, 0, sizeof(method));
  method.size = sizeof(method);
  method.kind = kind;
  method.name = text(name);
  method.exec = MH_EXEC_INLINE;
  method.on_call = on_call;
  method.ud = module;
  return method;
}

static mh_rc register_grpc(echo_module* module, mh_err* err) {
  const mh_grpc_1* grpc = (const mh_grpc_1*)module->host->query(module->instance, MH_GRPC_1);
  if (grpc == NULL) return MH_UNSUPPORTED;
  const mh_method methods[] = {
      inline_method(module, "Unary", MH_KIND_UNARY, echo_unary),
      inline_method(module, "ServerStream", MH_KIND_SERVER_STREAM, echo_server_stream),
      inline_method(module, "ClientStream", MH_KIND_CLIENT_STREAM, echo_client_stream),
      inline_method(module, "Bidi", MH_KIND_BIDI, echo_bidi),
  };
  mh_rc rc = grpc->descriptors(module->instance, mh_descriptors, mh_descriptors_size, err);
  if (rc != MH_OK) return rc;
  return grpc->service(module->instance, text("echo.v1.Echo"), methods,
                       sizeof(methods) / sizeof(methods[0]), sizeof(methods[0]), err);
}

static mh_rc register_http(echo_module* module, mh_err* err) {
  const mh_http_1* http = (const mh_http_1*)module->host->query(module->instance, MH_HTTP_1);
  if (http == NULL) return MH_UNSUPPORTED;
  const mh_method get = inline_method(module, "", MH_KIND_UNARY, get_echo);
  const mh_method post = inline_method(module, "", MH_KIND_UNARY, post_echo);
  mh_rc rc = http->route(module->instance, text("GET"), text("/echo"), &get, err);
  if (rc != MH_OK) return rc;
  return http->route(module->instance, text("POST"), text("/echo"), &post, err);
}

static mh_rc register_websocket(echo_module* module, mh_err* err) {
  const mh_ws_1* ws = (const mh_ws_1*)module->host->query(module->instance, MH_WS_1);
  if (ws == NULL) return MH_UNSUPPORTED;
  const mh_method session = inline_method(module, "", MH_KIND_BIDI, echo_bidi);
  return ws->route(module->instance, text("/echo"), text(""), &session, err);
}

static mh_rc create(const mh_host* host, mh_instance* instance, mh_str config_json, void** ud,
                    mh_err* err) {
  (void)config_json;
  echo_module* module = (echo_module*)malloc(sizeof(echo_module));
  if (module == NULL) return MH_FAILED;
  module->host = host;
  module->instance = instance;
  mh_rc rc = register_grpc(module, err);
  if (rc == MH_OK) rc = register_http(module, err);
  if (rc == MH_OK) rc = register_websocket(module, err);
  if (rc != MH_OK) {
    free(module);
    return rc;
  }
  *ud = module;
  return MH_OK;
}

static void destroy(void* ud) { free(ud); }

MH_EXPORT const mh_module* MH_MODULE_ENTRY(uint16_t host_major, uint16_t host_minor, mh_err* err);

MH_EXPORT const mh_module* MH_MODULE_ENTRY(uint16_t host_major, uint16_t host_minor, mh_err* err) {
  static const mh_module table = {sizeof(table), 0, create, NULL, NULL, NULL, destroy, NULL, NULL};
  (void)host_minor;
  if (host_major != MH_ABI_MAJOR) {
    if (err != NULL) snprintf(err->text, sizeof(err->text), "echo speaks ABI 1 only");
    return NULL;
  }
  return &table;
}
