// SPDX-License-Identifier: Apache-2.0
#include "host/config/validate.h"

#include <map>

#include "host/base/concat.h"
#include "host/base/units.h"

namespace meshhost {
namespace {

std::string At(std::string_view array, std::size_t index, std::string_view rest) {
  return Concat({array, "[", std::to_string(index), "]", rest});
}

std::string Line(Position position) { return Concat({"line ", std::to_string(position.line)}); }

std::string Name(const ListenerConfig& listener) {
  return Concat({"listener \"", listener.name, "\""});
}

// One validation. Lives on the stack of ValidateConfig.
class Validator final {
 public:
  Validator(const Config& config, ConfigErrors& errors) : config_(config), errors_(errors) {}

  void Run() {
    CheckHost();
    CheckListenerNames();
    CheckAddresses();
    for (std::size_t i = 0; i < config_.listeners.size(); ++i) CheckListener(i);
    CheckModules();
  }

 private:
  // First place of each name, to report the second.
  using Seen = std::map<std::string, Position, std::less<>>;

  void CheckUnique(Seen& seen, const std::string& name, Position position, std::string_view what) {
    if (name.empty()) return;
    const auto [first, is_new] = seen.emplace(name, position);
    if (is_new) return;
    errors_.Add(position,
                Concat({what, " \"", name, "\" is already taken in ", Line(first->second)}));
  }

  void CheckHost() {
    if (config_.listeners.empty() && !config_.positions.contains("listener")) {
      errors_.Add({1, 1}, "nothing to serve on", {"at least one [[listener]]", "none", ""});
    }
    const LimitsConfig& limits = config_.limits;
    if (limits.websocket_frame > limits.websocket_message) {
      errors_.Add(Written("limits.websocket_frame", "limits.websocket_message"),
                  "limits.websocket_frame is above limits.websocket_message",
                  {Concat({"at most ", FormatSize(limits.websocket_message)}),
                   FormatSize(limits.websocket_frame), ""});
    }
    const TimeoutsConfig& timeouts = config_.timeouts;
    if (timeouts.grpc_ping_timeout >= timeouts.grpc_ping_interval) {
      errors_.Add(Written("timeouts.grpc_ping_timeout", "timeouts.grpc_ping_interval"),
                  "timeouts.grpc_ping_timeout is not below timeouts.grpc_ping_interval",
                  {Concat({"less than ", FormatDuration(timeouts.grpc_ping_interval)}),
                   FormatDuration(timeouts.grpc_ping_timeout), ""});
    }
  }

  // One of the two was written, or their defaults would contradict each other.
  Position Written(std::string_view first, std::string_view second) const {
    const Position place = config_.Where(first);
    return place.line != 0 ? place : config_.Where(second);
  }

  void CheckListenerNames() {
    Seen names;
    for (std::size_t i = 0; i < config_.listeners.size(); ++i) {
      CheckUnique(names, config_.listeners[i].name, config_.Where(At("listener", i, ".name")),
                  "listener name");
    }
  }

  void CheckAddresses() {
    for (std::size_t i = 0; i < config_.listeners.size(); ++i) {
      const ListenerConfig& listener = config_.listeners[i];
      if (listener.address == BindAddress()) continue;  // was not written, or not understood
      const Position position = config_.Where(At("listener", i, ".address"));
      for (std::size_t j = 0; j < i; ++j) {
        const ListenerConfig& other = config_.listeners[j];
        if (!Overlap(listener.address, other.address)) continue;
        errors_.Add(position, Concat({"address ", listener.address.ToString(), " of ",
                                      Name(listener), " clashes with ", other.address.ToString(),
                                      " of ", Name(other), " in ", Line(other.position)}));
      }
      if (!Overlap(listener.address, config_.admin.address)) continue;
      errors_.Add(position,
                  Concat({"address ", listener.address.ToString(), " of ", Name(listener),
                          " clashes with admin.address ", config_.admin.address.ToString()}));
    }
  }

  void CheckListener(std::size_t index) {
    const ListenerConfig& listener = config_.listeners[index];
    const bool production = config_.host.profile == HostConfig::Profile::kProduction;
    if (listener.tls) {
      CheckTls(listener, At("listener", index, ".tls"), production);
      return;
    }
    if (production && !listener.address.IsUnix() && !listener.allow_plaintext) {
      errors_.Add(listener.position,
                  Concat({Name(listener), " is plaintext TCP in profile \"production\""}),
                  {Concat({"[listener.tls]"}), "none", "allow_plaintext = true overrides"});
    }
  }

  void CheckTls(const ListenerConfig& listener, const std::string& path, bool production) {
    const TlsConfig& tls = *listener.tls;
    const bool asks = tls.client_auth != TlsConfig::ClientAuth::kNone;
    const bool written = config_.positions.contains(path + ".client_auth");
    if (asks && tls.client_ca.empty()) {
      errors_.Add(config_.Where(path + ".client_auth"),
                  Concat({"client_auth of ", Name(listener), " needs client_ca"}),
                  {"client_ca = \"FILE\"", "none", ""});
    }
    if (!asks && !(written && production)) {
      CheckUnused(tls.client_ca, "client_ca", listener);
      CheckUnused(tls.client_crl, "client_crl", listener);
    }
    if (production && !written) {
      errors_.Add(
          tls.position,
          Concat({"client_auth of ", Name(listener), " is unstated in profile ", "\"production\""}),
          {"client_auth = \"require\" with client_ca", "none", "client_auth = \"none\" overrides"});
    }
    CheckServerNames(tls, path);
  }

  void CheckUnused(const std::vector<FilePath>& files, std::string_view key,
                   const ListenerConfig& listener) {
    if (files.empty()) return;
    errors_.Add(files.front().position, Concat({key, " of ", Name(listener), " has no effect"}),
                {"client_auth = \"request\" or \"require\"", "\"none\"", ""});
  }

  void CheckServerNames(const TlsConfig& tls, const std::string& path) {
    Seen names;
    for (std::size_t i = 0; i < tls.sni.size(); ++i) {
      const Position position = config_.Where(At(path + ".sni", i, ".names"));
      for (const std::string& name : tls.sni[i].names) {
        CheckUnique(names, name, position, "server name");
      }
    }
  }

  void CheckModules() {
    Seen names;
    for (std::size_t i = 0; i < config_.modules.size(); ++i) {
      const ModuleConfig& module = config_.modules[i];
      CheckUnique(names, module.name, config_.Where(At("module", i, ".name")), "module name");
      Seen hosts;
      for (const std::string& host : module.hosts) {
        CheckUnique(hosts, host, config_.Where(At("module", i, ".hosts")),
                    Concat({"host of module \"", module.name, "\""}));
      }
      Seen matches;
      for (const MethodConfig& method : module.methods) {
        CheckUnique(matches, method.match, method.position,
                    Concat({"match of module \"", module.name, "\""}));
      }
    }
  }

  const Config& config_;
  ConfigErrors& errors_;
};

}  // namespace

void ValidateConfig(const Config& config, ConfigErrors& errors) { Validator(config, errors).Run(); }

}  // namespace meshhost
