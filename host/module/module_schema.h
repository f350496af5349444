// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "meshhost/abi/call.h"

namespace google::protobuf {
class DescriptorPool;
}

namespace meshhost {

// The .proto files of one module, in a pool of their own: another module, or the next version, may
// bring different files of the same name. Built on the control thread, then immutable.
class ModuleSchema final {
 public:
  ModuleSchema();
  ~ModuleSchema();

  // A serialized FileDescriptorSet with imports, dependencies first as protoc writes them. A file
  // that is already there must be equal (AlreadyExists otherwise).
  [[nodiscard]] absl::Status Add(std::string_view file_descriptor_set);

  // Whether `service` has that method with that kind (MH_KIND_*).
  [[nodiscard]] absl::Status CheckMethod(std::string_view service, std::string_view method,
                                         std::uint32_t kind) const;
  [[nodiscard]] absl::Status CheckService(std::string_view service) const;

  // For reflection and payload checks; outlives the module.
  std::shared_ptr<const google::protobuf::DescriptorPool> pool() const;
  // All files as one serialized FileDescriptorSet.
  std::string Serialize() const;

 private:
  struct Files;
  std::shared_ptr<google::protobuf::DescriptorPool> pool_;
  std::unique_ptr<Files> files_;
};

}  // namespace meshhost
