// SPDX-License-Identifier: Apache-2.0
//
// Exchange: one call on its way through the host, the same object for gRPC, REST and WebSocket. It
// stands between a Responder (the protocol), a Chain of filters and a Handler, and owns the rules
// that none of them should have to know: order, credits, who has answered, when the call is over.
//
//   Start --chain--> waiting for the gathered request --> handler active --Finish--> answered
//     |  \--pause/Resume                                        |                       |
//     \--refused / Abort: the host answers, handler may still owe Finish                |
//   TransportDone (flushed or lost) and handler not active and not paused --> OnEnd, Destroy
//
// A handler that finishes after the peer has gone, after the deadline, or after the host answered
// does no harm: its answer is dropped and it is told so.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "host/call/buffer.h"
#include "host/call/call_list.h"
#include "host/call/chain.h"
#include "host/call/decision.h"
#include "host/call/endpoint.h"
#include "host/call/handler.h"
#include "host/call/identity.h"
#include "host/call/loop.h"
#include "host/call/outcome.h"
#include "host/call/request.h"
#include "host/call/responder.h"

namespace meshhost {

// W3C trace context of the call; all zero = none.
struct TraceContext {
  std::array<uint8_t, 16> trace_id{};
  std::array<uint8_t, 8> span_id{};
  uint8_t flags = 0;
};

enum class Finished : uint8_t { kTaken, kCancelled, kGone };

// How much a call matters when not all can be served.
enum class Priority : uint8_t { kBulk, kLow, kNormal, kHigh, kCritical };

// Lives in the call's arena, made and destroyed by its Responder. Worker thread only.
class Exchange final : public CallListHook {
 public:
  // `head`, and what it views, live in `arena`.
  Exchange(Loop& loop, Arena& arena, const RequestHead& head, PeerRef peer, const RouteMatch& match,
           Responder& responder);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // ---- Facts, for everybody.
  Loop& loop() const { return loop_; }
  Arena& arena() const { return arena_; }
  const RequestHead& head() const { return head_; }
  const Peer& peer() const { return *peer_; }
  const Endpoint& endpoint() const { return endpoint_; }
  std::span<const PathParam> params() const { return params_; }
  std::string_view allow() const { return allow_; }
  uint64_t started_ns() const { return started_ns_; }
  // Absolute monotonic; 0 = none. Only ever shortened.
  uint64_t deadline_ns() const { return deadline_ns_; }
  void ShortenDeadline(uint64_t deadline_ns);
  // Who calls, as verified by a filter; null: nobody has verified it (yet).
  const Identity* caller() const { return caller_.get(); }
  void set_caller(IdentityRef caller) { caller_ = std::move(caller); }
  // Its name, else what the connection proves by itself (Peer::identity); empty: anonymous.
  std::string_view identity() const {
    return caller_ != nullptr ? std::string_view(caller_->name) : peer_->identity();
  }
  // Address of the client without port, behind trusted proxies their word for it.
  std::string_view client_address() const { return client_address_; }
  // Views live as long as the call; so for the next two.
  void set_client_address(std::string_view address) { client_address_ = address; }
  // Names the call in logs, traces, answers and `meshhost explain`; empty until a filter set it.
  std::string_view request_id() const { return request_id_; }
  void set_request_id(std::string_view id) { request_id_ = id; }
  Priority priority() const { return priority_; }
  void set_priority(Priority priority) { priority_ = priority; }
  TraceContext& trace() { return trace_; }
  // WebSocket: the subprotocol that was agreed on; else empty.
  std::string_view subprotocol() const { return subprotocol_; }
  void set_subprotocol(std::string_view name) { subprotocol_ = name; }
  // 0, or the first CancelReason.
  uint8_t cancelled() const { return cancelled_; }
  const Final& final() const { return final_; }

  // ---- Protocol side (Responder).
  // The codec finds that the head cannot be served. Before Start.
  void RefuseHead(const Outcome& outcome);
  // Runs the chain, then the handler; in place of the handler, the refusal of the head, so that
  // malformed requests are limited, counted and logged like all others. Once, when the head is
  // complete.
  void Start();
  // A complete message; only while the responder holds credits. Endpoints without a client stream
  // get exactly one, after the request has ended.
  void DeliverMessage(const Message& message);
  // The peer sent its last message. Only for endpoints with a client stream; once.
  void DeliverHalfClose();
  void DeliverWritable();
  // The host answers in place of the handler: deadline, message too large, malformed request. No
  // effect once the call is answered.
  void Abort(CancelReason reason, const Outcome& outcome);
  // Nothing more will be written or read. Once; may destroy the exchange and its responder.
  // `delivered`: the response left completely.
  void TransportDone(bool delivered);
  // As sent, for logs and metrics.
  void set_http_status(int status) { final_.http_status = status; }
  // The responder had to answer something else than it was given (answer over a limit).
  void set_sent_outcome(const Outcome& outcome) {
    final_.code = outcome.code;
    final_.reason = outcome.reason;
  }

  // ---- Handler side.
  // Delivers events from now on. Before the handler returns from OnCall.
  void SetReceiver(Receiver& receiver) { receiver_ = &receiver; }
  void Pull(uint32_t messages);
  // gRPC: initial metadata, status ignored; HTTP: status line and fields. At most once.
  Sent SendHeaders(int status, std::span<const Header> headers);
  Sent Send(const Message& message);
  Finished Finish(const Message* last, const Outcome& outcome);
  // Keeps the exchange and its arena alive beyond OnEnd; every Hold is paired with a Release.
  void Hold() { ++holds_; }
  void Release();

  // ---- Filters and runtime.
  // A field of the response head, whoever answers; in place of the handler's own of that name, but
  // "vary" beside it. Before the head is sent. Lower-case name; the views live as long as the call.
  void AddResponseField(std::string_view name, std::string_view value);
  // For responders: `own` with those fields, in the call's arena.
  std::span<const Header> WithResponseFields(std::span<const Header> own) const;
  // Records what a guard decided; the views live as long as the call.
  void Note(const Decision& decision);
  const Decision* decisions() const { return first_decision_; }
  // Continues a chain that a filter paused; from that filter only.
  void Resume();
  // The host (kDraining) or the module (kModuleRetired) goes away: handler and peer are told,
  // nothing is cut.
  void Drain(Reason why);

 private:
  void RunChain(size_t from);
  void EnterHandler();
  void CallHandler(const Message* first);
  // False when a filter refused the message; the call is aborted then.
  bool PassFilters(Direction direction, const Message& message);
  void Answer(const Message* last, const Outcome& outcome);
  void MaybeEnd();
  void* StateOf(const Chain::Link& link) { return filter_state_ + link.state_offset; }

  Loop& loop_;
  Arena& arena_;
  const RequestHead& head_;
  PeerRef peer_;
  const Endpoint& endpoint_;
  Responder& responder_;
  Receiver* receiver_ = nullptr;
  std::span<const PathParam> params_;
  std::string_view allow_;
  IdentityRef caller_;
  std::string_view client_address_;
  std::string_view request_id_;
  std::string_view subprotocol_;
  std::span<Header> response_fields_;  // as many as there is room for
  Decision* first_decision_ = nullptr;
  Decision* last_decision_ = nullptr;
  const Outcome* head_refusal_;
  uint8_t* filter_state_ = nullptr;
  uint64_t started_ns_;
  uint64_t deadline_ns_ = 0;
  TraceContext trace_;
  Final final_;
  uint32_t holds_ = 0;
  uint16_t links_started_ = 0;
  uint16_t response_field_count_ = 0;
  Priority priority_ = Priority::kNormal;
  uint8_t cancelled_ = 0;
  bool paused_ = false;
  bool handler_called_ = false;
  bool handler_active_ = false;  // OnCall was called, Finish was not
  bool headers_sent_ = false;
  bool answered_ = false;
  bool transport_done_ = false;
  bool ended_ = false;
};

}  // namespace meshhost
