// SPDX-License-Identifier: Apache-2.0
#include "host/module/crash_record.h"

#include <nlohmann/json.hpp>

namespace meshhost {

std::optional<CrashRecord> ParseCrashRecord(std::string_view text) {
  using nlohmann::json;
  const json from = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!from.is_object()) return std::nullopt;
  try {
    CrashRecord record;
    from.at("module").get_to(record.module);
    from.at("generation").get_to(record.generation);
    from.at("method").get_to(record.method);
    from.at("sha256").get_to(record.sha256);
    from.at("signal").get_to(record.signal);
    from.at("unix_seconds").get_to(record.unix_seconds);
    return record;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

}  // namespace meshhost
