/* SPDX-License-Identifier: Apache-2.0
 *
 * faulty: does harm where its settings say so, {"create": FAULT, "destroy": FAULT}, or its route
 * GET /faulty/FAULT is called; with FAULTY_CONSTRUCTOR while it is mapped. FAULT is one of
 *   abort, segv, hang, exit, fail, fd50 (fail where descriptor 50 is open), thread (leaves one),
 *   gate (waits for the end of a connection to the Unix socket {"gate": PATH})
 */
#include <fcntl.h>
#include <meshhost/abi/config.h>
#include <meshhost/abi/exec.h>
#include <meshhost/abi/http.h>
#include <meshhost/abi/module.h>
#include <meshhost/abi/note.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef FAULTY_VERSION
#define FAULTY_VERSION "1.0.0"
#endif
MH_MODULE_NOTE("faulty", FAULTY_VERSION, "mh.http/1 mh.config/1 mh.exec/1");

static const mh_host* host;
static mh_instance* instance;

static mh_str text(const char* literal) {
  mh_str s;
  s.p = literal;
  s.n = strlen(literal);
  return s;
}

static int is(mh_str value, const char* word) {
  return value.n == strlen(word) && memcmp(value.p, word, value.n) == 0;
}

static void wait_for_ever(void* ignored) {
  (void)ignored;
  for (;;) pause();
}

static mh_str setting(const char* path) {
  const mh_config_1* config = (const mh_config_1*)host->query(instance, MH_CONFIG_1);
  mh_str found;
  return config->text(instance, text(path), &found) == MH_OK ? found : text("nothing");
}

static int wait_at_gate(void) {
  const mh_str gate = setting("/gate");
  struct sockaddr_un address;
  char byte;
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  memset(&address, 0, sizeof(address));
  address.sun_family = AF_UNIX;
  if (fd < 0 || gate.n >= sizeof(address.sun_path)) return 1;
  memcpy(address.sun_path, gate.p, gate.n);
  if (connect(fd, (const struct sockaddr*)&address, sizeof(address)) != 0) return 1;
  while (read(fd, &byte, 1) > 0) {
  }
  close(fd);
  return 0;
}

/* Non-zero: this fault is an error that the module reports. */
static int commit(mh_str fault) {
  fprintf(stderr, "about to %.*s\n", (int)fault.n, fault.p);
  if (is(fault, "abort")) abort();
  if (is(fault, "segv")) *(volatile int*)16 = 1;
  if (is(fault, "hang")) wait_for_ever(NULL);
  if (is(fault, "exit")) exit(7);
  if (is(fault, "thread")) {
    const mh_exec_1* exec = (const mh_exec_1*)host->query(instance, MH_EXEC_1);
    return exec->thread(instance, text("left"), wait_for_ever, NULL, NULL) != MH_OK;
  }
  if (is(fault, "gate")) return wait_at_gate();
  if (is(fault, "fd50")) return fcntl(50, F_GETFD) >= 0;
  return is(fault, "fail");
}

static void answer(void* ud, mh_call* call, const mh_msg* first) {
  (void)ud;
  const mh_call_info* info = host->call->info(call);
  if (info->n_params == 1) commit(info->params[0].value);
  host->call->finish(call, first, NULL);
}

static mh_rc create(const mh_host* table, mh_instance* self, mh_str config_json, void** ud,
                    mh_err* err) {
  const mh_http_1* http = (const mh_http_1*)table->query(self, MH_HTTP_1);
  mh_method method;
  (void)config_json;
  host = table;
  instance = self;
  *ud = self;
  memset(&method, 0, sizeof(method));
  method.size = sizeof(method);
  method.exec = MH_EXEC_INLINE;
  method.on_call = answer;
  if (commit(setting("/create"))) {
    strcpy(err->text, "told to fail");
    return MH_FAILED;
  }
  return http->route(self, text("GET"), text("/faulty/{fault}"), &method, err);
}

static void destroy(void* ud) {
  (void)ud;
  commit(setting("/destroy"));
}

#if defined(FAULTY_CONSTRUCTOR)
__attribute__((constructor)) static void fail_early(void) { commit(text("abort")); }
#endif

MH_EXPORT const mh_module* MH_MODULE_ENTRY(uint16_t host_major, uint16_t host_minor, mh_err* err);

MH_EXPORT const mh_module* MH_MODULE_ENTRY(uint16_t host_major, uint16_t host_minor, mh_err* err) {
  static const mh_module table = {sizeof(table), 0, create, NULL, NULL, NULL, destroy, NULL, NULL};
  (void)host_major;
  (void)host_minor;
  (void)err;
  return &table;
}
