// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/access_log.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <utility>

#include "host/base/status_macros.h"
#include "host/telemetry/access_line.h"
#include "host/telemetry/byte_ring.h"
#include "host/telemetry/timestamp.h"

namespace meshhost {
namespace {

// A worker may be this many wake-ups ahead of the writer before it loses lines.
constexpr std::size_t kBuffersPerRing = 16;

}  // namespace

// What one worker writes to; aligned, so that no two workers share a cache line.
class alignas(64) AccessLog::WorkerLines {
 public:
  explicit WorkerLines(std::size_t ring_bytes) : ring_(ring_bytes) {}

  // Worker: true when `wake_bytes` have gathered since it last was.
  bool Write(const AccessRecord& record, std::size_t wake_bytes) {
    const char* end = WriteAccessLine(line_.data(), timestamp_, record);
    const auto size = static_cast<std::size_t>(end - line_.data());
    if (!ring_.Push({line_.data(), size})) {
      dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      return false;
    }
    gathered_ += size;
    if (gathered_ < wake_bytes) return false;
    gathered_ = 0;
    return true;
  }

  ByteRing& ring() { return ring_; }
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  ByteRing ring_;
  Timestamp timestamp_;
  std::size_t gathered_ = 0;
  std::atomic<std::uint64_t> dropped_ = 0;
  std::array<char, kMaxAccessLine> line_;
};

absl::StatusOr<std::unique_ptr<AccessLog>> AccessLog::Open(const AccessLogConfig& config,
                                                           std::uint32_t workers) {
  ASSIGN_OR_RETURN(OutputFile output, OutputFile::Open(config.output));
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return absl::ErrnoToStatus(errno, "access log: eventfd");
  return std::unique_ptr<AccessLog>(
      new AccessLog(config, workers, std::move(output), std::move(wake)));
}

AccessLog::AccessLog(const AccessLogConfig& config, std::uint32_t workers, OutputFile output,
                     UniqueFd wake)
    : flush_interval_(config.flush_interval),
      wake_bytes_(config.buffer),
      wake_(std::move(wake)),
      output_(std::move(output)) {
  const std::size_t ring_bytes = std::max(config.buffer * kBuffersPerRing, 2 * kMaxAccessLine);
  for (std::uint32_t i = 0; i < workers; ++i)
    lines_.push_back(std::make_unique<WorkerLines>(ring_bytes));
  writer_ = std::thread([this] { RunWriter(); });
}

AccessLog::~AccessLog() {
  stop_.store(true, std::memory_order_release);
  Wake();
  writer_.join();
}

void AccessLog::Write(std::uint32_t worker, const AccessRecord& record) {
  if (lines_[worker]->Write(record, wake_bytes_)) Wake();
}

void AccessLog::Reopen() {
  output_.RequestReopen();
  Wake();
}

std::uint64_t AccessLog::dropped() const {
  std::uint64_t sum = 0;
  for (const auto& lines : lines_) sum += lines->dropped();
  return sum;
}

void AccessLog::Wake() {
  // Fails only when the counter is at its maximum, that is when the writer is being woken anyway.
  [[maybe_unused]] const int result = ::eventfd_write(wake_.get(), 1);
}

void AccessLog::RunWriter() {
  const auto interval =
      std::chrono::duration_cast<std::chrono::milliseconds>(flush_interval_).count();
  const int timeout = static_cast<int>(std::clamp<std::int64_t>(interval, 1, 60'000));
  bool stopping = false;
  while (!stopping) {
    pollfd wake{.fd = wake_.get(), .events = POLLIN, .revents = 0};
    ::poll(&wake, 1, timeout);
    // Before the rings are read: what is pushed afterwards wakes us again.
    eventfd_t count = 0;
    ::eventfd_read(wake_.get(), &count);
    stopping = stop_.load(std::memory_order_acquire);
    WriteRings();
  }
}

void AccessLog::WriteRings() {
  for (auto& lines : lines_) {
    const auto [first, second] = lines->ring().Peek();
    WriteOut(first);
    WriteOut(second);
    lines->ring().Pop(first.size() + second.size());
  }
}

void AccessLog::WriteOut(std::string_view bytes) {
  if (bytes.empty()) return;
  if (!output_.Write(bytes).ok()) write_errors_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace meshhost
