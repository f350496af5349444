// SPDX-License-Identifier: Apache-2.0
// The payload check of gRPC methods against protobuf's own parser: both take the same bytes. The
// type is descriptor.proto's FileDescriptorProto: nested, repeated, with extensions and options.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <cstdint>
#include <cstdlib>

#include "host/grpc/payload_schema.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using google::protobuf::FileDescriptorProto;
  static const auto schema = meshhost::PayloadSchema::Compile(*FileDescriptorProto::descriptor());
  const meshhost::Slice slice{data, size, nullptr};
  FileDescriptorProto message;
  const bool parsed = message.ParsePartialFromArray(data, static_cast<int>(size));
  if (schema->Accepts({&slice, 1, 0}) != parsed) std::abort();
  return 0;
}
