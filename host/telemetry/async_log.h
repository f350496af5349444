// SPDX-License-Identifier: Apache-2.0
//
// The application log of a running host: the caller formats its line, spdlog's queue and thread
// take it to the output. A full queue loses the oldest lines, and counts them, rather than holding
// up whoever logs.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "host/config/config.h"
#include "host/telemetry/log.h"

namespace meshhost {

// Owned by the Host. Any thread. The destructor writes out what is queued.
class AsyncLog final : public Log {
 public:
  static absl::StatusOr<std::unique_ptr<AsyncLog>> Open(const LogConfig& config);
  ~AsyncLog() override;

  bool Enabled(LogLevel level) const override;
  void Write(LogLevel level, std::string_view text, std::span<const LogField> fields) override;

  // Takes effect at once.
  void SetLevel(LogLevel level);
  // The file was rotated away: opens it anew before the next line.
  void Reopen();

  // Lines lost since the queue was full, and lines that the output refused.
  std::uint64_t dropped() const;
  std::uint64_t write_errors() const;

 private:
  struct Core;  // keeps spdlog out of this header
  explicit AsyncLog(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace meshhost
