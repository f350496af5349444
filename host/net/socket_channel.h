// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "host/net/channel.h"
#include "host/net/socket_poller.h"
#include "host/net/worker.h"

namespace meshhost {

// A connected stream socket, plain or TLS. Worker thread only.
class SocketChannel final : public Channel, private SocketWaiter {
 public:
  // `on_closed` runs once, when the socket is closed. `ssl` null: plaintext; otherwise the
  // handshake is complete and the channel takes it over.
  SocketChannel(Worker& worker, std::unique_ptr<PolledSocket> socket, SSL* ssl, PeerRef peer,
                std::string alpn, std::function<void()> on_closed);
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
  void OnSocketReadable() override;
  void OnSocketWritable() override;
  void OnPollerGone() override {}
  IoResult ReadTls(std::span<uint8_t> into);
  IoResult WriteTls(std::span<const iovec> pieces);
  IoResult TlsResult(int returned);

  Worker& worker_;
  std::unique_ptr<PolledSocket> socket_;
  SSL* ssl_;
  ChannelEvents* events_ = nullptr;
  PeerRef peer_;
  std::string alpn_;
  std::function<void()> on_closed_;
  // TLS: a read cannot go on before the socket is writable.
  bool read_wants_write_ = false;
  // What the pending wait for the socket's writability is to report.
  bool owes_readable_ = false;
  bool owes_writable_ = false;
};

}  // namespace meshhost
