// SPDX-License-Identifier: Apache-2.0
//
// The rehearsal of a TLS context before it serves: for each of its certificates, handshakes with
// itself in memory, in each configured version, by a client that verifies as clients do (chain up
// to the last certificate given, dates, purpose, name). And a comparison with the context that
// serves now: what changes, and what would get lost without anybody having asked for it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "host/net/tls_changes.h"
#include "host/net/tls_context.h"

namespace meshhost {

// What a rehearsal found. Plain value.
struct TlsRehearsal {
  unsigned handshakes = 0;
  std::vector<CertificateChange> changes;  // against `current`; empty without one
  // Of the comparison, for the log; those of the context alone are TlsContext::warnings().
  std::vector<std::string> warnings;
};

// `current` may be null: nothing serves yet. An error names the file and the cause; then `next`
// must not be used. Errors beyond what Create found: a certificate that clients refuse (purpose, a
// server name of the configuration that it does not have), an intermediate certificate that is sent
// now and would be missing, a server name that is served now and would not be (with lost_names =
// "warn" a warning; names of an SNI entry that the configuration dropped do not count). Any thread;
// takes some milliseconds.
[[nodiscard]] absl::StatusOr<TlsRehearsal> Rehearse(const TlsContext& next,
                                                    const TlsContext* current);

}  // namespace meshhost
