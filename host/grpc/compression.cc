// SPDX-License-Identifier: Apache-2.0
#include "host/grpc/compression.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

namespace meshhost {
namespace {

constexpr int kGzipWindow = 15 + 16;
constexpr size_t kFirstOutput = 4096;

struct BlockRelease {
  void operator()(Block* block) const { block->Release(); }
};
using BlockRef = std::unique_ptr<Block, BlockRelease>;

struct InflateEnd {
  void operator()(z_stream* stream) const { inflateEnd(stream); }
};
struct DeflateEnd {
  void operator()(z_stream* stream) const { deflateEnd(stream); }
};

HeldSlice Held(const BlockRef& block, size_t n) {
  return HeldSlice(Slice{block->data(), n, block->owner()});
}

BlockRef Larger(BlockRef block, size_t used, size_t most) {
  BlockRef larger(Block::New(std::min(block->capacity() * 2, most)));
  std::memcpy(larger->data(), block->data(), used);
  return larger;
}

void SetInput(z_stream& stream, const Slice& bytes) {
  stream.next_in = const_cast<Bytef*>(bytes.p);  // zlib only reads
  stream.avail_in = static_cast<uInt>(bytes.n);
}

}  // namespace

absl::StatusOr<HeldSlice> GunzipMessage(const Slice& compressed, size_t max_size) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) {
    return absl::InternalError("gzip: out of memory");
  }
  const std::unique_ptr<z_stream, InflateEnd> end(&stream);
  SetInput(stream, compressed);
  // One byte beyond the limit, to notice that there is more.
  const size_t most = max_size + 1;
  BlockRef block(Block::New(std::min(most, std::max(kFirstOutput, compressed.n * 2))));
  size_t used = 0;
  for (;;) {
    stream.next_out = block->data() + used;
    stream.avail_out = static_cast<uInt>(block->capacity() - used);
    const int result = inflate(&stream, Z_NO_FLUSH);
    used = block->capacity() - stream.avail_out;
    if (used > max_size) return absl::ResourceExhaustedError("decompressed message too large");
    if (result == Z_STREAM_END) break;
    const bool stuck = stream.avail_in == 0 && stream.avail_out > 0;
    if (result != Z_OK || stuck) return absl::InvalidArgumentError("message is not gzip");
    if (stream.avail_out == 0) block = Larger(std::move(block), used, most);
  }
  if (stream.avail_in > 0) return absl::InvalidArgumentError("bytes behind the gzip stream");
  return Held(block, used);
}

absl::StatusOr<HeldSlice> GzipMessage(const Message& message) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    return absl::InternalError("gzip: out of memory");
  }
  const std::unique_ptr<z_stream, DeflateEnd> end(&stream);
  BlockRef block(Block::New(deflateBound(&stream, MessageSize(message))));
  stream.next_out = block->data();
  stream.avail_out = static_cast<uInt>(block->capacity());
  for (uint32_t i = 0; i < message.n; ++i) {
    SetInput(stream, message.v[i]);
    if (deflate(&stream, Z_NO_FLUSH) != Z_OK && message.v[i].n > 0) {
      return absl::InternalError("gzip: compression failed");
    }
  }
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) {
    return absl::InternalError("gzip: compression failed");
  }
  return Held(block, block->capacity() - stream.avail_out);
}

}  // namespace meshhost
