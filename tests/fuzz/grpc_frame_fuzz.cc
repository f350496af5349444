// SPDX-License-Identifier: Apache-2.0
//
// The gRPC codec's parsers: messages come out the same wherever the bytes are cut, nothing larger
// than the limit ever does, and what is decoded encodes back.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "host/base/arena.h"
#include "host/call/binary_metadata.h"
#include "host/grpc/compression.h"
#include "host/grpc/frame_reader.h"
#include "host/grpc/grpc_timeout.h"
#include "host/grpc/metadata.h"

namespace meshhost {
namespace {

constexpr size_t kMaxMessage = 100'000;

// The messages, each led by its flag; "!" behind the last when the reader gave up.
std::vector<std::string> ReadAll(std::string_view bytes, size_t step) {
  GrpcFrameReader reader(kMaxMessage);
  std::vector<std::string> messages;
  for (size_t at = 0; at < bytes.size(); at += step) {
    Slice input = BorrowedSlice(bytes.substr(at, step));
    while (input.n > 0) {
      const GrpcFrameReader::Step result = reader.Next(input);
      if (result.kind == GrpcFrameReader::Kind::kNeedMore) break;
      if (result.kind != GrpcFrameReader::Kind::kMessage) {
        messages.push_back("!");
        return messages;
      }
      if (result.message.n > kMaxMessage) std::abort();
      messages.push_back((result.compressed ? "z" : "p") + std::string(ToView(result.message)));
    }
  }
  return messages;
}

void CheckGunzip(const std::string& message) {
  const auto plain = GunzipMessage(BorrowedSlice(std::string_view(message).substr(1)), kMaxMessage);
  if (plain.ok() && plain->slice().n > kMaxMessage) std::abort();
}

void CheckText(std::string_view text) {
  Arena arena;
  ParseGrpcTimeout(text);
  const std::string_view encoded = EncodeBinaryMetadata(text, arena);
  if (DecodeBinaryMetadata(encoded, arena) != text) std::abort();
  DecodeBinaryMetadata(text, arena);
  for (char c : EncodeGrpcMessage(text, arena)) {
    if (c < 0x20 || c > 0x7e) std::abort();
  }
  const Header field{text.substr(0, text.size() / 2), text.substr(text.size() / 2)};
  Header written;
  if (WriteMetadata({&field, 1}, &written, arena) > 1) std::abort();
}

}  // namespace
}  // namespace meshhost

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto whole = meshhost::ReadAll(bytes, SIZE_MAX / 2);
  if (meshhost::ReadAll(bytes, size_t{data[0]} + 1) != whole) std::abort();
  for (const std::string& message : whole) {
    if (message[0] == 'z') meshhost::CheckGunzip(message);
  }
  meshhost::CheckText(bytes.substr(0, 300));
  return 0;
}
