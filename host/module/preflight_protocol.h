// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "host/module/preflight.h"

namespace meshhost {

// Steps of a pre-flight, as errors name them.
inline constexpr std::string_view kPreflightLoad = "load";
inline constexpr std::string_view kPreflightCreate = "create";
inline constexpr std::string_view kPreflightDestroy = "destroy";

// One line from the child to the host. Plain value.
struct PreflightReport {
  // kOther: a line that is none of ours; a module may write to any descriptor.
  enum class Kind { kOther, kStep, kWarning, kFailed, kDone };
  Kind kind = Kind::kOther;
  std::string module;  // of kStep and kWarning
  std::string text;    // which step, or what is wrong
};
[[nodiscard]] std::string WritePreflightReport(const PreflightReport& report);
[[nodiscard]] PreflightReport ParsePreflightReport(std::string_view line);

// The plan on its way to the child: all of a module's settings that loading and creating it use.
[[nodiscard]] std::string WritePreflightPlan(const PreflightPlan& plan,
                                             const std::string& run_directory);
struct ReceivedPlan {
  std::deque<ModuleConfig> modules;  // what `plan` points to
  PreflightPlan plan;
};
[[nodiscard]] absl::StatusOr<ReceivedPlan> ParsePreflightPlan(std::string_view text);

}  // namespace meshhost
