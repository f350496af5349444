// SPDX-License-Identifier: Apache-2.0
//
// Messages between two processes of one machine over a SOCK_SEQPACKET socket, with descriptors that
// travel along (SCM_RIGHTS, unix(7)).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "host/base/unique_fd.h"

namespace meshhost {

// Movable value.
struct DescriptorMessage {
  std::string text;
  std::vector<UniqueFd> descriptors;
};

// The kernel takes no more in one message (SCM_MAX_FD).
inline constexpr size_t kMaxDescriptors = 253;
inline constexpr size_t kMaxDescriptorText = 64 * 1024;

// The receiver gets descriptors of its own. Errors: text or descriptors are too many, or the peer
// has closed its end. Any thread.
absl::Status SendDescriptors(int socket, std::string_view text,
                             std::span<const int> descriptors = {});

// Waits for the next one, unless the socket does not block; the descriptors are closed across exec.
// Cancelled: the peer has closed its end. DeadlineExceeded: nothing is there. Any thread.
absl::StatusOr<DescriptorMessage> ReceiveDescriptors(int socket);

}  // namespace meshhost
