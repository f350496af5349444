// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/call_services.h"

#include "host/base/status_macros.h"

namespace meshhost {

absl::StatusOr<std::unique_ptr<CallServices>> CallServices::Start(const Config& config,
                                                                  const Environment& environment) {
  std::unique_ptr<CallServices> services(new CallServices(environment));
  RETURN_IF_ERROR(services->Prepare(config));
  return services;
}

absl::Status CallServices::Prepare(const Config&) { return absl::OkStatus(); }

void CallServices::Apply(const Config&) {}

void CallServices::AddTo(FilterEnvironment&) const {}

}  // namespace meshhost
