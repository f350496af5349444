// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/async_log.h"

#include <spdlog/async_logger.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/formatter.h>
#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <string>
#include <utility>

#include "host/base/clock.h"
#include "host/base/status_macros.h"
#include "host/telemetry/log_line.h"
#include "host/telemetry/output_file.h"

namespace meshhost {
namespace {

constexpr std::size_t kQueuedLines = 8192;

// Takes finished lines to the output. Called by the one thread of the pool, so it needs no lock.
class LineSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit LineSink(OutputFile output) : output_(std::move(output)) {}

  void RequestReopen() { output_.RequestReopen(); }
  std::uint64_t write_errors() const { return write_errors_.load(std::memory_order_relaxed); }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    line_.assign(message.payload.data(), message.payload.size());
    line_ += '\n';
    // Nowhere to say it but in a metric.
    if (!output_.Write(line_).ok()) write_errors_.fetch_add(1, std::memory_order_relaxed);
  }
  void flush_() override {}

 private:
  OutputFile output_;
  std::string line_;
  std::atomic<std::uint64_t> write_errors_ = 0;
};

spdlog::level::level_enum SpdlogLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
      return spdlog::level::trace;
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

struct AsyncLog::Core {
  LogConfig::Format format;
  std::shared_ptr<LineSink> sink;
  // Outlives the pool, whose queued messages hold it too.
  std::shared_ptr<spdlog::async_logger> logger;
  // Of our own, outside of spdlog's global registry. The destructor of the pool drains its queue.
  std::shared_ptr<spdlog::details::thread_pool> pool;
};

AsyncLog::AsyncLog(std::unique_ptr<Core> core) : core_(std::move(core)) {}
AsyncLog::~AsyncLog() = default;

absl::StatusOr<std::unique_ptr<AsyncLog>> AsyncLog::Open(const LogConfig& config) {
  ASSIGN_OR_RETURN(OutputFile output, OutputFile::Open(config.output));
  auto core = std::make_unique<Core>();
  core->format = config.format;
  core->sink = std::make_shared<LineSink>(std::move(output));
  core->pool = std::make_shared<spdlog::details::thread_pool>(kQueuedLines, 1);
  core->logger = std::make_shared<spdlog::async_logger>(
      "meshhost", core->sink, core->pool, spdlog::async_overflow_policy::overrun_oldest);
  core->logger->set_level(SpdlogLevel(config.level));
  return std::unique_ptr<AsyncLog>(new AsyncLog(std::move(core)));
}

bool AsyncLog::Enabled(LogLevel level) const {
  return core_->logger->should_log(SpdlogLevel(level));
}

void AsyncLog::Write(LogLevel level, std::string_view text, std::span<const LogField> fields) {
  if (!Enabled(level)) return;
  const std::string line = FormatLogLine(core_->format, WallNs(), level, text, fields);
  core_->logger->log(SpdlogLevel(level), spdlog::string_view_t(line.data(), line.size()));
}

void AsyncLog::SetLevel(LogLevel level) { core_->logger->set_level(SpdlogLevel(level)); }

void AsyncLog::Reopen() { core_->sink->RequestReopen(); }

std::uint64_t AsyncLog::dropped() const { return core_->pool->overrun_counter(); }

std::uint64_t AsyncLog::write_errors() const { return core_->sink->write_errors(); }

}  // namespace meshhost
