// SPDX-License-Identifier: Apache-2.0
#include "host/module/module_schema.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include "host/base/concat.h"

namespace meshhost {
namespace {

namespace pb = google::protobuf;

constexpr std::size_t kMaxSetBytes = 64 * 1024 * 1024;

// The first complaint is enough for an error line.
class FirstError final : public pb::DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& file, const std::string& element, const pb::Message*,
                ErrorLocation, const std::string& message) override {
    if (text_.empty()) text_ = Concat({file, ": ", element, ": ", message});
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string_view KindName(std::uint32_t kind) {
  switch (kind & MH_KIND_BIDI) {
    case MH_KIND_CLIENT_STREAM:
      return "client-streaming";
    case MH_KIND_SERVER_STREAM:
      return "server-streaming";
    case MH_KIND_BIDI:
      return "bidirectional";
    default:
      return "unary";
  }
}

std::uint32_t KindOf(const pb::MethodDescriptor& method) {
  return (method.client_streaming() ? MH_KIND_CLIENT_STREAM : 0u) |
         (method.server_streaming() ? MH_KIND_SERVER_STREAM : 0u);
}

}  // namespace

struct ModuleSchema::Files {
  pb::FileDescriptorSet set;
};

ModuleSchema::ModuleSchema()
    : pool_(std::make_shared<pb::DescriptorPool>()), files_(std::make_unique<Files>()) {}

ModuleSchema::~ModuleSchema() = default;

absl::Status ModuleSchema::Add(std::string_view bytes) {
  pb::FileDescriptorSet set;
  if (bytes.size() > kMaxSetBytes ||
      !set.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::InvalidArgumentError("descriptors: not a google.protobuf.FileDescriptorSet");
  }
  for (pb::FileDescriptorProto& file : *set.mutable_file()) {
    const auto& known = files_->set.file();
    const auto same_name = std::find_if(
        known.begin(), known.end(),
        [&file](const pb::FileDescriptorProto& each) { return each.name() == file.name(); });
    if (same_name != known.end()) {
      if (same_name->SerializeAsString() == file.SerializeAsString()) continue;
      return absl::AlreadyExistsError(
          Concat({"descriptors: two different files are named ", file.name()}));
    }
    FirstError error;
    if (pool_->BuildFileCollectingErrors(file, &error) == nullptr) {
      return absl::InvalidArgumentError(Concat({"descriptors: ", error.text()}));
    }
    *files_->set.add_file() = std::move(file);
  }
  return absl::OkStatus();
}

absl::Status ModuleSchema::CheckService(std::string_view service) const {
  if (pool_->FindServiceByName(std::string(service)) != nullptr) return absl::OkStatus();
  return absl::NotFoundError(
      Concat({"service \"", service, "\": not in the descriptors of the module"}));
}

absl::Status ModuleSchema::CheckMethod(std::string_view service, std::string_view method,
                                       std::uint32_t kind) const {
  const pb::MethodDescriptor* found = pool_->FindMethodByName(Concat({service, ".", method}));
  if (found == nullptr) {
    return absl::NotFoundError(
        Concat({"method \"", service, "/", method, "\": not in the descriptors of the module"}));
  }
  if (KindOf(*found) == (kind & MH_KIND_BIDI)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      Concat({"method \"", service, "/", method, "\": registered as ", KindName(kind),
              ", declared as ", KindName(KindOf(*found))}));
}

std::shared_ptr<const pb::DescriptorPool> ModuleSchema::pool() const { return pool_; }

std::string ModuleSchema::Serialize() const { return files_->set.SerializeAsString(); }

}  // namespace meshhost
