// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "host/module/module_instance.h"
#include "host/telemetry/log.h"

namespace meshhost {

// Shared by the generations and deployments that serve from the instance. Whoever lets go of the
// last reference, always on the control thread, unloads it.
using InstanceRef = std::shared_ptr<ModuleInstance>;

// An instance that could not be unloaded: it stays mapped until the process ends. Plain value.
struct RetainedModule {
  std::string module;
  uint64_t generation = 0;
  std::string held_by;  // "1 call, 2 threads"
};

// Unloads instances whose last reference goes, and remembers those that would not go. Owned by the
// Host, outlives all instances. Control thread, except where a function says otherwise.
class ModuleUnloader final {
 public:
  // `ended` is called with each instance before it is unloaded.
  using Ended = std::function<void(const ModuleInstance&)>;

  ModuleUnloader(Log& log, Ended ended) : log_(log), ended_(std::move(ended)) {}

  InstanceRef Share(std::unique_ptr<ModuleInstance> instance);
  // Any thread.
  std::vector<RetainedModule> retained() const;

 private:
  void Unload(std::unique_ptr<ModuleInstance> instance);

  Log& log_;
  const Ended ended_;
  mutable absl::Mutex mutex_;
  std::vector<RetainedModule> retained_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace meshhost
