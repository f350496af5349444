// SPDX-License-Identifier: Apache-2.0
//
// ProtocolDetector: a plaintext connection until its first bytes have told HTTP/2 (RFC 9113 section
// 3.4: a preface that no HTTP/1 request can begin with) from HTTP/1. Costs one small object and one
// timer while nothing comes.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <span>

#include "host/base/timer_wheel.h"
#include "host/call/buffer.h"
#include "host/call/loop.h"
#include "host/net/channel.h"

namespace meshhost {

// Owned by its SessionFactory; gone when one of the Detected functions returns. Worker thread only.
class ProtocolDetector final : public ChannelEvents, public boost::intrusive::list_base_hook<> {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual Block& ReadBlock() = 0;
    // `bytes`: all that was read. Each destroys the detector.
    virtual void OnHttp1(ProtocolDetector& detector, std::span<const uint8_t> bytes) = 0;
    virtual void OnHttp2(ProtocolDetector& detector, std::span<const uint8_t> bytes) = 0;
    // The connection has ended, or said nothing in time.
    virtual void OnNothing(ProtocolDetector& detector) = 0;
  };

  // `timeout_ns` 0: waits for ever.
  ProtocolDetector(Owner& owner, Loop& loop, ChannelRef channel, uint64_t timeout_ns,
                   bool websocket);
  ~ProtocolDetector() override;
  void Start();
  // The host stops: what has arrived is served, a connection that has said nothing ends.
  void LastChance();

  const ChannelRef& channel() const { return channel_; }
  bool websocket() const { return websocket_; }

  void OnReadable() override;
  void OnWritable() override {}

 private:
  static constexpr size_t kPrefaceBytes = 24;

  // True when it has decided, and is gone.
  bool ReadOnce();

  Owner& owner_;
  ChannelRef channel_;
  Timer timer_;
  bool websocket_;
  uint8_t seen_ = 0;  // bytes of the preface
};

}  // namespace meshhost
