// SPDX-License-Identifier: Apache-2.0
//
// mh_host: log, clock, memory, and the way to every other interface.
#include <array>
#include <new>

#include "host/base/clock.h"
#include "host/module/call_ops.h"
#include "host/module/host_tables.h"

namespace meshhost {
namespace {

constexpr std::size_t kMaxBlock = std::size_t{1} << 30;

const void* Query(mh_instance*, const char* id) {
  struct Entry {
    std::string_view id;
    const void* table;
  };
  static const std::array<Entry, 6> kInterfaces = {{
      {MH_GRPC_1, &GrpcTable()},
      {MH_HTTP_1, &HttpTable()},
      {MH_WS_1, &WebSocketTable()},
      {MH_EXEC_1, &ExecTable()},
      {MH_METRICS_1, &MetricsTable()},
      {MH_CONFIG_1, &ConfigTable()},
  }};
  if (id == nullptr) return nullptr;
  for (const Entry& entry : kInterfaces) {
    if (entry.id == id) return entry.table;
  }
  return nullptr;
}

LogLevel ToLevel(std::int32_t level) {
  if (level <= MH_LOG_TRACE) return LogLevel::kTrace;
  if (level >= MH_LOG_ERROR) return LogLevel::kError;
  constexpr std::array kMiddle = {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn};
  return kMiddle[static_cast<std::size_t>(level - MH_LOG_DEBUG)];
}

std::int32_t LogLevelOf(mh_instance* instance) {
  std::int32_t level = MH_LOG_TRACE;
  while (level < MH_LOG_ERROR && !From(instance).log().Enabled(ToLevel(level))) ++level;
  return level;
}

void WriteLog(mh_instance* instance, std::int32_t level, mh_str text, const mh_kv* fields,
              std::size_t n) {
  ModuleInstance& module = From(instance);
  if (module.gone() || !module.log().Enabled(ToLevel(level))) return;
  (void)Guarded(nullptr, [&] {
    module.WriteLog(ToLevel(level), ToView(text), {fields, fields == nullptr ? 0 : n});
    return MH_OK;
  });
}

mh_rc Alloc(mh_instance* instance, std::size_t n, std::uint8_t** writable, mh_slice* out) {
  if (writable == nullptr || out == nullptr || n > kMaxBlock) return MH_INVALID;
  ModuleInstance& module = From(instance);
  if (module.gone()) return MH_GONE;
  return Guarded(nullptr, [&] {
    Block* block = Block::New(n);
    *writable = block->data();
    *out = {block->data(), n, module.blocks().Give(block->owner())};
    return MH_OK;
  });
}

}  // namespace

const mh_host& HostTable() {
  static const mh_host kTable = {sizeof(mh_host), MH_ABI_MAJOR, MH_ABI_MINOR, &CallOps(), Query,
                                 MonotonicNs,     LogLevelOf,   WriteLog,     Alloc};
  return kTable;
}

}  // namespace meshhost
