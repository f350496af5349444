/* SPDX-License-Identifier: Apache-2.0
 *
 * probe: a module that tries everything of the host once, driven by its configuration, and can be
 * told to misbehave: {"leave": "thread" | "call"}, {"fail": "create" | "start"}, {"signals":
 * "steal"}.
 */
#include <meshhost/abi/config.h>
#include <meshhost/abi/exec.h>
#include <meshhost/abi/grpc.h>
#include <meshhost/abi/http.h>
#include <meshhost/abi/metrics.h>
#include <meshhost/abi/module.h>
#include <meshhost/abi/note.h>
#include <meshhost/abi/ws.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#ifndef PROBE_VERSION
#define PROBE_VERSION "1.0.0"
#endif
MH_MODULE_NOTE("probe", PROBE_VERSION, "mh.exec/1 mh.config/1");

typedef struct probe {
  const mh_host* host;
  mh_instance* instance;
  const mh_exec_1* exec;
  mh_series* events;
  mh_thread* thread;
  mh_timer* timer;
  atomic_int stop;
  atomic_int posted;
} probe;

static mh_str text(const char* literal) {
  mh_str s;
  s.p = literal;
  s.n = strlen(literal);
  return s;
}

static int setting_is(probe* p, const char* path, const char* value) {
  const mh_config_1* config = (const mh_config_1*)p->host->query(p->instance, MH_CONFIG_1);
  mh_str found;
  return config->text(p->instance, text(path), &found) == MH_OK && found.n == strlen(value) &&
         memcmp(found.p, value, found.n) == 0;
}

static void pause_briefly(void) {
  const struct timespec wait = {0, 1000000};
  nanosleep(&wait, NULL);
}

static void count(void* arg) {
  const mh_metrics_1* metrics;
  probe* p = (probe*)arg;
  metrics = (const mh_metrics_1*)p->host->query(p->instance, MH_METRICS_1);
  metrics->add(p->events, 1);
}

static void run_thread(void* arg) {
  probe* p = (probe*)arg;
  while (!atomic_load(&p->stop)) pause_briefly();
}

static void posted(void* arg) { atomic_fetch_add(&((probe*)arg)->posted, 1); }

static void answer(void* ud, mh_call* call, const mh_msg* first) {
  probe* p = (probe*)ud;
  if (setting_is(p, "/leave", "call")) return;
  p->host->call->finish(call, first, NULL);
}

static mh_rc register_all(probe* p, mh_err* err) {
  const mh_http_1* http = (const mh_http_1*)p->host->query(p->instance, MH_HTTP_1);
  const mh_ws_1* ws = (const mh_ws_1*)p->host->query(p->instance, MH_WS_1);
  const mh_metrics_1* metrics = (const mh_metrics_1*)p->host->query(p->instance, MH_METRICS_1);
  const mh_str labels[1] = {{"kind", 4}};
  const mh_str values[1] = {{"timer", 5}};
  mh_metric* metric;
  mh_method method;
  memset(&method, 0, sizeof(method));
  method.size = sizeof(method);
  method.exec = MH_EXEC_INLINE;
  method.on_call = answer;
  method.ud = p;
  mh_rc rc = http->route(p->instance, text("GET"), text("/probe/{id}"), &method, err);
  if (rc == MH_OK) rc = ws->route(p->instance, text("/probe"), text("a b"), &method, err);
  if (rc == MH_OK) {
    rc = metrics->define(p->instance, MH_METRIC_COUNTER, text("probe_events_total"),
                         text("Events."), labels, 1, NULL, 0, &metric, err);
  }
  if (rc == MH_OK) rc = metrics->series(metric, values, 1, &p->events);
  return rc;
}

static mh_rc create(const mh_host* host, mh_instance* instance, mh_str config_json, void** ud,
                    mh_err* err) {
  /* One instance per mapping, and a run of the timer may outlast destroy(). */
  static probe only;
  probe* p = &only;
  (void)config_json;
  p->host = host;
  p->instance = instance;
  p->exec = (const mh_exec_1*)host->query(instance, MH_EXEC_1);
  mh_rc rc = register_all(p, err);
  if (setting_is(p, "/fail", "create")) {
    strcpy(err->text, "told to fail");
    rc = MH_FAILED;
  }
  if (rc != MH_OK) return rc;
  if (setting_is(p, "/signals", "steal")) signal(SIGUSR2, SIG_IGN);
  host->log(instance, MH_LOG_INFO, text("created"), NULL, 0);
  *ud = p;
  return MH_OK;
}

static mh_rc start(void* ud, mh_err* err) {
  probe* p = (probe*)ud;
  if (setting_is(p, "/fail", "start")) {
    strcpy(err->text, "told to fail");
    return MH_FAILED;
  }
  mh_rc rc = p->exec->thread(p->instance, text("probe"), run_thread, p, &p->thread);
  if (rc == MH_OK) rc = p->exec->timer(p->instance, 0, 1000000, count, p, &p->timer);
  if (rc == MH_OK) rc = p->exec->post(p->instance, posted, p);
  while (rc == MH_OK && atomic_load(&p->posted) == 0) pause_briefly();
  return rc;
}

static void destroy(void* ud) {
  probe* p = (probe*)ud;
  if (p->timer != NULL) p->exec->timer_cancel(p->timer);
  /* Misbehaves on purpose: what the thread uses must then stay. */
  if (setting_is(p, "/leave", "thread")) return;
  if (p->thread != NULL) {
    atomic_store(&p->stop, 1);
    p->exec->join(p->thread);
  }
}

MH_EXPORT const mh_module* MH_MODULE_ENTRY(uint16_t host_major, uint16_t host_minor, mh_err* err);

MH_EXPORT const mh_module* MH_MODULE_ENTRY(uint16_t host_major, uint16_t host_minor, mh_err* err) {
  static const mh_module table = {sizeof(table), 0, create, start, NULL, NULL, destroy, NULL, NULL};
  (void)host_major;
  (void)host_minor;
  (void)err;
  return &table;
}
