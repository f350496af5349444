// SPDX-License-Identifier: Apache-2.0
#include "host/net/descriptor_message.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "host/base/concat.h"

namespace meshhost {
namespace {

constexpr size_t kDescriptorBytes = kMaxDescriptors * sizeof(int);

struct alignas(cmsghdr) Control {
  std::array<char, CMSG_SPACE(kDescriptorBytes)> bytes{};
};

absl::Status ErrnoStatus(std::string_view what) {
  return absl::UnavailableError(Concat({what, ": ", std::strerror(errno)}));
}

void TakeDescriptors(msghdr& header, std::vector<UniqueFd>& to) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const size_t bytes = part->cmsg_len - CMSG_LEN(0);
    for (size_t at = 0; at + sizeof(int) <= bytes; at += sizeof(int)) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + at, sizeof fd);
      to.emplace_back(fd);
    }
  }
}

}  // namespace

absl::Status SendDescriptors(int socket, std::string_view text, std::span<const int> descriptors) {
  if (descriptors.size() > kMaxDescriptors || text.size() > kMaxDescriptorText) {
    return absl::InvalidArgumentError("too much for one message");
  }
  iovec part{const_cast<char*>(text.data()), text.size()};
  Control control;
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (!descriptors.empty()) {
    header.msg_control = control.bytes.data();
    header.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
    std::memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size_bytes());
  }
  if (::sendmsg(socket, &header, MSG_NOSIGNAL) < 0) return ErrnoStatus("cannot send");
  return absl::OkStatus();
}

absl::StatusOr<DescriptorMessage> ReceiveDescriptors(int socket) {
  std::string text(kMaxDescriptorText, '\0');
  iovec part{text.data(), text.size()};
  Control control;
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.bytes.data();
  header.msg_controllen = control.bytes.size();
  ssize_t size = 0;
  do {
    size = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < 0 && errno == EAGAIN) return absl::DeadlineExceededError("no message");
  if (size < 0) return ErrnoStatus("cannot receive");
  DescriptorMessage message;
  TakeDescriptors(header, message.descriptors);
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    return absl::ResourceExhaustedError(
        "a message was cut off: too long, or no descriptors are left");
  }
  if (size == 0) return absl::CancelledError("the other process has closed the connection");
  text.resize(static_cast<size_t>(size));
  message.text = std::move(text);
  return message;
}

}  // namespace meshhost
