// SPDX-License-Identifier: Apache-2.0
#include "host/module/registration.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_split.h"
#include "host/base/concat.h"
#include "host/base/status_macros.h"

namespace meshhost {
namespace {

bool IsVerb(std::string_view verb) {
  return !verb.empty() && verb != "CONNECT" &&
         std::all_of(verb.begin(), verb.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

Endpoint EndpointOf(Kind kind, const mh_method& method, std::string_view module) {
  Endpoint endpoint;
  endpoint.kind = kind;
  endpoint.client_stream = (method.kind & MH_KIND_CLIENT_STREAM) != 0;
  endpoint.server_stream = (method.kind & MH_KIND_SERVER_STREAM) != 0;
  endpoint.module = module;
  endpoint.max_message = method.max_message;
  endpoint.max_in_flight = method.max_in_flight;
  return endpoint;
}

}  // namespace

absl::Status CheckMethodFields(const mh_method& method) {
  if (method.on_call == nullptr) return absl::InvalidArgumentError("on_call is missing");
  if (method.kind > MH_KIND_BIDI) return absl::InvalidArgumentError("kind is none of MH_KIND_*");
  if (method.exec > MH_EXEC_INLINE) return absl::InvalidArgumentError("exec is none of MH_EXEC_*");
  return absl::OkStatus();
}

Registration::Registration(std::string module, std::vector<std::string> hosts,
                           const CrossingMark& mark, CallContext& context, Claims& claims)
    : module_(std::move(module)),
      hosts_(std::move(hosts)),
      mark_(mark),
      context_(context),
      claims_(&claims) {}

absl::Status Registration::AddDescriptors(std::string_view file_descriptor_set) {
  return schema_.Add(file_descriptor_set);
}

absl::Status Registration::AddService(std::string_view service,
                                      const std::vector<mh_method>& methods) {
  RETURN_IF_ERROR(schema_.CheckService(service));
  for (std::size_t i = 0; i < methods.size(); ++i) {
    const std::string_view name = ToView(methods[i].name);
    RETURN_IF_ERROR(schema_.CheckMethod(service, name, methods[i].kind));
    if (absl::Status fields = CheckMethodFields(methods[i]); !fields.ok()) {
      return absl::InvalidArgumentError(
          Concat({"method \"", service, "/", name, "\": ", std::string(fields.message())}));
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (ToView(methods[j].name) != name) continue;
      return absl::InvalidArgumentError(
          Concat({"method \"", service, "/", name, "\": registered twice"}));
    }
  }
  RETURN_IF_ERROR(claims_->ClaimService(service, module_));
  services_.emplace_back(service);
  for (const mh_method& method : methods) {
    Endpoint endpoint = EndpointOf(Kind::kGrpc, method, module_);
    endpoint.name = Concat({service, "/", ToView(method.name)});
    endpoint.verb = "POST";
    Add(method, std::move(endpoint));
  }
  return absl::OkStatus();
}

absl::Status Registration::AddRoute(std::string_view verb, std::string_view pattern,
                                    const mh_method& method) {
  if (!IsVerb(verb)) {
    return absl::InvalidArgumentError(
        Concat({"route \"", verb, " ", pattern, "\": the verb is not upper-case letters"}));
  }
  if (absl::Status fields = CheckMethodFields(method); !fields.ok()) {
    return absl::InvalidArgumentError(
        Concat({"route \"", verb, " ", pattern, "\": ", std::string(fields.message())}));
  }
  Endpoint endpoint = EndpointOf(Kind::kHttp, method, module_);
  endpoint.name = pattern;
  endpoint.verb = verb;
  return AddRoute(method, std::move(endpoint));
}

absl::Status Registration::AddWebSocket(std::string_view pattern, std::string_view subprotocols,
                                        const mh_method& method) {
  if (absl::Status fields = CheckMethodFields(method); !fields.ok()) {
    return absl::InvalidArgumentError(
        Concat({"WebSocket route \"", pattern, "\": ", std::string(fields.message())}));
  }
  mh_method bidi = method;
  bidi.kind = MH_KIND_BIDI;
  Endpoint endpoint = EndpointOf(Kind::kWebSocket, bidi, module_);
  endpoint.name = pattern;
  endpoint.verb = "GET";
  endpoint.subprotocols = absl::StrSplit(
      absl::string_view(subprotocols.data(), subprotocols.size()), ' ', absl::SkipEmpty());
  return AddRoute(bidi, std::move(endpoint));
}

absl::Status Registration::AddRoute(const mh_method& method, Endpoint endpoint) {
  endpoint.hosts = hosts_;
  RETURN_IF_ERROR(claims_->ClaimRoute(endpoint));
  Add(method, std::move(endpoint));
  return absl::OkStatus();
}

void Registration::Add(const mh_method& method, Endpoint endpoint) {
  methods_.push_back(std::make_unique<ModuleMethod>(method, std::move(endpoint), mark_, context_));
}

absl::Status Registration::ClaimAll(Claims& claims) const {
  for (const std::string& service : services_) {
    RETURN_IF_ERROR(claims.ClaimService(service, module_));
  }
  for (const auto& method : methods_) {
    const Endpoint& endpoint = method->endpoint();
    if (endpoint.kind == Kind::kGrpc) continue;
    RETURN_IF_ERROR(claims.ClaimRoute(endpoint));
  }
  return absl::OkStatus();
}

}  // namespace meshhost
