// SPDX-License-Identifier: Apache-2.0
//
// Pre-flight: the modules of a new configuration are loaded, created and destroyed in a child
// process first. A load that aborts, hangs or exits then costs an error message, not the host.
//
//   host                                     child: `meshhost module preflight`
//   Preflight --------- modules as JSON -------> load all, create the changed ones,
//             <-- "about to create billing" ---- destroy them, unload all
//             <-- an error, a warning, done ----
//
// The child says what it is about to do before it does it, so that its death names module and step.
// It inherits no descriptor and no signal mask, registers what it wants for itself alone, and never
// calls start: a module should open what others could notice (ports, leases) there, not in create.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "host/config/config.h"
#include "host/telemetry/log.h"

namespace meshhost {

// What to try. Plain value; what it points to outlives the call.
struct PreflightPlan {
  std::string config_file;                   // for errors, with the module's place in it
  std::vector<const ModuleConfig*> changed;  // loaded, created, destroyed, unloaded
  std::vector<const ModuleConfig*> kept;     // only loaded beside them
  std::string run_directory;                 // for the private copies, in a folder of their own
  std::string executable = "/proc/self/exe";
  const std::atomic<bool>* give_up = nullptr;  // when set to true: ends the child at once
};

// Blocks for as long as the modules take, at most init_timeout for each step of each module and
// stop_timeout for its end. Any thread, whatever other threads do. The error names module, step and
// cause: what the module said, the signal that killed it, the code it exited with, or how long it
// was waited for; and the last lines of its output. `log` gets a warning for each module that could
// not be unloaded again.
[[nodiscard]] absl::Status Preflight(const PreflightPlan& plan, Log& log);

// The child's side: reads the plan from descriptor 0, reports on ChildProcess::kLines. Returns the
// exit code; the process should end at once, since what misbehaved may still run.
int RunPreflightChild();

}  // namespace meshhost
