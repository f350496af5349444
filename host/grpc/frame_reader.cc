// SPDX-License-Identifier: Apache-2.0
#include "host/grpc/frame_reader.h"

#include <algorithm>
#include <cstring>

namespace meshhost {

void GrpcFrameReader::DropGathered() {
  if (gathered_ != nullptr) gathered_->Release();
  gathered_ = nullptr;
  gathered_size_ = 0;
  delivered_ = false;
}

bool GrpcFrameReader::TakePrefix(Slice& input) {
  const size_t n = std::min(kPrefix - prefix_have_, input.n);
  std::memcpy(prefix_.data() + prefix_have_, input.p, n);
  prefix_have_ += static_cast<uint8_t>(n);
  input.p += n;
  input.n -= n;
  if (prefix_have_ < kPrefix) return false;
  length_ = size_t{prefix_[1]} << 24 | size_t{prefix_[2]} << 16 | size_t{prefix_[3]} << 8 |
            size_t{prefix_[4]};
  return true;
}

GrpcFrameReader::Step GrpcFrameReader::Complete(const Slice& message) {
  prefix_have_ = 0;
  return {Kind::kMessage, prefix_[0] == 1, message};
}

void GrpcFrameReader::Gather(const Slice& piece) {
  const size_t need = gathered_size_ + piece.n;
  if (gathered_ == nullptr || gathered_->capacity() < need) {
    const size_t had = gathered_ == nullptr ? kFirstGather / 2 : gathered_->capacity();
    Block* larger = Block::New(std::min(length_, std::max(need, had * 2)));
    if (gathered_ != nullptr) {
      std::memcpy(larger->data(), gathered_->data(), gathered_size_);
      gathered_->Release();
    }
    gathered_ = larger;
  }
  std::memcpy(gathered_->data() + gathered_size_, piece.p, piece.n);
  gathered_size_ = need;
}

GrpcFrameReader::Step GrpcFrameReader::Next(Slice& input) {
  if (delivered_) DropGathered();
  if (prefix_have_ < kPrefix && !TakePrefix(input)) return {Kind::kNeedMore};
  if (prefix_[0] > 1) return {Kind::kMalformed};
  if (length_ > max_message_) return {Kind::kTooLarge};
  const size_t n = std::min(length_ - gathered_size_, input.n);
  const Slice piece{input.p, n, input.owner};
  input.p += n;
  input.n -= n;
  if (n == length_) return Complete(piece);
  if (n > 0) Gather(piece);
  if (gathered_size_ < length_) return {Kind::kNeedMore};
  delivered_ = true;
  return Complete({gathered_->data(), gathered_size_, gathered_->owner()});
}

}  // namespace meshhost
