// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace meshhost {

// Told when a module breaks a rule of the ABI. Implemented by the ModuleInstance; any thread.
class MisbehaviourSink {
 public:
  virtual ~MisbehaviourSink() = default;
  // An exception left `where`, a function of the module.
  virtual void OnException(std::string_view where) = 0;
  // An inline handler blocked its worker.
  virtual void OnOverrun(std::string_view method, std::uint64_t elapsed_ns) = 0;
};

}  // namespace meshhost
