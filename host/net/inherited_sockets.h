// SPDX-License-Identifier: Apache-2.0
//
// InheritedSockets: sockets that were open before this process began. The service manager passes
// those of a .socket unit, or of its descriptor store (sd_listen_fds(3)); a process that is being
// replaced hands over its own. A listener finds its socket here by name (address "systemd:NAME") or
// because it is bound to the address that the listener asks for; then nothing is bound anew, and no
// connection is refused in between.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "host/base/unique_fd.h"
#include "host/config/config.h"

namespace meshhost {

// One of them. Movable value.
struct InheritedSocket {
  enum class From : uint8_t {
    kServiceManager,
    kPredecessor,
    kPredecessorWithFile,  // a unix socket whose file is to be removed with it
  };

  std::string name;  // FileDescriptorName=, or of the listener
  UniqueFd fd;
  From from = From::kServiceManager;
  bool used = false;
};

// Lives as long as the Host: a reload may ask for a socket that the configuration did not name
// before. Control thread.
class InheritedSockets final {
 public:
  // What a listener gets. Movable value.
  struct Opened {
    std::vector<UniqueFd> sockets;
    bool with_file = false;  // From::kPredecessorWithFile
  };

  // What LISTEN_FDS and LISTEN_FDNAMES announce. Takes them out of the environment, so that no
  // child takes them for its own; before any other thread runs.
  static absl::StatusOr<InheritedSockets> FromEnvironment();

  // Several may have one name, as those of one unit or of the workers of one listener have.
  void Add(InheritedSocket socket) { sockets_.push_back(std::move(socket)); }

  // The sockets for this listener, not blocking: those bound to its address, which are given away,
  // or duplicates of those called NAME for systemd:NAME, which the service manager keeps open
  // anyway. Empty: there are none, bind. An error: nothing fitting is called NAME.
  absl::StatusOr<Opened> Open(const ListenerConfig& listener);

  // Those of the predecessor that no listener has asked for: whoever keeps one open without
  // accepting lets its connections hang.
  std::vector<InheritedSocket> TakeUnusedOfPredecessor();
  // Names of sockets that no listener has asked for.
  std::vector<std::string> Unused() const;
  // Duplicates of those that the service manager has passed and that are still here, for a
  // successor.
  std::vector<InheritedSocket> Passed() const;

 private:
  absl::StatusOr<Opened> OpenByName(const ListenerConfig& listener);
  std::string Names() const;

  std::vector<InheritedSocket> sockets_;
};

}  // namespace meshhost
