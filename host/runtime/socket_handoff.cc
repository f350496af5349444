// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/socket_handoff.h"

#include <array>
#include <optional>
#include <utility>

#include "host/base/concat.h"
#include "host/base/status_macros.h"
#include "host/net/descriptor_message.h"

namespace meshhost {
namespace {

using From = InheritedSocket::From;

constexpr std::string_view kGreeting = "meshhost-handoff/1";
constexpr std::string_view kEnd = "end ";

// What a socket is to the one who gets it.
constexpr std::array<std::pair<From, std::string_view>, 3> kWords = {{
    {From::kServiceManager, "passed "},
    {From::kPredecessor, "listener "},
    {From::kPredecessorWithFile, "listener-with-file "},
}};

std::string LineOf(const InheritedSocket& socket) {
  for (const auto& [from, word] : kWords) {
    if (from == socket.from) return Concat({"\n", word, socket.name});
  }
  return "";
}

absl::Status Unexpected(std::string_view expected, std::string_view got) {
  return absl::InvalidArgumentError(Concat({"the process to take over from: expected \"", expected,
                                            "\", got \"", got.substr(0, 200), "\""}));
}

std::optional<InheritedSocket> Parse(std::string_view line) {
  for (const auto& [from, word] : kWords) {
    if (line.starts_with(word)) {
      return InheritedSocket{std::string(line.substr(word.size())), UniqueFd(), from};
    }
  }
  return std::nullopt;
}

absl::Status Take(DescriptorMessage message, std::vector<InheritedSocket>& to) {
  std::string_view text = message.text;
  if (!text.starts_with(kGreeting)) return Unexpected(kGreeting, text);
  text.remove_prefix(kGreeting.size());
  for (UniqueFd& fd : message.descriptors) {
    if (!text.starts_with('\n')) return Unexpected("a line for each socket", text);
    text.remove_prefix(1);
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size());
    std::optional<InheritedSocket> socket = Parse(line);
    if (!socket) return Unexpected("listener NAME", line);
    socket->fd = std::move(fd);
    to.push_back(*std::move(socket));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status SendHandoff(int socket, const SocketHandoff& handoff) {
  size_t next = 0;
  do {
    std::string text(kGreeting);
    std::vector<int> fds;
    for (; next < handoff.sockets.size() && fds.size() < kMaxDescriptors; ++next) {
      const std::string line = LineOf(handoff.sockets[next]);
      if (text.size() + line.size() > kMaxDescriptorText) break;
      text += line;
      fds.push_back(handoff.sockets[next].fd.get());
    }
    RETURN_IF_ERROR(SendDescriptors(socket, text, fds));
  } while (next < handoff.sockets.size());
  return SendDescriptors(socket, Concat({kEnd, handoff.admin.ToString()}));
}

absl::StatusOr<SocketHandoff> ReceiveHandoff(int socket) {
  SocketHandoff handoff;
  while (true) {
    ASSIGN_OR_RETURN(DescriptorMessage message, ReceiveDescriptors(socket));
    if (!message.text.starts_with(kEnd)) {
      RETURN_IF_ERROR(Take(std::move(message), handoff.sockets));
      continue;
    }
    const std::string_view admin = std::string_view(message.text).substr(kEnd.size());
    auto address = ParseBindAddress(admin);
    if (!address.ok()) return Unexpected("the address of an admin server", admin);
    handoff.admin = *std::move(address);
    return handoff;
  }
}

}  // namespace meshhost
