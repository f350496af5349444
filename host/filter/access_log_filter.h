// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "host/call/endpoint.h"
#include "host/call/filter.h"

namespace meshhost {

class AccessLog;

// One line in the access log for each call of one endpoint, refused ones included. One per
// endpoint, owned by the FilterStack; the log outlives it.
class AccessLogFilter final : public Filter {
 public:
  AccessLogFilter(AccessLog& log, const Endpoint& endpoint);

  std::string_view name() const override { return "access_log"; }
  Verdict OnStart(Exchange&, void* /*state*/) override { return Verdict::Continue(); }
  void OnEnd(Exchange& exchange, void* state, const Final& final) override;

 private:
  AccessLog& log_;
  const std::string endpoint_;  // as RenderAccessEndpoint() gave it
};

}  // namespace meshhost
