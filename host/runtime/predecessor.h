// SPDX-License-Identifier: Apache-2.0
//
// Predecessor: the running process that this one replaces (see binary_upgrade.h for its side). It
// serves until this one has said that it is ready, and goes on serving if this one never does.
#pragma once

#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "host/base/unique_fd.h"
#include "host/runtime/socket_handoff.h"

namespace meshhost {

// The variable that tells a process the number of its end of the pair.
inline constexpr const char* kHandoffVariable = "MESHHOST_HANDOFF_FD";

// Control thread. The end of this object tells the predecessor that all has been taken over, or
// that nothing will be.
class Predecessor final {
 public:
  // None: there is nobody to take over from. Takes the variable out of the environment, so that no
  // child believes it; before any other thread runs.
  static absl::StatusOr<std::optional<Predecessor>> FromEnvironment();

  // What it hands over; the sockets may be moved out.
  SocketHandoff& handoff() { return handoff_; }
  // This process serves. Returns when the predecessor has let go; also when it has died, since then
  // nobody else serves.
  void AwaitRelease();
  // This process gives up. The words are the operator's answer.
  void Fail(std::string_view why);

 private:
  Predecessor(UniqueFd socket, SocketHandoff handoff)
      : socket_(std::move(socket)), handoff_(std::move(handoff)) {}

  UniqueFd socket_;
  SocketHandoff handoff_;
};

}  // namespace meshhost
