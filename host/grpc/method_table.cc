// SPDX-License-Identifier: Apache-2.0
#include "host/grpc/method_table.h"

#include "host/base/concat.h"

namespace meshhost {

absl::Status MethodTable::Add(const Endpoint& endpoint) {
  const auto [at, added] = by_path_.emplace(Concat({"/", endpoint.name}), &endpoint);
  if (added) return absl::OkStatus();
  return absl::AlreadyExistsError(
      Concat({"gRPC method \"", endpoint.name, "\" of module \"", endpoint.module,
              "\": already taken by \"", at->second->module, "\""}));
}

const Endpoint* MethodTable::Find(std::string_view path) const {
  const auto found = by_path_.find(path);
  return found == by_path_.end() ? nullptr : found->second;
}

}  // namespace meshhost
