// SPDX-License-Identifier: Apache-2.0
#include "host/http/session_factory.h"

#include <boost/intrusive/list.hpp>
#include <utility>
#include <vector>

#include "host/http/http1_server.h"
#include "host/http/http2_server.h"
#include "host/http/protocol_detector.h"

namespace meshhost {

// The connections that have not said yet what they speak.
class SessionFactory::Undecided final : public ProtocolDetector::Owner {
 public:
  Undecided(Loop& loop, SessionFactory::ReadBlock read_block, const HttpSettings& settings,
            Http1Server& http1, Http2Server& http2)
      : loop_(loop),
        read_block_(std::move(read_block)),
        settings_(settings),
        http1_(http1),
        http2_(http2) {}
  ~Undecided() override { CloseAll(); }

  void Add(ChannelRef channel, bool websocket) {
    auto detector = std::make_unique<ProtocolDetector>(*this, loop_, std::move(channel),
                                                       settings_.header_read_ns, websocket);
    ProtocolDetector& waiting = *detector.release();
    waiting_.push_back(waiting);
    waiting.Start();
  }
  void CloseAll() {
    while (!waiting_.empty()) OnNothing(waiting_.front());
  }
  template <typename Which>
  void Drain(const Which& which) {
    std::vector<ProtocolDetector*> waiting;
    for (ProtocolDetector& detector : waiting_) {
      if (which(*detector.channel()->peer())) waiting.push_back(&detector);
    }
    for (ProtocolDetector* detector : waiting) detector->LastChance();
  }
  size_t size() const { return waiting_.size(); }

  Block& ReadBlock() override { return read_block_(); }
  void OnHttp1(ProtocolDetector& detector, std::span<const uint8_t> bytes) override {
    http1_.Serve(Take(detector), bytes);
  }
  void OnHttp2(ProtocolDetector& detector, std::span<const uint8_t> bytes) override {
    const bool websocket = detector.websocket();
    http2_.Serve(Take(detector), bytes, websocket);
  }
  void OnNothing(ProtocolDetector& detector) override { Take(detector)->Close(); }

 private:
  ChannelRef Take(ProtocolDetector& detector) {
    ChannelRef channel = detector.channel();
    channel->SetEvents(nullptr);
    waiting_.erase_and_dispose(waiting_.iterator_to(detector),
                               std::default_delete<ProtocolDetector>());
    return channel;
  }

  Loop& loop_;
  SessionFactory::ReadBlock read_block_;
  const HttpSettings& settings_;
  Http1Server& http1_;
  Http2Server& http2_;
  boost::intrusive::list<ProtocolDetector> waiting_;
};

SessionFactory::SessionFactory(Loop& loop, ReadBlock read_block, Dispatcher& dispatcher,
                               const HttpSettings& settings)
    : http1_(std::make_unique<Http1Server>(loop, read_block, dispatcher, settings)),
      http2_(std::make_unique<Http2Server>(loop, read_block, dispatcher, settings)),
      undecided_(std::make_unique<Undecided>(loop, read_block, settings, *http1_, *http2_)) {}

SessionFactory::~SessionFactory() = default;

void SessionFactory::OnConnection(ChannelRef channel, const ProtocolSet& protocols) {
  const std::string_view alpn = channel->alpn();
  const bool http2_only = alpn == "h2" || (alpn.empty() && !protocols.UsesHttp1());
  const bool http1_only = alpn == "http/1.1" || (alpn.empty() && !protocols.UsesHttp2());
  if (http2_only) return http2_->Serve(std::move(channel), {}, protocols.websocket);
  if (http1_only) return http1_->Serve(std::move(channel), {});
  undecided_->Add(std::move(channel), protocols.websocket);
}

void SessionFactory::DrainGently() {
  http1_->DrainGently();
  http2_->Drain();
}

void SessionFactory::Drain() {
  http1_->Drain();
  http2_->Drain();
  undecided_->Drain([](const Peer&) { return true; });
}

void SessionFactory::Drain(uint64_t listener_id) {
  http1_->Drain(listener_id);
  http2_->Drain(listener_id);
  undecided_->Drain([listener_id](const Peer& peer) { return peer.listener_id == listener_id; });
}

void SessionFactory::CloseAll() {
  undecided_->CloseAll();
  http1_->CloseAll();
  http2_->CloseAll();
}

size_t SessionFactory::size() const { return undecided_->size() + http1_->size() + http2_->size(); }

}  // namespace meshhost
