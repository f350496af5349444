// SPDX-License-Identifier: Apache-2.0
//
// The access log: one JSON line for each call. A worker formats the line into a ring of its own and
// goes on; one writer thread empties the rings when enough has gathered or the flush interval has
// passed. A ring that is full loses lines, counted, since neither requests nor memory may wait for
// a slow disk. Handing over whole buffers through a queue was dropped: it needs a timer on each
// worker to flush buffers that do not fill, and memory that is allocated on one thread and freed on
// another.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "host/base/unique_fd.h"
#include "host/config/config.h"
#include "host/telemetry/access_record.h"
#include "host/telemetry/output_file.h"

namespace meshhost {

// Owned by the Host; outlives the workers. Write() on the worker it names, the rest on any thread.
// The destructor writes out what the rings hold.
class AccessLog final {
 public:
  // `config.output` is not kOff.
  static absl::StatusOr<std::unique_ptr<AccessLog>> Open(const AccessLogConfig& config,
                                                         std::uint32_t workers);
  ~AccessLog();

  void Write(std::uint32_t worker, const AccessRecord& record);

  // The file was rotated away: opens it anew before the next write.
  void Reopen();

  // Lines lost since a ring was full, and writes that the output refused.
  std::uint64_t dropped() const;
  std::uint64_t write_errors() const { return write_errors_.load(std::memory_order_relaxed); }

 private:
  class WorkerLines;

  AccessLog(const AccessLogConfig& config, std::uint32_t workers, OutputFile output, UniqueFd wake);
  void Wake();
  void RunWriter();
  void WriteRings();
  void WriteOut(std::string_view bytes);

  const ConfigDuration flush_interval_;
  const std::size_t wake_bytes_;
  const UniqueFd wake_;  // eventfd
  std::vector<std::unique_ptr<WorkerLines>> lines_;
  OutputFile output_;
  std::atomic<std::uint64_t> write_errors_ = 0;
  std::atomic<bool> stop_ = false;
  std::thread writer_;  // last: started when all else is there
};

}  // namespace meshhost
