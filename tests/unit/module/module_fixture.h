// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "host/module/module_instance.h"

namespace meshhost {

inline std::string ModulePath(std::string_view name) {
  return std::string(MESHHOST_TEST_MODULES) + "/" + std::string(name) + ".so";
}

class RecordingLog final : public Log {
 public:
  bool Enabled(LogLevel level) const override { return level >= LogLevel::kInfo; }
  void Write(LogLevel, std::string_view text, std::span<const LogField>) override {
    std::lock_guard lock(mutex_);
    lines_.emplace_back(text);
  }
  std::vector<std::string> lines() const {
    std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

class RecordingHealth final : public HealthSink {
 public:
  void SetServing(std::string_view, std::string_view service, bool serving) override {
    changes.push_back(std::string(service) + (serving ? " serves" : " does not serve"));
  }
  std::vector<std::string> changes;
};

// A directory of its own for each test, removed at the end.
class TemporaryDirectory final {
 public:
  TemporaryDirectory() {
    std::string pattern = std::filesystem::temp_directory_path() / "meshhost-test-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }
  std::size_t files() const {
    std::size_t n = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(path_)) ++n;
    return n;
  }

 private:
  std::string path_;
};

}  // namespace meshhost
