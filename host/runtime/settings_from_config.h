// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/config/config.h"
#include "host/grpc/grpc_stream.h"
#include "host/http/http_settings.h"

namespace meshhost {

// The part of the configuration that each protocol obeys, in its own plain struct.
HttpSettings HttpSettingsFrom(const Config& config);
GrpcSettings GrpcSettingsFrom(const Config& config);

}  // namespace meshhost
