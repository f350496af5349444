// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/grpc/reflection_service.h"

namespace meshhost {

// What reflection tells of the host's own services: reflection v1 and v1alpha, and health when
// served.
ReflectionSource HostReflectionSource(bool health);

}  // namespace meshhost
