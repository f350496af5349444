// SPDX-License-Identifier: Apache-2.0
#include "host/grpc/host_schema.h"

#include <google/protobuf/descriptor.h>

#include "grpc/health/v1/health.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"

namespace meshhost {

ReflectionSource HostReflectionSource(bool health) {
  // Naming the classes keeps the linker from dropping the files that register their descriptors.
  grpc::reflection::v1::ServerReflectionRequest::descriptor();
  grpc::reflection::v1alpha::ServerReflectionRequest::descriptor();
  grpc::health::v1::HealthCheckRequest::descriptor();
  ReflectionSource source;
  // The generated pool lives as long as the process; nothing to free.
  source.pool = {google::protobuf::DescriptorPool::generated_pool(),
                 [](const google::protobuf::DescriptorPool*) {}};
  if (health) source.services.emplace_back("grpc.health.v1.Health");
  source.services.emplace_back("grpc.reflection.v1.ServerReflection");
  source.services.emplace_back("grpc.reflection.v1alpha.ServerReflection");
  return source;
}

}  // namespace meshhost
