// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "host/module/claims.h"
#include "host/module/module_method.h"
#include "host/module/module_schema.h"

namespace meshhost {

// What one instance serves: filled through mh.grpc/1, mh.http/1 and mh.ws/1 while the module is
// created and started, then immutable. Owned by the ModuleInstance; the generation's tables point
// into it. Control thread while it is open, then any.
class Registration final {
 public:
  // `hosts` that routes are served for, empty: for all; `claims` of the configuration that is being
  // built, used until Close.
  Registration(std::string module, std::vector<std::string> hosts, const CrossingMark& mark,
               CallContext& context, Claims& claims);

  // Each says what is wrong with which name. InvalidArgument and NotFound: the module's mistake;
  // AlreadyExists: another module, or this one, has the name.
  [[nodiscard]] absl::Status AddDescriptors(std::string_view file_descriptor_set);
  [[nodiscard]] absl::Status AddService(std::string_view service,
                                        const std::vector<mh_method>& methods);
  [[nodiscard]] absl::Status AddRoute(std::string_view verb, std::string_view pattern,
                                      const mh_method& method);
  [[nodiscard]] absl::Status AddWebSocket(std::string_view pattern, std::string_view subprotocols,
                                          const mh_method& method);
  void Close() { claims_ = nullptr; }
  bool open() const { return claims_ != nullptr; }

  // The handlers with their endpoints; addresses stay. Methods of a service follow each other.
  const std::vector<std::unique_ptr<ModuleMethod>>& methods() const { return methods_; }
  const std::vector<std::string>& services() const { return services_; }
  const ModuleSchema& schema() const { return schema_; }

  // Claims everything again, for a configuration that keeps this instance.
  [[nodiscard]] absl::Status ClaimAll(Claims& claims) const;

 private:
  // Claims it first.
  [[nodiscard]] absl::Status AddRoute(const mh_method& method, Endpoint endpoint);
  void Add(const mh_method& method, Endpoint endpoint);

  const std::string module_;
  const std::vector<std::string> hosts_;
  const CrossingMark& mark_;
  CallContext& context_;
  Claims* claims_;
  ModuleSchema schema_;
  std::vector<std::unique_ptr<ModuleMethod>> methods_;
  std::vector<std::string> services_;
};

// Whether the fields of a method are in range; the error names the field.
[[nodiscard]] absl::Status CheckMethodFields(const mh_method& method);

}  // namespace meshhost
