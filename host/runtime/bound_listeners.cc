// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/bound_listeners.h"

#include <utility>

#include "host/base/status_macros.h"
#include "host/config/config_error.h"
#include "host/net/tls_rehearsal.h"

namespace meshhost {
namespace {

std::shared_ptr<const AcceptorSettings> SettingsOf(const Config& config,
                                                   const ListenerConfig& listener,
                                                   std::shared_ptr<const TlsContext> tls,
                                                   std::shared_ptr<Admission> host_admission,
                                                   Log& log) {
  auto settings = std::make_shared<AcceptorSettings>();
  settings->listener = listener.name;
  settings->protocols = listener.protocols;
  settings->tls = std::move(tls);
  settings->handshake_timeout_ns = static_cast<uint64_t>(config.timeouts.tls_handshake.count());
  settings->host_admission = std::move(host_admission);
  settings->listener_admission = std::make_shared<Admission>(listener.max_connections);
  settings->on_handshake_failure = [&log](const std::string& name, const std::string& peer,
                                          HandshakeFailure failure, const std::string& detail) {
    log.Info("TLS handshake failed", {{"listener", name},
                                      {"peer", peer},
                                      {"reason", HandshakeFailureName(failure)},
                                      {"detail", detail}});
  };
  return settings;
}

}  // namespace

absl::StatusOr<std::vector<std::shared_ptr<const TlsContext>>> ReadCertificates(
    const Config& config) {
  std::vector<std::shared_ptr<const TlsContext>> contexts;
  for (const ListenerConfig& listener : config.listeners) {
    if (!listener.tls) {
      contexts.push_back(nullptr);
      continue;
    }
    auto context = TlsContext::Create(*listener.tls, listener.protocols);
    if (!context.ok()) return StatusAt(config.file, listener.tls->position, context.status());
    const auto rehearsal = Rehearse(**context, nullptr);
    if (!rehearsal.ok()) return StatusAt(config.file, listener.tls->position, rehearsal.status());
    contexts.push_back(*std::move(context));
  }
  return contexts;
}

absl::StatusOr<std::vector<BoundListener>> BindListeners(
    const Config& config, const std::vector<std::shared_ptr<const TlsContext>>& certificates,
    uint32_t workers, Log& log) {
  const auto host_admission = std::make_shared<Admission>(config.limits.max_connections,
                                                          config.limits.connections_per_address);
  std::vector<BoundListener> bound;
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    const ListenerConfig& listener = config.listeners[i];
    auto sockets = Listen(listener, workers, config.limits.backlog);
    if (!sockets.ok()) return StatusAt(config.file, listener.position, sockets.status());
    bound.push_back(
        {SettingsOf(config, listener, certificates[i], host_admission, log), *std::move(sockets)});
  }
  return bound;
}

}  // namespace meshhost
