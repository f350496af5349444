// SPDX-License-Identifier: Apache-2.0
#include "host/call/exchange.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace meshhost {
namespace {

constexpr size_t kUsualResponseFields = 8;

// "192.0.2.7:41234" without the port, "[2001:db8::1]:41234" without port and brackets.
std::string_view HostOf(std::string_view address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return address;
  if (address.front() != '[') return address.substr(0, colon);
  return address.substr(1, colon - 2);
}

}  // namespace

Exchange::Exchange(Loop& loop, Arena& arena, const RequestHead& head, PeerRef peer,
                   const RouteMatch& match, Responder& responder)
    : loop_(loop),
      arena_(arena),
      head_(head),
      peer_(std::move(peer)),
      endpoint_(*match.endpoint),
      responder_(responder),
      params_(match.params),
      allow_(match.allow),
      client_address_(HostOf(peer_->address)),
      head_refusal_(head.refusal),
      started_ns_(loop.now_ns()) {
  const size_t bytes = endpoint_.chain->state_bytes();
  if (bytes > 0) {
    filter_state_ = static_cast<uint8_t*>(arena.Allocate(bytes));
    std::memset(filter_state_, 0, bytes);
  }
  endpoint_.calls->For(loop_.index()).Add(*this);
}

Exchange::~Exchange() { endpoint_.calls->For(loop_.index()).Remove(*this); }

void Exchange::ShortenDeadline(uint64_t deadline_ns) {
  if (deadline_ns_ == 0 || deadline_ns < deadline_ns_) deadline_ns_ = deadline_ns;
}

void Exchange::RefuseHead(const Outcome& outcome) {
  if (head_refusal_ == nullptr) head_refusal_ = arena_.New<Outcome>(outcome);
}

void Exchange::Start() { RunChain(0); }

void Exchange::RunChain(size_t from) {
  const auto& links = endpoint_.chain->links();
  for (size_t i = from; i < links.size(); ++i) {
    links_started_ = static_cast<uint16_t>(i + 1);
    const Verdict verdict = links[i].filter->OnStart(*this, StateOf(links[i]));
    // A filter may have aborted the call (deadline already over) instead of refusing it.
    if (answered_) return;
    if (verdict.kind == Verdict::Kind::kContinue) continue;
    if (verdict.kind == Verdict::Kind::kRefuse) return Answer(nullptr, verdict.refusal);
    paused_ = true;
    return;
  }
  EnterHandler();
}

void Exchange::Resume() {
  paused_ = false;
  if (transport_done_) return MaybeEnd();
  if (!answered_) RunChain(links_started_);
}

void Exchange::EnterHandler() {
  if (head_refusal_ != nullptr) return Answer(nullptr, *head_refusal_);
  if (!endpoint_.client_stream) return responder_.Pull(1);
  // The chain was passed: the responder accepts the handshake, or refuses what only it can judge.
  if (endpoint_.kind == Kind::kWebSocket) responder_.Pull(0);
  if (!answered_) CallHandler(nullptr);
}

void Exchange::CallHandler(const Message* first) {
  handler_called_ = true;
  handler_active_ = true;
  endpoint_.handler->OnCall(*this, first);
}

bool Exchange::PassFilters(Direction direction, const Message& message) {
  if (!endpoint_.chain->sees_messages()) return true;
  for (const Chain::Link& link : endpoint_.chain->links()) {
    if (!link.sees_messages) continue;
    const Verdict verdict = link.filter->OnMessage(*this, StateOf(link), direction, message);
    if (verdict.kind != Verdict::Kind::kRefuse) continue;
    Abort(CancelReason::kLimit, verdict.refusal);
    return false;
  }
  return true;
}

void Exchange::DeliverMessage(const Message& message) {
  if (answered_) return;
  ++final_.request_messages;
  final_.request_bytes += MessageSize(message);
  if (!PassFilters(Direction::kRequest, message)) return;
  if (!handler_called_) return CallHandler(&message);
  if (receiver_ != nullptr) receiver_->OnMessage(message);
}

void Exchange::DeliverHalfClose() {
  if (receiver_ != nullptr && !answered_) receiver_->OnHalfClose();
}

void Exchange::DeliverWritable() {
  if (receiver_ != nullptr && !answered_) receiver_->OnWritable();
}

void Exchange::Answer(const Message* last, const Outcome& outcome) {
  answered_ = true;
  final_.code = outcome.code;
  final_.reason = outcome.reason;
  if (last != nullptr) {
    ++final_.response_messages;
    final_.response_bytes += MessageSize(*last);
  }
  responder_.Finish(last, outcome);
}

void Exchange::Abort(CancelReason reason, const Outcome& outcome) {
  if (answered_ || transport_done_) return;
  if (cancelled_ == 0) cancelled_ = static_cast<uint8_t>(reason);
  Answer(nullptr, outcome);
  if (handler_active_ && receiver_ != nullptr) receiver_->OnCancel(reason);
}

void Exchange::TransportDone(bool delivered) {
  transport_done_ = true;
  final_.delivered = delivered && answered_;
  if (!answered_) {
    answered_ = true;
    final_.code = Code::kCancelled;
    if (cancelled_ == 0) cancelled_ = static_cast<uint8_t>(CancelReason::kPeer);
    if (handler_active_ && receiver_ != nullptr) {
      // The receiver may finish from inside, which must not destroy us under its feet.
      Hold();
      receiver_->OnCancel(CancelReason::kPeer);
      MaybeEnd();
      return Release();
    }
  }
  MaybeEnd();
}

void Exchange::Pull(uint32_t messages) {
  if (!answered_) responder_.Pull(messages);
}

Sent Exchange::SendHeaders(int status, std::span<const Header> headers) {
  if (!handler_active_ || headers_sent_) return Sent::kInvalid;
  if (answered_) return Sent::kCancelled;
  headers_sent_ = true;
  return responder_.SendHeaders(status, headers);
}

Sent Exchange::Send(const Message& message) {
  if (!handler_active_) return Sent::kInvalid;
  if (answered_) return Sent::kCancelled;
  headers_sent_ = true;
  if (!PassFilters(Direction::kResponse, message)) return Sent::kCancelled;
  const Sent sent = responder_.Send(message);
  if (sent == Sent::kTaken) {
    ++final_.response_messages;
    final_.response_bytes += MessageSize(message);
  }
  return sent;
}

Finished Exchange::Finish(const Message* last, const Outcome& outcome) {
  if (!handler_active_) return Finished::kGone;
  handler_active_ = false;
  const bool answered_before = answered_;
  Hold();  // the responder may be done with the transport before it returns
  if (!answered_before && (last == nullptr || PassFilters(Direction::kResponse, *last))) {
    Answer(last, outcome);
  }
  MaybeEnd();
  Release();
  return answered_before ? Finished::kCancelled : Finished::kTaken;
}

void Exchange::Drain(Reason why) {
  if (answered_ || transport_done_) return;
  if (cancelled_ == 0) cancelled_ = static_cast<uint8_t>(CancelReason::kDrain);
  responder_.Drain(why);
  if (handler_active_ && receiver_ != nullptr) receiver_->OnCancel(CancelReason::kDrain);
}

void Exchange::AddResponseField(std::string_view name, std::string_view value) {
  if (response_field_count_ == response_fields_.size()) {
    const size_t room = std::max(kUsualResponseFields, 2 * response_fields_.size());
    const std::span<Header> fields = arena_.NewArray<Header>(room);
    std::copy(response_fields_.begin(), response_fields_.end(), fields.begin());
    response_fields_ = fields;
  }
  response_fields_[response_field_count_++] = {name, value};
}

std::span<const Header> Exchange::WithResponseFields(std::span<const Header> own) const {
  const std::span<const Header> added = response_fields_.first(response_field_count_);
  if (added.empty()) return own;
  const auto replaced = [&added](const Header& field) {
    return field.name != "vary" &&
           std::any_of(added.begin(), added.end(),
                       [&](const Header& other) { return other.name == field.name; });
  };
  const std::span<Header> all = arena_.NewArray<Header>(own.size() + added.size());
  auto end = std::remove_copy_if(own.begin(), own.end(), all.begin(), replaced);
  end = std::copy(added.begin(), added.end(), end);
  return all.first(static_cast<size_t>(end - all.begin()));
}

void Exchange::Note(const Decision& decision) {
  auto* noted = arena_.New<Decision>(decision);
  noted->next = nullptr;
  (last_decision_ == nullptr ? first_decision_ : last_decision_->next) = noted;
  last_decision_ = noted;
}

void Exchange::Release() {
  if (--holds_ == 0 && ended_) responder_.Destroy();
}

void Exchange::MaybeEnd() {
  if (!transport_done_ || handler_active_ || paused_ || ended_) return;
  ended_ = true;
  Hold();
  const auto& links = endpoint_.chain->links();
  for (size_t i = links_started_; i-- > 0;) {
    links[i].filter->OnEnd(*this, StateOf(links[i]), final_);
  }
  if (receiver_ != nullptr) receiver_->OnEnd(final_);
  Release();
}

}  // namespace meshhost
