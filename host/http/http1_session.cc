// SPDX-License-Identifier: Apache-2.0
#include "host/http/http1_session.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace meshhost {
namespace {

// Blocks that one connection may read before others have their turn.
constexpr int kTurnRounds = 8;
// Answers that wait for one write.
constexpr size_t kMaxAnswered = 64;
constexpr size_t kLingerBytes = 4 * 1024 * 1024;
constexpr uint64_t kLingerNs = 2'000'000'000;

void Bump(std::atomic<uint64_t>& counter) {
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace

Http1Session::Http1Session(Http1Server& server, ChannelRef channel)
    : Task(&RunTurn),
      server_(server),
      channel_(std::move(channel)),
      out_(server.write_blocks_),
      input_timer_([](void* self) { static_cast<Http1Session*>(self)->OnInputDeadline(); }, this),
      output_timer_([](void* self) { static_cast<Http1Session*>(self)->OnOutputDeadline(); },
                    this) {
  ++server_.open_;
}

Http1Session::~Http1Session() = default;

void Http1Session::Start(std::span<const uint8_t> already_read) {
  channel_->SetEvents(this);
  pending_.assign(reinterpret_cast<const char*>(already_read.data()), already_read.size());
  SetInputDeadline(server_.settings_.header_read_ns);
  Turn(true);
}

// What has arrived already is served: its sender could not know.
void Http1Session::Drain() {
  if (phase_ != Phase::kHead || arena_ != nullptr || Blocked()) return;
  in_turn_ = true;
  ReadOnce();
  in_turn_ = false;
  if (phase_ == Phase::kHead && arena_ == nullptr && pending_.empty()) phase_ = Phase::kFlush;
  Turn(false);
}

void Http1Session::OnReadable() {
  awaiting_read_ = false;
  Turn(true);
}

void Http1Session::OnWritable() {
  awaiting_write_ = false;
  Turn(false);
}

void Http1Session::RunTurn(Task* task) {
  auto* self = static_cast<Http1Session*>(task);
  self->scheduled_ = false;
  if (self->phase_ == Phase::kClosed) {
    delete self;
    return;
  }
  self->Turn(false);
}

void Http1Session::Schedule() {
  if (scheduled_) return;
  scheduled_ = true;
  server_.loop_.AtTurnEnd(*this);
}

void Http1Session::Turn(bool readable) {
  if (phase_ == Phase::kClosed) return;
  in_turn_ = true;
  bool more = std::exchange(read_again_, false) || readable;
  Settle();
  int rounds = 0;
  for (bool again = true; again && rounds < kTurnRounds; ++rounds) {
    again = ProcessPending();
    if (!again && more && WantsInput() && !awaiting_read_) again = more = ReadOnce();
    Flush();
    again = again && phase_ != Phase::kClosed;
  }
  in_turn_ = false;
  if (phase_ == Phase::kClosed) return;
  read_again_ = rounds == kTurnRounds && more;
  Await();
}

void Http1Session::Await() {
  if (CanProcessPending()) return Schedule();
  if (awaiting_read_ || !WantsInput()) return;
  // Bytes that are decrypted already signal no readiness.
  if (read_again_ || channel_->HasPendingInput()) {
    read_again_ = true;
    return Schedule();
  }
  awaiting_read_ = true;
  channel_->AwaitReadable();
}

// False: nothing more to read now.
bool Http1Session::ReadOnce() {
  Block& block = server_.read_block_();
  const size_t kept = pending_.size();
  std::memcpy(block.data(), pending_.data(), kept);
  const size_t room = block.capacity() - kept;
  const IoResult result = channel_->Read({block.data() + kept, room});
  switch (result.kind) {
    case IoResult::Kind::kWouldBlock:
      return false;
    case IoResult::Kind::kEnd:
      OnPeerEnd();
      return false;
    case IoResult::Kind::kError:
      Lose(CloseCause::kLost);
      return false;
    case IoResult::Kind::kBytes:
      break;
  }
  ProcessAndKeep({block.data(), kept + result.n, block.owner()});
  return result.n == room || (phase_ != Phase::kClosed && channel_->HasPendingInput());
}

// False: there is nothing, or it has to wait.
bool Http1Session::ProcessPending() {
  if (!CanProcessPending()) return false;
  Block& block = server_.read_block_();
  const size_t n = pending_.size();
  std::memcpy(block.data(), pending_.data(), n);
  ProcessAndKeep({block.data(), n, block.owner()});
  return pending_.size() < n;
}

void Http1Session::ProcessAndKeep(const Slice& bytes) {
  const size_t used = Process(bytes);
  if (phase_ == Phase::kClosed) return;
  const size_t left = bytes.n - used;
  pending_partial_ = starved_;
  if (left > 0) {
    pending_.assign(reinterpret_cast<const char*>(bytes.p) + used, left);
  } else if (!pending_.empty()) {
    std::string().swap(pending_);
  }
}

bool Http1Session::CanProcessPending() const {
  return !pending_.empty() && !pending_partial_ && !Blocked();
}

// Input waits for the answer, the sink or the peer's reading, not for more bytes.
bool Http1Session::Blocked() const {
  switch (phase_) {
    case Phase::kHead:
      return answered_.size() >= kMaxAnswered || out_.size() >= high_mark();
    case Phase::kRequest:
      return body_done_ || unconsumed_ >= high_mark();
    case Phase::kTunnel:
      return unconsumed_ >= high_mark();
    case Phase::kFlush:
      return true;
    case Phase::kDrain:
    case Phase::kLinger:
    case Phase::kClosed:
      return false;
  }
  return true;
}

bool Http1Session::WantsInput() const {
  if (peer_ended_) return false;
  // While an answer is awaited, reading is how a peer that leaves is noticed.
  if (phase_ == Phase::kRequest && body_done_) return pending_.empty();
  return !Blocked();
}

size_t Http1Session::Process(const Slice& bytes) {
  size_t used = 0;
  starved_ = false;
  while (phase_ != Phase::kClosed && !Blocked() && !starved_) {
    const Slice rest = {bytes.p + used, bytes.n - used, bytes.owner};
    switch (phase_) {
      case Phase::kRequest:
      case Phase::kDrain:
        used += TakeBody(rest);
        break;
      case Phase::kHead:
        if (rest.n == 0) return used;
        used += TakeHead(rest);
        break;
      case Phase::kTunnel:
        if (rest.n == 0) return used;
        used += TakeTunnel(rest);
        break;
      default:
        discarded_ += rest.n;
        if (discarded_ > kLingerBytes) Kill();
        return bytes.n;
    }
    Settle();
  }
  return used;
}

size_t Http1Session::TakeHead(const Slice& bytes) {
  std::string_view text = ToView(bytes);
  if (!parser_) {
    // RFC 9112 section 2.2: an empty line before the request line is skipped.
    if (text.starts_with("\r\n")) return 2;
    starved_ = text == "\r";
    if (starved_) return 0;
    arena_ = server_.loop_.arenas().Take();
    parser_.emplace(*arena_, server_.settings_, channel_->peer()->tls ? "https" : "http");
    SetInputDeadline(server_.settings_.header_read_ns);
  }
  const Http1Parser::Step step = parser_->Parse(text);
  starved_ = step.event == Http1Parser::Event::kNeedMore;
  if (step.event == Http1Parser::Event::kBad) DispatchRefused(parser_->refusal());
  if (step.event == Http1Parser::Event::kHead) Dispatch();
  return step.consumed;
}

// What follows such a head cannot be told from its body, so nothing more is read as a request.
void Http1Session::DispatchRefused(const Outcome& outcome) {
  Bump(server_.counters_.refused);
  parser_->RefuseHead(outcome);
  Dispatch();
  body_done_ = true;
}

void Http1Session::Dispatch() {
  SetInputDeadline(0);
  Bump(server_.counters_.requests);
  ++requests_;
  const RequestHead& head = parser_->head();
  phase_ = Phase::kRequest;
  head_request_ = head.method == "HEAD";
  http10_ = head.version == HttpVersion::kHttp1_0;
  keep_alive_ = head.refusal == nullptr && parser_->keep_alive() &&
                requests_ < server_.settings_.requests_per_connection;
  continue_owed_ = head.refusal == nullptr && parser_->expects_continue();
  body_done_ = false;
  response_started_ = false;
  response_ended_ = false;
  upgraded_ = false;
  unconsumed_ = 0;
  discarded_ = 0;
  above_high_ = false;
  sink_ = server_.dispatcher_.Open(*this, std::exchange(arena_, nullptr), head, channel_->peer());
}

Slice Http1Session::Part(const Slice& bytes, std::string_view part) const {
  return {reinterpret_cast<const uint8_t*>(part.data()), part.size(), bytes.owner};
}

size_t Http1Session::TakeBody(const Slice& bytes) {
  const Http1Parser::Step step = parser_->Parse(ToView(bytes));
  const bool open = phase_ == Phase::kRequest;
  switch (step.event) {
    case Http1Parser::Event::kBody:
      continue_owed_ = false;
      if (open) {
        unconsumed_ += parser_->body().size();
        sink_->OnBody(Part(bytes, parser_->body()));
        break;
      }
      discarded_ += parser_->body().size();
      if (discarded_ > kDrainBytes) phase_ = Phase::kFlush;
      break;
    case Http1Parser::Event::kEnd:
      body_done_ = true;
      if (open) {
        sink_->OnBodyEnd(parser_->trailers());
      } else {
        FinishRequest();
      }
      break;
    case Http1Parser::Event::kBad:
      RefuseBody(parser_->refusal());
      break;
    case Http1Parser::Event::kHead:
    case Http1Parser::Event::kNeedMore:
      starved_ = true;
      break;
  }
  return step.consumed;
}

size_t Http1Session::TakeTunnel(const Slice& bytes) {
  unconsumed_ += bytes.n;
  sink_->OnBody(bytes);
  return bytes.n;
}

void Http1Session::OnPeerEnd() {
  peer_ended_ = true;
  switch (phase_) {
    case Phase::kHead:
    case Phase::kDrain:
      // Answers may still be on their way to a peer that only closed its side.
      phase_ = Phase::kFlush;
      break;
    case Phase::kTunnel:
      sink_->OnBodyEnd({});
      Settle();
      break;
    case Phase::kRequest:
      // A peer that closes while it is owed an answer has gone: calls should not run for nobody.
      Lose(CloseCause::kLost);
      break;
    case Phase::kLinger:
      Kill();
      break;
    case Phase::kFlush:
    case Phase::kClosed:
      break;
  }
}

// Does what the sink asked for in its last call.
void Http1Session::Settle() {
  if (phase_ != Phase::kRequest && phase_ != Phase::kTunnel) return;
  if (reset_) return Lose(CloseCause::kAborted);
  if (phase_ == Phase::kRequest && upgraded_ && body_done_) phase_ = Phase::kTunnel;
  if (!response_ended_) return;
  answered_.push_back({std::exchange(sink_, nullptr), written_ + out_.size()});
  if (phase_ == Phase::kTunnel || !keep_alive_) {
    phase_ = Phase::kFlush;
  } else if (body_done_) {
    FinishRequest();
  } else {
    phase_ = Phase::kDrain;
    SetInputDeadline(server_.settings_.body_idle_ns);
  }
}

// The request is read and answered; on to the next.
void Http1Session::FinishRequest() {
  parser_.reset();
  phase_ = Phase::kHead;
  SetInputDeadline(server_.settings_.http1_idle_ns);
  if (server_.closes_idle_) phase_ = Phase::kFlush;
}

// Where the next request begins is not known any more, so this one is the last.
void Http1Session::RefuseBody(const Outcome& outcome) {
  Bump(server_.counters_.refused);
  keep_alive_ = false;
  body_done_ = true;
  if (phase_ == Phase::kRequest) return sink_->OnBodyRefused(outcome);
  DropRequest();
  phase_ = Phase::kFlush;
}

void Http1Session::DropRequest() {
  if (arena_ != nullptr) server_.loop_.arenas().Give(std::exchange(arena_, nullptr));
}

// Everything is written and nothing more will be: say so, and close once the peer has read it.
void Http1Session::Finish() {
  const bool unread = (parser_ && !parser_->complete()) || !pending_.empty();
  if (!unread || peer_ended_) return Lose(CloseCause::kLost);
  channel_->ShutdownWrite();
  phase_ = Phase::kLinger;
  discarded_ = 0;
  std::string().swap(pending_);
  SetInputDeadline(kLingerNs);
}

void Http1Session::Lose(CloseCause cause) {
  phase_ = Phase::kClosed;
  --server_.open_;
  input_timer_.Disarm();
  output_timer_.Disarm();
  channel_->Close();
  DropRequest();
  for (const Answered& answered : std::exchange(answered_, {})) {
    answered.sink->OnClosed(CloseCause::kLost);
  }
  if (sink_ != nullptr) std::exchange(sink_, nullptr)->OnClosed(cause);
  Schedule();
}

void Http1Session::Kill() {
  if (phase_ != Phase::kClosed) Lose(CloseCause::kLost);
}

void Http1Session::SetInputDeadline(uint64_t in_ns) {
  input_deadline_ns_ = in_ns == 0 ? 0 : server_.loop_.now_ns() + in_ns;
  if (in_ns == 0 || (input_timer_.armed() && input_timer_.when_ns() <= input_deadline_ns_)) return;
  server_.loop_.timers().Arm(input_timer_, input_deadline_ns_);
}

void Http1Session::OnInputDeadline() {
  if (input_deadline_ns_ == 0) return;
  if (server_.loop_.now_ns() < input_deadline_ns_) {
    return server_.loop_.timers().Arm(input_timer_, input_deadline_ns_);
  }
  if (phase_ == Phase::kHead && arena_ != nullptr) {
    DispatchRefused(Refusal(Reason::kHeaderTimeout));
    return Turn(false);
  }
  Bump(server_.counters_.timed_out);
  if (phase_ != Phase::kHead) return Kill();
  phase_ = Phase::kFlush;
  Turn(false);
}

// Counts from now: called when the peer has just taken bytes, or the first time that it took none.
void Http1Session::SetOutputDeadline() {
  const uint64_t limit = server_.settings_.write_idle_ns;
  if (limit == 0) return;
  output_deadline_ns_ = server_.loop_.now_ns() + limit;
  if (!output_timer_.armed()) server_.loop_.timers().Arm(output_timer_, output_deadline_ns_);
}

void Http1Session::OnOutputDeadline() {
  if (out_.empty()) return;
  if (server_.loop_.now_ns() < output_deadline_ns_) {
    return server_.loop_.timers().Arm(output_timer_, output_deadline_ns_);
  }
  Bump(server_.counters_.timed_out);
  channel_->Abort();
  Kill();
}

}  // namespace meshhost
