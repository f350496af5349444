// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace meshhost {

// A module's file under a name that this process never uses again. dlopen knows files by path and
// by inode, so loading the operator's own path would give the old mapping after an upgrade in
// place, and a file rewritten while mapped would kill the host. Owned by the ModuleLibrary mapped
// from it; removed with it, so that a core dump taken before finds the code. Control thread.
class ModuleCopy final {
 public:
  // Writes `bytes` into `run_directory`, which is made when missing and must not be writable by
  // others, as NAME-HASH-RANDOM.so with mode 0500.
  // `sha256` of the bytes.
  [[nodiscard]] static absl::StatusOr<ModuleCopy> Create(const std::string& run_directory,
                                                         std::string_view name,
                                                         std::string_view sha256,
                                                         std::span<const std::uint8_t> bytes);
  ModuleCopy(ModuleCopy&& other) noexcept;
  ModuleCopy& operator=(ModuleCopy&& other) noexcept;
  ~ModuleCopy();

  const std::string& path() const { return path_; }
  // Leaves the file where it is: its code stays mapped.
  void Keep() { path_.clear(); }

 private:
  explicit ModuleCopy(std::string path) : path_(std::move(path)) {}

  std::string path_;  // empty: nothing to remove
};

}  // namespace meshhost
