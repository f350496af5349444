// SPDX-License-Identifier: Apache-2.0
//
// PEM files, read whole and strictly: what is in a file is an object of the expected kind,
// complete, or the file is refused with its name and the cause. A file that somebody is writing
// right now is the ordinary case here: it must not pass as a shorter one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "host/net/openssl_pointers.h"

namespace meshhost {

// `what` opens the error: certificate "FILE": CAUSE. Any thread. At least one object, in the order
// of the file; objects of other kinds beside them are passed over.
[[nodiscard]] absl::StatusOr<std::vector<X509Ptr>> ReadPemCertificates(std::string_view what,
                                                                       const std::string& path);
[[nodiscard]] absl::StatusOr<std::vector<X509CrlPtr>> ReadPemCrls(std::string_view what,
                                                                  const std::string& path);
// The first private key of a file, unencrypted. Its text and encodings do not stay in memory: only
// the key itself does, in OpenSSL's keeping.
[[nodiscard]] absl::StatusOr<EvpPkeyPtr> ReadPemKey(const std::string& path);

// InvalidArgument: WHAT "PATH": CAUSE.
[[nodiscard]] absl::Status RefuseFile(std::string_view what, std::string_view path,
                                      std::string_view cause);
// What OpenSSL has to say about the last failure, for people; empties its queue.
[[nodiscard]] std::string OpenSslReason();

}  // namespace meshhost
