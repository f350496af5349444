// SPDX-License-Identifier: Apache-2.0
//
// The C tables of FakeHost, written by hand: what a module gets from query(). Included by
// fake_host.h.
#pragma once

#include <meshhost/test/fake_host.h>

namespace mh::test {

struct FakeTables {
  static mh_rc Fail(mh_err* err, mh_rc rc, const std::string& text) {
    if (err == nullptr) return rc;
    err->code = rc;
    err->text[text.copy(err->text, sizeof(err->text) - 1)] = 0;
    return rc;
  }

  // --- core ---
  static uint64_t Now() { return FakeHost::now_ns_.load(); }
  static int32_t LogLevel(mh_instance*) { return MH_LOG_TRACE; }
  static void Log(mh_instance* self, int32_t level, mh_str text, const mh_kv* fields, size_t n) {
    static constexpr const char* kLevels[] = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR"};
    std::string line = std::string(kLevels[level]) + " " + std::string(View(text));
    for (size_t i = 0; i < n; i++) {
      line.append(" ").append(View(fields[i].key)).append("=").append(View(fields[i].value));
    }
    const std::lock_guard<std::mutex> lock(self->host->log_mutex_);
    self->host->log_.push_back(std::move(line));
  }
  static mh_rc Alloc(mh_instance* self, size_t n, uint8_t** writable, mh_slice* out) {
    FakeBlock* block = FakeBlock::Make(std::string(n, '\0'), &self->host->live_blocks_);
    *writable = reinterpret_cast<uint8_t*>(block->bytes.data());
    *out = {*writable, n, &block->buf};
    return MH_OK;
  }

  // --- mh.grpc/1, mh.http/1, mh.ws/1 ---
  static mh_rc Descriptors(mh_instance* self, const void* bytes, size_t n, mh_err*) {
    self->host->descriptors_.assign(static_cast<const char*>(bytes), n);
    return MH_OK;
  }
  static mh_rc Service(mh_instance* self, mh_str name, const mh_method* methods, size_t n,
                       size_t stride, mh_err* err) {
    const char* at = reinterpret_cast<const char*>(methods);
    for (size_t i = 0; i < n; i++, at += stride) {
      mh_method method = {};
      const mh_method* given = reinterpret_cast<const mh_method*>(at);
      std::memcpy(&method, given, std::min<size_t>(given->size, sizeof(method)));
      const std::string key = std::string(View(name)) + "/" + std::string(View(method.name));
      if (!self->host->methods_.emplace(key, method).second) {
        return Fail(err, MH_CONFLICT, key + " is registered twice");
      }
    }
    return MH_OK;
  }
  static mh_rc Health(mh_instance*, mh_str, int32_t) { return MH_OK; }
  static mh_rc HttpRoute(mh_instance* self, mh_str verb, mh_str pattern, const mh_method* method,
                         mh_err* err) {
    for (const FakeHost::Route& route : self->host->routes_) {
      if (route.verb == View(verb) && route.pattern == View(pattern)) {
        return Fail(err, MH_CONFLICT, route.verb + " " + route.pattern + " is registered twice");
      }
    }
    self->host->routes_.push_back({std::string(View(verb)), std::string(View(pattern)), *method});
    return MH_OK;
  }
  static mh_rc WsRoute(mh_instance* self, mh_str pattern, mh_str, const mh_method* method,
                       mh_err* err) {
    return HttpRoute(self, Str("WS"), pattern, method, err);
  }

  // --- mh.exec/1 ---
  static mh_rc Post(mh_instance* self, void (*function)(void*), void* argument) {
    self->host->exec_.Post(function, argument);
    return MH_OK;
  }
  static mh_rc Timer(mh_instance* self, uint64_t after_ns, uint64_t every_ns,
                     void (*function)(void*), void* argument, mh_timer** out) {
    *out = self->host->exec_.Add(Now() + after_ns, every_ns, function, argument);
    return MH_OK;
  }
  static mh_rc TimerCancel(mh_timer* timer) { return timer->owner->Cancel(timer); }
  static mh_rc StartThread(mh_instance* self, mh_str, void (*function)(void*), void* argument,
                           mh_thread** out) {
    *out = self->host->exec_.StartThread(function, argument);
    return MH_OK;
  }
  static mh_rc Join(mh_thread* thread) {
    thread->owner->Join(thread);
    return MH_OK;
  }

  // --- mh.metrics/1 ---
  static mh_rc Define(mh_instance* self, uint32_t, mh_str name, mh_str, const mh_str*, size_t,
                      const double*, size_t, mh_metric** out, mh_err*) {
    mh_metric& metric = self->host->metrics_[std::string(View(name))];
    metric.name = View(name);
    *out = &metric;
    return MH_OK;
  }
  static mh_rc GetSeries(mh_metric* metric, const mh_str* values, size_t n, mh_series** out) {
    std::string key;
    for (size_t i = 0; i < n; i++) key.append(i == 0 ? "" : ",").append(View(values[i]));
    *out = &metric->series[key];
    return MH_OK;
  }
  static void Add(mh_series* series, double amount) { series->value += amount; }
  static void Set(mh_series* series, double value) { series->value = value; }

  // --- mh.config/1 ---
  static mh_rc Text(mh_instance* self, mh_str path, mh_str* out) {
    return self->host->config_->Text(View(path), out);
  }
  static mh_rc I64(mh_instance* self, mh_str path, int64_t* out) {
    return self->host->config_->ReadNumber(View(path), out);
  }
  static mh_rc F64(mh_instance* self, mh_str path, double* out) {
    return self->host->config_->ReadNumber(View(path), out);
  }
  static mh_rc Boolean(mh_instance* self, mh_str path, int32_t* out) {
    return self->host->config_->Boolean(View(path), out);
  }
  static mh_rc Count(mh_instance* self, mh_str path, size_t* out) {
    return self->host->config_->Count(View(path), out);
  }
};

inline const void* FakeHost::Query(mh_instance*, const char* id) {
  using T = FakeTables;
  static const mh_grpc_1 grpc = {sizeof(grpc), &T::Descriptors, &T::Service, &T::Health};
  static const mh_http_1 http = {sizeof(http), &T::HttpRoute};
  static const mh_ws_1 ws = {sizeof(ws), &T::WsRoute};
  static const mh_exec_1 exec = {sizeof(exec),    &T::Post,        &T::Timer,
                                 &T::TimerCancel, &T::StartThread, &T::Join};
  static const mh_metrics_1 metrics = {sizeof(metrics), &T::Define, &T::GetSeries,
                                       &T::Add,         &T::Set,    &T::Set};
  static const mh_config_1 config = {sizeof(config), &T::Text,    &T::I64,
                                     &T::F64,        &T::Boolean, &T::Count};
  const std::string_view name(id);
  if (name == MH_GRPC_1) return &grpc;
  if (name == MH_HTTP_1) return &http;
  if (name == MH_WS_1) return &ws;
  if (name == MH_EXEC_1) return &exec;
  if (name == MH_METRICS_1) return &metrics;
  if (name == MH_CONFIG_1) return &config;
  return nullptr;
}

inline const mh_host* FakeHost::Table() {
  using T = FakeTables;
  static const mh_host table = {sizeof(table), MH_ABI_MAJOR, MH_ABI_MINOR, FakeCall::Ops(), &Query,
                                &T::Now,       &T::LogLevel, &T::Log,      &T::Alloc};
  return &table;
}

}  // namespace mh::test
