// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "host/call/handler.h"

namespace google::protobuf {
class DescriptorPool;
class FileDescriptor;
}  // namespace google::protobuf

namespace grpc::reflection::v1 {
class ServerReflectionRequest;
class ServerReflectionResponse;
}  // namespace grpc::reflection::v1

namespace meshhost {

// One module's schema: its own pool, because two modules may carry different versions of one file.
struct ReflectionSource {
  std::shared_ptr<const google::protobuf::DescriptorPool> pool;
  std::vector<std::string> services;  // "pkg.Service", as served
};

// grpc.reflection.v1 and v1alpha, which differ in nothing but the package name. Answers to a lookup
// carry all imports of the file too, from the same pool, so that a client never mixes two versions.
// Immutable; any worker.
class ReflectionHandler final : public Handler {
 public:
  explicit ReflectionHandler(std::vector<ReflectionSource> sources)
      : sources_(std::move(sources)) {}

  void OnCall(Exchange& exchange, const Message* first) override;

  void Answer(const grpc::reflection::v1::ServerReflectionRequest& request,
              grpc::reflection::v1::ServerReflectionResponse& response) const;

 private:
  const google::protobuf::FileDescriptor* FindFile(const std::string& name) const;
  const google::protobuf::FileDescriptor* FindSymbol(const std::string& symbol) const;
  const google::protobuf::FileDescriptor* FindExtension(const std::string& type, int number) const;
  bool ListExtensions(const std::string& type,
                      grpc::reflection::v1::ServerReflectionResponse& response) const;

  std::vector<ReflectionSource> sources_;
};

}  // namespace meshhost
