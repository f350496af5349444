// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/predecessor.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include <charconv>
#include <cstdlib>
#include <string>
#include <utility>

#include "host/base/concat.h"
#include "host/base/status_macros.h"
#include "host/net/descriptor_message.h"

namespace meshhost {
namespace {

// An error, since whoever sets the variable to nonsense waits for a successor.
absl::StatusOr<UniqueFd> SocketOf(std::string_view number) {
  int fd = -1;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), fd);
  const bool is_number = error == std::errc() && end == number.data() + number.size();
  if (!is_number || sd_is_socket(fd, AF_UNIX, SOCK_SEQPACKET, 0) <= 0) {
    return absl::InvalidArgumentError(
        Concat({kHandoffVariable, ": expected the number of a sequential-packet socket, got \"",
                number, "\""}));
  }
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  return UniqueFd(fd);
}

}  // namespace

absl::StatusOr<std::optional<Predecessor>> Predecessor::FromEnvironment() {
  const char* variable = std::getenv(kHandoffVariable);
  if (variable == nullptr) return std::nullopt;
  const std::string number = variable;
  ::unsetenv(kHandoffVariable);
  ASSIGN_OR_RETURN(UniqueFd socket, SocketOf(number));
  ASSIGN_OR_RETURN(SocketHandoff handoff, ReceiveHandoff(socket.get()));
  return Predecessor(std::move(socket), std::move(handoff));
}

void Predecessor::AwaitRelease() {
  if (!SendDescriptors(socket_.get(), kHandoffReady).ok()) return;
  (void)ReceiveDescriptors(socket_.get());
}

void Predecessor::Fail(std::string_view why) {
  // Whether it still listens is its own affair.
  (void)SendDescriptors(socket_.get(), Concat({kHandoffFailed, why.substr(0, 4096)}));
}

}  // namespace meshhost
