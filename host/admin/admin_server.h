// SPDX-License-Identifier: Apache-2.0
//
// The web server under the admin API: Pistache on threads of its own, so that it answers when all
// workers are busy. Pistache is lax about HTTP (it takes NUL in values, two Content-Lengths, a
// missing Host), so it listens on loopback only, takes small requests only, and never passes one
// on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "host/admin/admin_operations.h"
#include "host/admin/admin_source.h"
#include "host/config/config.h"

namespace meshhost {

class Registry;

// Owned by the Host; control thread. The destructor ends the threads.
class AdminServer final {
 public:
  // Serves once this returns. What it is given outlives the server. `predecessor`: where the
  // process that this one replaces listens, null: there is none. Both share that address for a
  // moment, if it is the configured one or any port will do.
  static absl::StatusOr<std::unique_ptr<AdminServer>> Start(
      const AdminConfig& config, const Registry& registry, const AdminSource& source,
      AdminOperations& operations, const BindAddress* predecessor = nullptr);
  ~AdminServer();

  // As bound: tells what port 0 became.
  std::uint16_t port() const;
  // Requests whose answers are not written yet.
  std::size_t answering() const;

 private:
  struct Web;  // keeps Pistache out of this header
  explicit AdminServer(std::unique_ptr<Web> web);
  std::unique_ptr<Web> web_;
};

}  // namespace meshhost
