// SPDX-License-Identifier: Apache-2.0
//
// WebSocketTunnel: a stream of HTTP, once it carries WebSocket frames, in the shape that Beast's
// WebSocket layer reads and writes (an AsyncStream of Asio). The same for a socket that was
// upgraded, for TLS and for HTTP/2: beneath it is only a Transport. Bytes are given back to the
// peer's window as Beast takes them, so a WebSocket that is not read stops its peer.
//
// The synchronous functions exist for the handshake alone: Beast writes a response of its own
// there, which the session's response replaces.
#pragma once

#include <array>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/buffer_traits.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/role.hpp>
#include <memory>
#include <type_traits>
#include <utility>

#include "host/call/byte_queue.h"
#include "host/call/transport.h"

namespace meshhost {

// Owned by the Beast stream on top of it. Worker thread only.
class WebSocketTunnel final {
 public:
  using executor_type = boost::asio::io_context::executor_type;
  using ErrorCode = boost::beast::error_code;

  WebSocketTunnel(boost::asio::io_context& io, Transport& transport)
      : executor_(io.get_executor()), transport_(&transport) {}

  executor_type get_executor() const { return executor_; }

  // ---- From the stream below.
  void Feed(const Slice& bytes);
  void FeedEnd();
  void ResumeWriting();
  // The transport is gone: what waits fails, and so does all that follows.
  void Detach();

  // ---- For Beast above.
  template <typename Buffers, typename Handler>
  auto async_read_some(const Buffers& buffers, Handler&& handler) {
    return boost::asio::async_initiate<Handler, void(ErrorCode, std::size_t)>(
        [this](auto&& completion, const Buffers& into) {
          reading_.Set(std::forward<decltype(completion)>(completion));
          StartRead(FirstOf(into));
        },
        handler, buffers);
  }

  template <typename Buffers, typename Handler>
  auto async_write_some(const Buffers& buffers, Handler&& handler) {
    return boost::asio::async_initiate<Handler, void(ErrorCode, std::size_t)>(
        [this](auto&& completion, const Buffers& from) {
          writing_.Set(std::forward<decltype(completion)>(completion));
          StartWrite(SlicesOf(from));
        },
        handler, buffers);
  }

  template <typename Buffers>
  std::size_t write_some(const Buffers& buffers) {
    return boost::beast::buffer_bytes(buffers);
  }
  template <typename Buffers>
  std::size_t write_some(const Buffers& buffers, ErrorCode& ec) {
    ec = {};
    return boost::beast::buffer_bytes(buffers);
  }
  template <typename Buffers>
  std::size_t read_some(const Buffers&) {
    return 0;
  }
  template <typename Buffers>
  std::size_t read_some(const Buffers&, ErrorCode& ec) {
    ec = boost::asio::error::would_block;
    return 0;
  }

 private:
  static constexpr size_t kMaxSlices = 16;
  struct Slices {
    std::array<Slice, kMaxSlices> slices;
    size_t n = 0;
  };

  // One operation that waits, whatever its handler's type.
  class Waiting {
   public:
    template <typename Handler>
    void Set(Handler&& handler) {
      operation_ = std::make_unique<Of<std::decay_t<Handler>>>(std::forward<Handler>(handler));
    }
    explicit operator bool() const { return operation_ != nullptr; }
    // Runs the handler, which may start the next operation.
    void Complete(ErrorCode ec, std::size_t n) { std::exchange(operation_, {})->Run(ec, n); }
    void PostCompletion(const executor_type& executor, ErrorCode ec, std::size_t n) {
      std::exchange(operation_, {})->Post(executor, ec, n);
    }

   private:
    struct Operation {
      virtual ~Operation() = default;
      virtual void Run(ErrorCode ec, std::size_t n) = 0;
      virtual void Post(const executor_type& executor, ErrorCode ec, std::size_t n) = 0;
    };
    template <typename Handler>
    struct Of final : Operation {
      explicit Of(Handler&& own) : handler(std::move(own)) {}
      explicit Of(const Handler& own) : handler(own) {}
      void Run(ErrorCode ec, std::size_t n) override { std::move(handler)(ec, n); }
      void Post(const executor_type& executor, ErrorCode ec, std::size_t n) override {
        boost::asio::post(executor, boost::beast::bind_front_handler(std::move(handler), ec, n));
      }
      Handler handler;
    };
    std::unique_ptr<Operation> operation_;
  };

  template <typename Buffers>
  static boost::asio::mutable_buffer FirstOf(const Buffers& buffers) {
    for (const boost::asio::mutable_buffer buffer : boost::beast::buffers_range_ref(buffers)) {
      if (buffer.size() > 0) return buffer;
    }
    return {};
  }
  template <typename Buffers>
  static Slices SlicesOf(const Buffers& buffers) {
    Slices taken;
    for (const boost::asio::const_buffer buffer : boost::beast::buffers_range_ref(buffers)) {
      if (taken.n == kMaxSlices) break;
      taken.slices[taken.n++] = {static_cast<const uint8_t*>(buffer.data()), buffer.size(),
                                 nullptr};
    }
    return taken;
  }

  void StartRead(boost::asio::mutable_buffer into);
  void StartWrite(const Slices& slices);

  executor_type executor_;
  Transport* transport_;  // null once detached
  ByteQueue arrived_;
  boost::asio::mutable_buffer read_into_;
  Waiting reading_;
  Waiting writing_;
  size_t written_ = 0;  // by the write that waits
  bool ended_ = false;
};

// Beast's customization points: sessions end connections, not Beast.
inline void teardown(boost::beast::role_type, WebSocketTunnel&, boost::beast::error_code& ec) {
  ec = {};
}
template <typename Handler>
void async_teardown(boost::beast::role_type, WebSocketTunnel& tunnel, Handler&& handler) {
  boost::asio::post(
      tunnel.get_executor(),
      boost::beast::bind_front_handler(std::forward<Handler>(handler), boost::beast::error_code()));
}
inline void beast_close_socket(WebSocketTunnel&) {}

}  // namespace meshhost
