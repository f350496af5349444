// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

namespace meshhost {

// How an operation ended. Plain value.
struct OperationResult {
  int status = 200;  // HTTP; below 300: done
  std::string json;  // what was done or planned, or {"error": "..."}
};

// What the admin server can make the host do. Implemented by the runtime, which outlives the
// server; called on the admin server's threads, each call waits for the control thread.
class AdminOperations {
 public:
  virtual ~AdminOperations() = default;
  // What a reload of the configuration file would change and disturb; changes nothing.
  virtual OperationResult Plan() = 0;
  // Reloads the configuration file. confirm > 0: goes back to the configuration before when nobody
  // confirms in that time, or the host does worse than before.
  virtual OperationResult Reload(std::chrono::nanoseconds confirm) = 0;
  // Keeps, or gives up, the configuration that waits for it.
  virtual OperationResult Confirm() = 0;
  virtual OperationResult RollBack() = 0;
  // Replaces the process by one of the binary as it is now. The answer comes from the process that
  // was asked, when the other serves or has failed to.
  virtual OperationResult Upgrade() = 0;
};

}  // namespace meshhost
