// SPDX-License-Identifier: Apache-2.0
#include "host/http/protocol_detector.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

namespace meshhost {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

}  // namespace

ProtocolDetector::ProtocolDetector(Owner& owner, Loop& loop, ChannelRef channel,
                                   uint64_t timeout_ns, bool websocket)
    : owner_(owner),
      channel_(std::move(channel)),
      timer_(
          [](void* context) {
            auto& self = *static_cast<ProtocolDetector*>(context);
            self.owner_.OnNothing(self);
          },
          this),
      websocket_(websocket) {
  static_assert(kPreface.size() == kPrefaceBytes);
  channel_->SetEvents(this);
  if (timeout_ns != 0) loop.timers().Arm(timer_, loop.now_ns() + timeout_ns);
}

ProtocolDetector::~ProtocolDetector() = default;

void ProtocolDetector::Start() {
  if (channel_->HasPendingInput()) return OnReadable();
  channel_->AwaitReadable();
}

void ProtocolDetector::OnReadable() {
  if (!ReadOnce()) channel_->AwaitReadable();
}

void ProtocolDetector::LastChance() {
  if (!ReadOnce() && seen_ == 0) owner_.OnNothing(*this);
}

bool ProtocolDetector::ReadOnce() {
  Block& block = owner_.ReadBlock();
  uint8_t* bytes = block.data();
  // What came before matched the preface, so there is no need to have kept it.
  std::memcpy(bytes, kPreface.data(), seen_);
  const IoResult result = channel_->Read({bytes + seen_, block.capacity() - seen_});
  if (result.kind == IoResult::Kind::kWouldBlock) return false;
  if (result.kind != IoResult::Kind::kBytes) {
    owner_.OnNothing(*this);
    return true;
  }
  const size_t n = seen_ + result.n;
  const size_t compared = std::min(n, kPrefaceBytes);
  if (std::memcmp(bytes, kPreface.data(), compared) != 0) {
    owner_.OnHttp1(*this, {bytes, n});
    return true;
  }
  if (compared == kPrefaceBytes) {
    owner_.OnHttp2(*this, {bytes, n});
    return true;
  }
  seen_ = static_cast<uint8_t>(n);
  return false;
}

}  // namespace meshhost
