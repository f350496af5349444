// SPDX-License-Identifier: Apache-2.0
#include "host/http/websocket_tunnel.h"

namespace meshhost {

void WebSocketTunnel::Feed(const Slice& bytes) {
  arrived_.Append(bytes);
  if (!reading_ || transport_ == nullptr) return;
  const size_t n = arrived_.Read(static_cast<uint8_t*>(read_into_.data()), read_into_.size());
  transport_->Consume(n);
  reading_.Complete({}, n);
}

void WebSocketTunnel::FeedEnd() {
  ended_ = true;
  if (reading_) reading_.Complete(boost::asio::error::eof, 0);
}

void WebSocketTunnel::ResumeWriting() {
  if (writing_) writing_.Complete({}, std::exchange(written_, 0));
}

void WebSocketTunnel::Detach() {
  transport_ = nullptr;
  // Not from here: whoever is told may be what is being torn down.
  const ErrorCode gone = boost::asio::error::connection_reset;
  if (reading_) reading_.PostCompletion(executor_, gone, 0);
  if (writing_) writing_.PostCompletion(executor_, gone, 0);
}

void WebSocketTunnel::StartRead(boost::asio::mutable_buffer into) {
  if (transport_ == nullptr) {
    return reading_.PostCompletion(executor_, boost::asio::error::connection_reset, 0);
  }
  if (!arrived_.empty() || into.size() == 0) {
    const size_t n = arrived_.Read(static_cast<uint8_t*>(into.data()), into.size());
    transport_->Consume(n);
    return reading_.PostCompletion(executor_, {}, n);
  }
  if (ended_) return reading_.PostCompletion(executor_, boost::asio::error::eof, 0);
  read_into_ = into;
}

void WebSocketTunnel::StartWrite(const Slices& slices) {
  if (transport_ == nullptr) {
    return writing_.PostCompletion(executor_, boost::asio::error::connection_reset, 0);
  }
  const std::span<const Slice> pieces(slices.slices.data(), slices.n);
  size_t total = 0;
  for (const Slice& piece : pieces) total += piece.n;
  transport_->SendBody(pieces);
  if (transport_->unsent_bytes() < transport_->high_mark()) {
    return writing_.PostCompletion(executor_, {}, total);
  }
  written_ = total;
}

}  // namespace meshhost
