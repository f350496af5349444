// SPDX-License-Identifier: Apache-2.0
//
// leftover: keeps what {"keep": ...} says when it is to be unloaded, on purpose:
//   thread   one of mh.exec/1 that does not return      timer   one that runs and does not return
//   post     posted work that does not return           call    GET /keep is never finished
//   slice    GET /keep answers from memory of its own   tls     GET /keep makes a thread-local
//                                                               object
//   block    GET /keep keeps its request                alloc   memory that the host allocated
//   stray    a thread that the host does not know of
//   open     like thread, and GET /keep is never finished
// What does not return waits for a byte from the descriptor {"wake": FD}; then it calls each host
// function that may be called at any time, those of an open call, too, and writes what they
// answered to {"report": FD}, one number for each, before it waits for the end of "wake".
#include <meshhost/abi.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

MH_MODULE_NOTE("leftover", "1.0.0", MH_HTTP_1 " " MH_EXEC_1 " " MH_CONFIG_1 " " MH_METRICS_1);

namespace {

struct Leftover {
  const mh_host* host;
  mh_instance* instance;
  std::string keep;
  int64_t wake = -1;
  int64_t report = -1;
  std::atomic<bool> busy{false};
  std::atomic<mh_call*> open{nullptr};
  mh_metric* metric = nullptr;

  template <class Interface>
  const Interface& Get(const char* id) const {
    return *static_cast<const Interface*>(host->query(instance, id));
  }
};

mh_str Text(std::string_view text) { return {text.data(), text.size()}; }

void DoNothing(void*) {}

// Those of a call that this module has not finished.
std::string TryCall(const mh_call_ops& ops, mh_call* call) {
  mh_call_events events = {};
  events.size = sizeof(events);
  const mh_msg message = {};
  const mh_rc answers[] = {
      ops.bind(call, &events, nullptr),        ops.pull(call, 1),
      ops.send_headers(call, 200, nullptr, 0), ops.send(call, &message, 0),
      ops.finish(call, nullptr, nullptr),
  };
  std::string line;
  for (const mh_rc answer : answers) line += std::to_string(answer) + " ";
  // Facts can still be read.
  return line + std::to_string(ops.cancelled(call)) + " " +
         std::to_string(ops.info(call)->size != 0) + " ";
}

// Host functions, in the order of the report.
std::string TryEverything(const Leftover& own) {
  const auto& exec = own.Get<mh_exec_1>(MH_EXEC_1);
  const auto& http = own.Get<mh_http_1>(MH_HTTP_1);
  const auto& grpc = own.Get<mh_grpc_1>(MH_GRPC_1);
  const auto& metrics = own.Get<mh_metrics_1>(MH_METRICS_1);
  uint8_t* writable;
  mh_slice slice;
  mh_timer* timer;
  mh_thread* thread;
  mh_metric* metric;
  mh_series* series;
  mh_method method = {};
  method.size = sizeof(method);
  const mh_rc answers[] = {
      own.host->alloc(own.instance, 10, &writable, &slice),
      exec.post(own.instance, DoNothing, nullptr),
      exec.timer(own.instance, 0, 0, DoNothing, nullptr, &timer),
      exec.thread(own.instance, Text("late"), DoNothing, nullptr, &thread),
      grpc.health(own.instance, Text("late.v1.Late"), 0),
      http.route(own.instance, Text("GET"), Text("/late"), &method, nullptr),
      metrics.define(own.instance, MH_METRIC_COUNTER, Text("late_total"), Text("Late."), nullptr, 0,
                     nullptr, 0, &metric, nullptr),
      metrics.series(own.metric, nullptr, 0, &series),
  };
  own.host->log(own.instance, MH_LOG_ERROR, Text("a retired module speaks"), nullptr, 0);
  std::string line;
  for (const mh_rc answer : answers) line += std::to_string(answer) + " ";
  if (own.open != nullptr) line += TryCall(*own.host->call, own.open);
  return line + "\n";
}

void Stay(void* ud) {
  Leftover& own = *static_cast<Leftover*>(ud);
  own.busy = true;
  char byte;
  if (read(static_cast<int>(own.wake), &byte, 1) != 1) return;
  const std::string line = TryEverything(own);
  if (write(static_cast<int>(own.report), line.data(), line.size()) < 0) return;
  while (read(static_cast<int>(own.wake), &byte, 1) > 0) {
  }
}

void* StayOnOwnThread(void* ud) {
  Stay(ud);
  return nullptr;
}

mh_rc StartStray(void* ud) {
  pthread_t thread;
  if (pthread_create(&thread, nullptr, StayOnOwnThread, ud) != 0) return MH_FAILED;
  return pthread_detach(thread) == 0 ? MH_OK : MH_FAILED;
}

struct Touched {
  Touched() { touched = this; }
  ~Touched() { touched = nullptr; }
  Touched* volatile touched;
};

// Memory of the module that the host may keep until its answer is written.
struct OwnBlock : mh_buf {
  char text[8] = "kept";
};
void Ignore(mh_buf*) {}

void Answer(void* ud, mh_call* call, const mh_msg* request) {
  Leftover& own = *static_cast<Leftover*>(ud);
  if (own.keep == "call") return;
  if (own.keep == "open") {
    own.open = call;
    return;
  }
  if (own.keep == "block" && request->n > 0) request->v[0].owner->retain(request->v[0].owner);
  if (own.keep == "tls") {
    thread_local Touched touched;
    (void)touched.touched;
  }
  static OwnBlock block{{Ignore, Ignore}};
  const mh_slice slice = {reinterpret_cast<const uint8_t*>(block.text), 4, &block};
  const mh_msg last = {&slice, 1, 0};
  if (own.keep == "slice") {
    own.host->call->send(call, &last, 0);
    own.host->call->finish(call, nullptr, nullptr);
    return;
  }
  own.host->call->finish(call, &last, nullptr);
}

mh_rc Create(const mh_host* host, mh_instance* instance, mh_str, void** ud, mh_err* err) {
  auto* own = new Leftover{host, instance};
  const auto& config = own->Get<mh_config_1>(MH_CONFIG_1);
  mh_str keep = {};
  config.text(instance, Text("/keep"), &keep);
  own->keep.assign(keep.p == nullptr ? "" : keep.p, keep.n);
  config.i64(instance, Text("/wake"), &own->wake);
  config.i64(instance, Text("/report"), &own->report);
  if (own->keep == "alloc") {
    uint8_t* writable;
    mh_slice slice;
    host->alloc(instance, 10, &writable, &slice);
  }
  own->Get<mh_metrics_1>(MH_METRICS_1)
      .define(instance, MH_METRIC_COUNTER, Text("kept_total"), Text("Kept."), nullptr, 0, nullptr,
              0, &own->metric, nullptr);
  *ud = own;
  mh_method method = {};
  method.size = sizeof(method);
  method.exec = MH_EXEC_INLINE;
  if (own->keep == "slice") method.kind = MH_KIND_SERVER_STREAM;
  method.on_call = Answer;
  method.ud = own;
  return own->Get<mh_http_1>(MH_HTTP_1).route(instance, Text("GET"), Text("/keep"), &method, err);
}

mh_rc Start(void* ud, mh_err*) {
  Leftover& own = *static_cast<Leftover*>(ud);
  const auto& exec = own.Get<mh_exec_1>(MH_EXEC_1);
  const bool thread = own.keep == "thread" || own.keep == "open";
  mh_rc rc = MH_OK;
  if (own.keep == "post") rc = exec.post(own.instance, Stay, ud);
  if (own.keep == "timer") rc = exec.timer(own.instance, 0, 0, Stay, ud, nullptr);
  if (own.keep == "stray") rc = StartStray(ud);
  if (thread) rc = exec.thread(own.instance, Text("stays"), Stay, ud, nullptr);
  const bool stays = own.keep == "post" || own.keep == "timer" || own.keep == "stray" || thread;
  while (stays && rc == MH_OK && !own.busy) usleep(100);
  return rc;
}

void Destroy(void* ud) {
  Leftover* own = static_cast<Leftover*>(ud);
  if (!own->busy) delete own;
}

}  // namespace

extern "C" MH_EXPORT const mh_module* mh_module_entry_v1(uint16_t, uint16_t, mh_err*) {
  static const mh_module table = {sizeof(table), 0,        &Create, &Start, nullptr,
                                  nullptr,       &Destroy, nullptr, nullptr};
  return &table;
}
