// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/bound_listeners.h"

#include <sys/stat.h>

#include <utility>

#include "host/base/status_macros.h"
#include "host/config/config_error.h"

namespace meshhost {
namespace {

// Same socket? A port of 0 is another port for each listener that asks for it.
bool SameAddress(const ListenerConfig& listener, const BoundListener& running) {
  if (listener.address.ToString() != running.configured.ToString()) return false;
  const bool any_port =
      listener.address.family != BindAddress::Family::kUnix && listener.address.port == 0;
  return !any_port || listener.name == running.settings->listener;
}

const BoundListener* FindRunning(const ListenerConfig& listener,
                                 const std::vector<BoundListener>* running) {
  if (running == nullptr) return nullptr;
  for (const BoundListener& one : *running) {
    if (SameAddress(listener, one)) return &one;
  }
  return nullptr;
}

// Reads and rehearses; unchanged files give the context that serves already, so that the tickets of
// its clients stay valid.
absl::Status ReadTls(const ListenerConfig& listener, const BoundListener* known,
                     AcceptorSettings& settings, BoundListener& next) {
  if (!listener.tls) return absl::OkStatus();
  ASSIGN_OR_RETURN(settings.tls, TlsContext::Create(*listener.tls, listener.protocols));
  const std::shared_ptr<const TlsContext> current =
      known == nullptr ? nullptr : known->settings->tls;
  if (current != nullptr && current->digest() == settings.tls->digest()) {
    settings.tls = current;
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(next.rehearsal, Rehearse(*settings.tls, current.get()));
  return absl::OkStatus();
}

std::shared_ptr<AcceptorSettings> SettingsOf(const Config& config, const ListenerConfig& listener,
                                             const BoundListener* known,
                                             const ListenerEnvironment& environment) {
  auto settings = std::make_shared<AcceptorSettings>();
  settings->listener = listener.name;
  settings->protocols = listener.protocols;
  settings->handshake_timeout_ns = static_cast<uint64_t>(config.timeouts.tls_handshake.count());
  settings->host_admission = environment.host_admission;
  settings->listener_admission = known != nullptr
                                     ? known->settings->listener_admission
                                     : std::make_shared<Admission>(listener.max_connections);
  settings->on_handshake_failure = [&log = environment.log](
                                       const std::string& name, const std::string& peer,
                                       HandshakeFailure failure, const std::string& detail) {
    log.Info("TLS handshake failed", {{"listener", name},
                                      {"peer", peer},
                                      {"reason", HandshakeFailureName(failure)},
                                      {"detail", detail}});
  };
  return settings;
}

}  // namespace

absl::StatusOr<std::vector<BoundListener>> ReadListeners(const Config& config,
                                                         const std::vector<BoundListener>* running,
                                                         ListenerEnvironment& environment) {
  std::vector<BoundListener> listeners;
  for (const ListenerConfig& listener : config.listeners) {
    const BoundListener* known = FindRunning(listener, running);
    BoundListener& next = listeners.emplace_back();
    next.configured = listener.address;
    auto settings = SettingsOf(config, listener, known, environment);
    const absl::Status tls = ReadTls(listener, known, *settings, next);
    if (!tls.ok()) {
      // Perhaps somebody is still writing them: worth another look (Reloader).
      const absl::Status again = absl::DataLossError(tls.message());
      return StatusAt(config.file, listener.tls->position, again);
    }
    if (known != nullptr) {
      next.id = settings->id = known->id;
      next.bound = known->bound;
      next.file = known->file;
    }
    next.settings = std::move(settings);
  }
  return listeners;
}

absl::Status BindListeners(const Config& config, ListenerEnvironment& environment,
                           std::vector<BoundListener>& listeners) {
  for (size_t i = 0; i < listeners.size(); ++i) {
    BoundListener& next = listeners[i];
    if (next.id != 0) continue;
    const ListenerConfig& listener = config.listeners[i];
    auto bound =
        Listen(listener, environment.workers, config.limits.backlog, environment.inherited);
    if (!bound.ok()) return StatusAt(config.file, listener.position, bound.status());
    next.sockets = std::move(bound->per_worker);
    next.bound = bound->bound;
    next.file = std::make_shared<SocketFile>(std::move(bound->file));
    next.id = ++environment.last_id;
    auto settings = std::make_shared<AcceptorSettings>(*next.settings);
    settings->id = next.id;
    next.settings = std::move(settings);
  }
  return absl::OkStatus();
}

void ApplyToListeners(const Config& config, const ListenerEnvironment& environment,
                      const std::vector<BoundListener>& listeners) {
  environment.host_admission->SetLimits(config.limits.max_connections,
                                        config.limits.connections_per_address);
  for (size_t i = 0; i < listeners.size(); ++i) {
    const ListenerConfig& listener = config.listeners[i];
    listeners[i].settings->listener_admission->SetLimits(listener.max_connections);
    if (listener.address.IsUnix()) ::chmod(listeners[i].bound.path.c_str(), listener.unix_mode);
  }
}

const BoundListener* FindListener(const std::vector<BoundListener>& listeners, uint64_t id) {
  for (const BoundListener& listener : listeners) {
    if (listener.id == id) return &listener;
  }
  return nullptr;
}

}  // namespace meshhost
