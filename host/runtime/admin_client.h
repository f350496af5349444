// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "host/config/bind_address.h"

namespace meshhost {

// Plain value.
struct AdminReply {
  int status = 0;
  std::string body;
};

// Posts a JSON document to the admin server of a running host and waits for its answer, however
// long the operation takes. Unavailable: nobody answers there.
[[nodiscard]] absl::StatusOr<AdminReply> PostToAdmin(const BindAddress& address,
                                                     const std::string& path,
                                                     const std::string& json);

}  // namespace meshhost
