// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/process_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>

#include "host/base/status_macros.h"
#include "host/telemetry/registry.h"

namespace meshhost {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

std::string ReadAll(const char* path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Field of /proc/self/stat, numbered as in proc(5). Counted from behind the process name, which may
// itself contain spaces and parentheses; field 3 is the first after it.
double StatField(int number) {
  const std::string stat = ReadAll("/proc/self/stat");
  std::size_t at = stat.rfind(')');
  if (at == std::string::npos) return kUnknown;
  for (int field = 2; field < number; ++field) {
    at = stat.find(' ', at + 1);
    if (at == std::string::npos) return kUnknown;
  }
  double value = kUnknown;
  std::from_chars(stat.data() + at + 1, stat.data() + stat.size(), value);
  return value;
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double OpenDescriptors() {
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return kUnknown;
  double count = -1;  // the one that this very listing has open
  while (const dirent* entry = readdir(directory))
    if (entry->d_name[0] != '.') ++count;
  closedir(directory);
  return count;
}

double MaxDescriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

double StartTimeSeconds() {
  const std::string stat = ReadAll("/proc/stat");
  constexpr std::string_view kKey = "\nbtime ";
  const std::size_t at = stat.find(kKey);
  if (at == std::string::npos) return kUnknown;
  double boot = kUnknown;
  std::from_chars(stat.data() + at + kKey.size(), stat.data() + stat.size(), boot);
  return boot + StatField(22) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

absl::Status Add(Registry& registry, std::string_view name, std::string_view help, MetricKind kind,
                 std::function<double()> read) {
  ASSIGN_OR_RETURN(
      FamilyId family,
      registry.Define({.name = std::string(name), .help = std::string(help), .kind = kind}));
  return registry.Callback(family, {}, std::move(read));
}

}  // namespace

absl::Status AddProcessMetrics(Registry& registry) {
  constexpr MetricKind kGauge = MetricKind::kCallbackGauge;
  RETURN_IF_ERROR(Add(registry, "process_cpu_seconds_total",
                      "User and system processor time spent, in seconds.",
                      MetricKind::kCallbackCounter, CpuSeconds));
  RETURN_IF_ERROR(
      Add(registry, "process_open_fds", "Open file descriptors.", kGauge, OpenDescriptors));
  RETURN_IF_ERROR(
      Add(registry, "process_max_fds", "Limit of open file descriptors.", kGauge, MaxDescriptors));
  RETURN_IF_ERROR(Add(registry, "process_virtual_memory_bytes", "Virtual memory, in bytes.", kGauge,
                      [] { return StatField(23); }));
  RETURN_IF_ERROR(Add(registry, "process_resident_memory_bytes", "Resident memory, in bytes.",
                      kGauge,
                      [] { return StatField(24) * static_cast<double>(sysconf(_SC_PAGESIZE)); }));
  RETURN_IF_ERROR(Add(registry, "process_threads", "Threads of the process.", kGauge,
                      [] { return StatField(20); }));
  // Constant, so read once.
  return Add(registry, "process_start_time_seconds",
             "Start of the process, in seconds since the epoch.", kGauge,
             [start = StartTimeSeconds()] { return start; });
}

}  // namespace meshhost
