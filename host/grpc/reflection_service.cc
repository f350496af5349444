// SPDX-License-Identifier: Apache-2.0
#include "host/grpc/reflection_service.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <set>
#include <utility>

#include "grpc/reflection/v1/reflection.pb.h"
#include "host/call/exchange.h"
#include "host/grpc/message_codec.h"

namespace meshhost {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using Sources = ReflectionCatalog::Sources;
using grpc::reflection::v1::ServerReflectionRequest;
using grpc::reflection::v1::ServerReflectionResponse;

void AddWithImports(const FileDescriptor& file, std::set<const FileDescriptor*>& seen,
                    ServerReflectionResponse& response) {
  if (!seen.insert(&file).second) return;
  FileDescriptorProto proto;
  file.CopyTo(&proto);
  response.mutable_file_descriptor_response()->add_file_descriptor_proto(proto.SerializeAsString());
  for (int i = 0; i < file.dependency_count(); ++i) {
    AddWithImports(*file.dependency(i), seen, response);
  }
}

void SetNotFound(const std::string& what, ServerReflectionResponse& response) {
  response.mutable_error_response()->set_error_code(static_cast<int>(Code::kNotFound));
  response.mutable_error_response()->set_error_message("not found: " + what);
}

void SetFile(const FileDescriptor* file, const std::string& what,
             ServerReflectionResponse& response) {
  if (file == nullptr) return SetNotFound(what, response);
  std::set<const FileDescriptor*> seen;
  AddWithImports(*file, seen, response);
}

// One reflection stream: answers one request at a time, so that what it holds is one answer.
class ReflectionStream final : public Receiver {
 public:
  ReflectionStream(Exchange& exchange, const ReflectionHandler& handler)
      : exchange_(exchange), handler_(handler) {
    exchange.SetReceiver(*this);
    exchange.Pull(1);
  }

  void OnMessage(const Message& message) override {
    ServerReflectionRequest request;
    if (!Parse(message, request)) return Finish(Refusal(Reason::kMalformedMessage));
    ServerReflectionResponse response;
    handler_.Answer(request, response);
    unsent_ = response.SerializeAsString();
    SendAnswer();
  }

  void OnWritable() override { SendAnswer(); }

  void OnHalfClose() override {
    half_closed_ = true;
    if (unsent_.empty()) Finish(Outcome{});
  }

  void OnCancel(CancelReason) override { Finish(Refusal(Reason::kDraining)); }

  void OnEnd(const Final&) override { delete this; }

 private:
  void SendAnswer() {
    if (unsent_.empty()) return;
    const Slice slice = BorrowedSlice(unsent_);
    const Sent sent = exchange_.Send(Message{&slice, 1, 0});
    if (sent == Sent::kAgain) return;
    if (sent == Sent::kInvalid) return Finish(Refusal(Reason::kMessageTooLarge));
    unsent_.clear();
    if (half_closed_) return Finish(Outcome{});
    exchange_.Pull(1);
  }

  void Finish(const Outcome& outcome) {
    if (std::exchange(finished_, true)) return;
    exchange_.Finish(nullptr, outcome);
  }

  Exchange& exchange_;
  const ReflectionHandler& handler_;
  std::string unsent_;
  bool half_closed_ = false;
  bool finished_ = false;
};

const FileDescriptor* FindFile(const Sources& sources, const std::string& name) {
  for (const ReflectionSource& source : sources) {
    if (const FileDescriptor* file = source.pool->FindFileByName(name)) return file;
  }
  return nullptr;
}

const FileDescriptor* FindSymbol(const Sources& sources, const std::string& symbol) {
  for (const ReflectionSource& source : sources) {
    if (const FileDescriptor* file = source.pool->FindFileContainingSymbol(symbol)) return file;
  }
  return nullptr;
}

const FileDescriptor* FindExtension(const Sources& sources, const std::string& type, int number) {
  for (const ReflectionSource& source : sources) {
    const Descriptor* message = source.pool->FindMessageTypeByName(type);
    if (message == nullptr) continue;
    const FieldDescriptor* field = source.pool->FindExtensionByNumber(message, number);
    if (field != nullptr) return field->file();
  }
  return nullptr;
}

bool ListExtensions(const Sources& sources, const std::string& type,
                    ServerReflectionResponse& response) {
  for (const ReflectionSource& source : sources) {
    const Descriptor* message = source.pool->FindMessageTypeByName(type);
    if (message == nullptr) continue;
    auto& numbers = *response.mutable_all_extension_numbers_response();
    numbers.set_base_type_name(type);
    std::vector<const FieldDescriptor*> extensions;
    source.pool->FindAllExtensions(message, &extensions);
    for (const FieldDescriptor* field : extensions) numbers.add_extension_number(field->number());
    return true;
  }
  return false;
}

}  // namespace

void ReflectionHandler::OnCall(Exchange& exchange, const Message*) {
  new ReflectionStream(exchange, *this);
}

void ReflectionHandler::Answer(const ServerReflectionRequest& request,
                               ServerReflectionResponse& response) const {
  const auto sources = catalog_.Get();
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  switch (request.message_request_case()) {
    case ServerReflectionRequest::kListServices: {
      auto& services = *response.mutable_list_services_response();
      for (const ReflectionSource& source : *sources) {
        for (const std::string& name : source.services) services.add_service()->set_name(name);
      }
      return;
    }
    case ServerReflectionRequest::kFileByFilename:
      return SetFile(FindFile(*sources, request.file_by_filename()), request.file_by_filename(),
                     response);
    case ServerReflectionRequest::kFileContainingSymbol:
      return SetFile(FindSymbol(*sources, request.file_containing_symbol()),
                     request.file_containing_symbol(), response);
    case ServerReflectionRequest::kFileContainingExtension: {
      const auto& extension = request.file_containing_extension();
      return SetFile(
          FindExtension(*sources, extension.containing_type(), extension.extension_number()),
          extension.containing_type(), response);
    }
    case ServerReflectionRequest::kAllExtensionNumbersOfType:
      if (!ListExtensions(*sources, request.all_extension_numbers_of_type(), response)) {
        SetNotFound(request.all_extension_numbers_of_type(), response);
      }
      return;
    case ServerReflectionRequest::MESSAGE_REQUEST_NOT_SET:
      response.mutable_error_response()->set_error_code(static_cast<int>(Code::kInvalidArgument));
      response.mutable_error_response()->set_error_message("empty request");
      return;
  }
}

}  // namespace meshhost
