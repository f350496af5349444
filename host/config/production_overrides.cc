// SPDX-License-Identifier: Apache-2.0
#include "host/config/production_overrides.h"

#include <algorithm>

#include "host/base/concat.h"

namespace meshhost {
namespace {

std::string ClientAuthEffect(const ListenerConfig& listener) {
  const bool asks = listener.tls->client_auth == TlsConfig::ClientAuth::kRequest;
  return Concat({"listener \"", listener.name, "\" serves clients without a certificate",
                 asks ? " (client_auth is \"request\")" : ""});
}

}  // namespace

std::vector<ProductionOverride> ProductionOverrides(const Config& config) {
  std::vector<ProductionOverride> overrides;
  if (config.host.profile != HostConfig::Profile::kProduction) return overrides;
  const auto add = [&](std::string key, std::string effect) {
    const Position position = config.Where(key);
    overrides.push_back({std::move(key), std::move(effect), position});
  };
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    const ListenerConfig& listener = config.listeners[i];
    const std::string path = Concat({"listener[", std::to_string(i), "]"});
    if (!listener.tls && !listener.address.IsUnix()) {
      add(path + ".allow_plaintext",
          Concat({"listener \"", listener.name, "\" serves plaintext TCP"}));
    }
    if (listener.tls && listener.tls->client_auth != TlsConfig::ClientAuth::kRequire) {
      add(path + ".tls.client_auth", ClientAuthEffect(listener));
    }
  }
  if (config.grpc.reflection) {
    add("grpc.reflection", "every client can list services and methods");
  }
  std::stable_sort(overrides.begin(), overrides.end(),
                   [](const auto& a, const auto& b) { return a.position.line < b.position.line; });
  return overrides;
}

}  // namespace meshhost
