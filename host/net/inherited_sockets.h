// SPDX-License-Identifier: Apache-2.0
//
// InheritedSockets: sockets that were open before this process began. The service manager passes
// those of a .socket unit, or of its descriptor store (sd_listen_fds(3)); a process that is being
// replaced hands over its own. A listener finds its socket here by name (address "systemd:NAME") or
// because it is bound to the address that the listener asks for; then nothing is bound anew, and no
// connection is refused in between.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "host/base/unique_fd.h"
#include "host/config/config.h"

namespace meshhost {

// Lives as long as the Host: a reload may ask for a socket that the configuration did not name
// before. Control thread.
class InheritedSockets final {
 public:
  // What LISTEN_FDS and LISTEN_FDNAMES announce. Takes them out of the environment, so that no
  // child takes them for its own; before any other thread runs.
  static absl::StatusOr<InheritedSockets> FromEnvironment();

  // Several may have one name, as those of one unit or of the workers of one listener have.
  void Add(std::string name, UniqueFd fd);

  // The sockets for this listener, not blocking: those bound to its address, which are given away,
  // or duplicates of those called NAME for systemd:NAME, which the service manager keeps open
  // anyway. Empty: there are none, bind. An error: nothing fitting is called NAME.
  absl::StatusOr<std::vector<UniqueFd>> Open(const ListenerConfig& listener);

  // Names of sockets that no listener has asked for.
  std::vector<std::string> Unused() const;

 private:
  struct Socket {
    std::string name;
    UniqueFd fd;
    bool used = false;
  };

  absl::StatusOr<std::vector<UniqueFd>> OpenByName(const ListenerConfig& listener);
  std::string Names() const;

  std::vector<Socket> sockets_;
};

}  // namespace meshhost
