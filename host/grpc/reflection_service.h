// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
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

// What is served now, in order of precedence. Streams that are open follow a change. Any thread.
class ReflectionCatalog final {
 public:
  using Sources = std::vector<ReflectionSource>;

  void Replace(Sources sources) {
    auto next = std::make_shared<const Sources>(std::move(sources));
    const absl::MutexLock lock(&mutex_);
    sources_.swap(next);
  }
  std::shared_ptr<const Sources> Get() const {
    const absl::MutexLock lock(&mutex_);
    return sources_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::shared_ptr<const Sources> sources_ ABSL_GUARDED_BY(mutex_) =
      std::make_shared<const Sources>();
};

// grpc.reflection.v1 and v1alpha, which differ in nothing but the package name. Answers to a lookup
// carry all imports of the file too, from the same pool, so that a client never mixes two versions.
// Stateless; any worker.
class ReflectionHandler final : public Handler {
 public:
  // `catalog` outlives the handler.
  explicit ReflectionHandler(const ReflectionCatalog& catalog) : catalog_(catalog) {}

  void OnCall(Exchange& exchange, const Message* first) override;

  void Answer(const grpc::reflection::v1::ServerReflectionRequest& request,
              grpc::reflection::v1::ServerReflectionResponse& response) const;

 private:
  const ReflectionCatalog& catalog_;
};

}  // namespace meshhost
