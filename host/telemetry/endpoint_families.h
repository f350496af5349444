// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "host/telemetry/metric_family.h"

namespace meshhost {

class Registry;

// The families that all endpoints have their series in: names after OpenTelemetry's semantic
// conventions where those have one (METRICS.md says what each means). Plain value, any thread.
struct EndpointFamilies {
  FamilyId http_duration;
  FamilyId http_active;
  FamilyId http_request_size;
  FamilyId http_response_size;
  FamilyId rpc_duration;
  FamilyId rpc_active;
  FamilyId rpc_request_messages;
  FamilyId rpc_response_messages;
  FamilyId rpc_request_bytes;
  FamilyId rpc_response_bytes;
  FamilyId websocket_duration;
  FamilyId websocket_active;
  FamilyId websocket_request_messages;
  FamilyId websocket_response_messages;
  FamilyId refusals;
  FamilyId guard_refusals;

  static absl::StatusOr<EndpointFamilies> Define(Registry& registry);
};

}  // namespace meshhost
