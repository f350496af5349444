// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "host/call/endpoint.h"

namespace meshhost {

// The gRPC methods of one generation, by request path. Filled by the builder, then immutable and
// free for any thread. Endpoints belong to the generation.
class MethodTable final {
 public:
  // endpoint.name is "pkg.Service/Method". AlreadyExists names both modules.
  absl::Status Add(const Endpoint& endpoint);

  // path "/pkg.Service/Method"; null when unknown.
  const Endpoint* Find(std::string_view path) const;
  size_t size() const { return by_path_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    using is_avalanching = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  boost::unordered_flat_map<std::string, const Endpoint*, Hash, std::equal_to<>> by_path_;
};

}  // namespace meshhost
