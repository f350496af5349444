// SPDX-License-Identifier: Apache-2.0
#include "host/net/socket_channel.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace meshhost {
namespace {

constexpr size_t kTlsRecordBytes = 16 * 1024;

size_t TotalBytes(std::span<const iovec> pieces) {
  size_t total = 0;
  for (const iovec& piece : pieces) total += piece.iov_len;
  return total;
}

IoResult FromErrno() {
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {IoResult::Kind::kWouldBlock};
  return {IoResult::Kind::kError};
}

// Walks over pieces in runs that fit one TLS record.
class RecordCursor final {
 public:
  explicit RecordCursor(std::span<const iovec> pieces) : pieces_(pieces) { SkipEmpty(); }

  bool done() const { return piece_ == pieces_.size(); }

  // The next bytes, contiguous: in place when one piece fills the record or is the last, else
  // joined.
  std::span<const uint8_t> Record() {
    const size_t here = pieces_[piece_].iov_len - offset_;
    if (here >= kTlsRecordBytes || piece_ + 1 == pieces_.size()) {
      return {Bytes(piece_) + offset_, std::min(here, kTlsRecordBytes)};
    }
    size_t n = 0;
    size_t offset = offset_;
    for (size_t i = piece_; i < pieces_.size() && n < kTlsRecordBytes; ++i) {
      const size_t step = std::min(pieces_[i].iov_len - offset, kTlsRecordBytes - n);
      if (step > 0) std::memcpy(joined_.data() + n, Bytes(i) + offset, step);
      n += step;
      offset = 0;
    }
    return {joined_.data(), n};
  }

  void Advance(size_t n) {
    while (n > 0) {
      const size_t step = std::min(n, pieces_[piece_].iov_len - offset_);
      offset_ += step;
      n -= step;
      SkipEmpty();
    }
  }

 private:
  const uint8_t* Bytes(size_t piece) const {
    return static_cast<const uint8_t*>(pieces_[piece].iov_base);
  }
  void SkipEmpty() {
    while (piece_ < pieces_.size() && offset_ == pieces_[piece_].iov_len) {
      ++piece_;
      offset_ = 0;
    }
  }

  std::span<const iovec> pieces_;
  size_t piece_ = 0;
  size_t offset_ = 0;
  std::array<uint8_t, kTlsRecordBytes> joined_;
};

}  // namespace

SocketChannel::SocketChannel(Worker& worker, std::unique_ptr<PolledSocket> socket, SSL* ssl,
                             PeerRef peer, std::string alpn, std::function<void()> on_closed)
    : worker_(worker),
      socket_(std::move(socket)),
      ssl_(ssl),
      peer_(std::move(peer)),
      alpn_(std::move(alpn)),
      on_closed_(std::move(on_closed)) {}

SocketChannel::~SocketChannel() { Close(); }

IoResult SocketChannel::Read(std::span<uint8_t> into) {
  if (!socket_->is_open()) return {IoResult::Kind::kError};
  if (ssl_ != nullptr) return ReadTls(into);
  ssize_t n;
  do {
    n = ::recv(socket_->fd(), into.data(), into.size(), 0);
  } while (n < 0 && errno == EINTR);
  if (n == 0) return {IoResult::Kind::kEnd};
  if (n < 0) {
    const IoResult result = FromErrno();
    if (result.kind == IoResult::Kind::kWouldBlock) socket_->ReadBlocked();
    return result;
  }
  if (static_cast<size_t>(n) < into.size()) socket_->ReadShort();
  return {IoResult::Kind::kBytes, static_cast<size_t>(n)};
}

IoResult SocketChannel::Write(std::span<const iovec> pieces) {
  if (!socket_->is_open()) return {IoResult::Kind::kError};
  if (ssl_ != nullptr) return WriteTls(pieces);
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  ssize_t n;
  do {
    n = ::sendmsg(socket_->fd(), &message, MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  // Whoever is told of less than everything waits for the kernel to have room again.
  if (n < 0) {
    const IoResult result = FromErrno();
    if (result.kind == IoResult::Kind::kWouldBlock) socket_->WriteBlocked();
    return result;
  }
  if (static_cast<size_t>(n) < TotalBytes(pieces)) socket_->WriteBlocked();
  return {IoResult::Kind::kBytes, static_cast<size_t>(n)};
}

IoResult SocketChannel::TlsResult(int returned) {
  switch (SSL_get_error(ssl_, returned)) {
    case SSL_ERROR_WANT_READ:
      socket_->ReadBlocked();
      return {IoResult::Kind::kWouldBlock};
    case SSL_ERROR_WANT_WRITE:
      socket_->WriteBlocked();
      read_wants_write_ = true;
      return {IoResult::Kind::kWouldBlock};
    case SSL_ERROR_ZERO_RETURN:
      return {IoResult::Kind::kEnd};
    default:
      ERR_clear_error();
      return {IoResult::Kind::kError};
  }
}

IoResult SocketChannel::ReadTls(std::span<uint8_t> into) {
  size_t total = 0;
  ERR_clear_error();
  read_wants_write_ = false;
  while (total < into.size()) {
    size_t n = 0;
    const int returned = SSL_read_ex(ssl_, into.data() + total, into.size() - total, &n);
    if (returned <= 0) {
      if (total == 0) return TlsResult(returned);
      if (SSL_get_error(ssl_, returned) == SSL_ERROR_WANT_READ) socket_->ReadBlocked();
      break;  // an error comes again with the next read
    }
    total += n;
  }
  return {IoResult::Kind::kBytes, total};
}

// One TLS record for each run of up to 16 KiB: small pieces are joined, so that the answers of a
// turn leave as one record. A retry after kWouldBlock offers at least the same bytes again, which
// is what OpenSSL asks for (SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER is set).
IoResult SocketChannel::WriteTls(std::span<const iovec> pieces) {
  RecordCursor cursor(pieces);
  size_t total = 0;
  while (!cursor.done()) {
    const std::span<const uint8_t> record = cursor.Record();
    size_t written = 0;
    ERR_clear_error();
    const int returned = SSL_write_ex(ssl_, record.data(), record.size(), &written);
    if (returned <= 0) {
      if (total > 0) break;
      const bool read_wants_write = read_wants_write_;
      const IoResult result = TlsResult(returned);
      read_wants_write_ = read_wants_write;
      return result;
    }
    total += written;
    cursor.Advance(written);
  }
  return {IoResult::Kind::kBytes, total};
}

void SocketChannel::AwaitReadable() {
  if (!read_wants_write_) return socket_->AwaitReadable(*this);
  owes_readable_ = true;
  socket_->AwaitWritable(*this);
}

void SocketChannel::AwaitWritable() {
  owes_writable_ = true;
  socket_->AwaitWritable(*this);
}

void SocketChannel::OnSocketReadable() {
  if (events_ == nullptr) return;
  const ChannelRef self(this);
  worker_.BeginEvent();
  events_->OnReadable();
}

void SocketChannel::OnSocketWritable() {
  const ChannelRef self(this);
  worker_.BeginEvent();
  const bool owed_readable = std::exchange(owes_readable_, false);
  const bool owed_writable = std::exchange(owes_writable_, false);
  if (owed_writable && events_ != nullptr) events_->OnWritable();
  if (owed_readable && events_ != nullptr) events_->OnReadable();
}

bool SocketChannel::HasPendingInput() const {
  return ssl_ != nullptr && SSL_has_pending(ssl_) == 1;
}

void SocketChannel::ShutdownWrite() {
  if (!socket_->is_open()) return;
  if (ssl_ != nullptr) {
    ERR_clear_error();
    SSL_shutdown(ssl_);
  }
  ::shutdown(socket_->fd(), SHUT_WR);
}

void SocketChannel::Close() {
  events_ = nullptr;
  if (!socket_->is_open()) return;
  if (ssl_ != nullptr) {
    // close_notify, so that the peer can tell an end from a cut (RFC 8446 section 6.1). Without an
    // answer awaited, the session stays resumable.
    ERR_clear_error();
    if (SSL_get_shutdown(ssl_) == 0) SSL_shutdown(ssl_);
    SSL_free(std::exchange(ssl_, nullptr));
    ERR_clear_error();
  }
  socket_->Close();
  if (auto on_closed = std::exchange(on_closed_, nullptr)) on_closed();
}

void SocketChannel::Abort() {
  if (!socket_->is_open()) return;
  const linger reset{1, 0};
  ::setsockopt(socket_->fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  if (ssl_ != nullptr) SSL_set_quiet_shutdown(ssl_, 1);
  Close();
}

}  // namespace meshhost
