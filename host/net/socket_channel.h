// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/types.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "host/base/unique_fd.h"
#include "host/net/channel.h"
#include "host/net/connection_stats.h"
#include "host/net/worker.h"

namespace meshhost {

// A connected stream socket with readiness events; base of what both kinds of channel share.
// Worker thread only.
class SocketChannel final : public Channel {
 public:
  // `on_closed` runs once, when the socket is closed. `ssl` null: plaintext; otherwise the
  // handshake is complete and the channel takes it over.
  SocketChannel(Worker& worker, UniqueFd socket, SSL* ssl, PeerRef peer, std::string alpn,
                std::function<void()> on_closed);
  ~SocketChannel() override;

  void SetEvents(ChannelEvents* events) override { events_ = events; }
  IoResult Read(std::span<uint8_t> into) override;
  IoResult Write(std::span<const iovec> pieces) override;
  void AwaitReadable() override;
  void AwaitWritable() override;
  bool HasPendingInput() const override;
  void ShutdownWrite() override;
  void Close() override;
  void Abort() override;
  const PeerRef& peer() const override { return peer_; }
  std::string_view alpn() const override { return alpn_; }

 private:
  IoResult ReadTls(std::span<uint8_t> into);
  IoResult WriteTls(std::span<const iovec> pieces);
  IoResult TlsResult(int returned);

  Worker& worker_;
  boost::asio::posix::stream_descriptor socket_;
  SSL* ssl_;
  ChannelEvents* events_ = nullptr;
  PeerRef peer_;
  std::string alpn_;
  std::function<void()> on_closed_;
  bool read_wants_write_ = false;  // TLS: a read cannot go on before the socket is writable
};

}  // namespace meshhost
