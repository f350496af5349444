// SPDX-License-Identifier: Apache-2.0
#include "host/http/http2_session.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "host/http/http2_server.h"
#include "host/net/connection_stats.h"

namespace meshhost {
namespace {

constexpr int kReadsPerTurn = 4;   // of one read block each
constexpr int kRoundsPerTurn = 8;  // of one scratch each
constexpr size_t kMinHighMark = 16 * 1024;
constexpr size_t kFullMarkStreams = 16;
// Answers queued on one connection, in high marks, beyond which new streams are refused.
constexpr size_t kMaxQueuedMarks = 32;
constexpr std::array<uint8_t, 8> kDrainPing = {'m', 'e', 's', 'h', 'h', 'o', 's', 't'};

}  // namespace

Http2Session::Http2Session(Http2Server& server, ChannelRef channel, bool websocket)
    : server_(server),
      channel_(std::move(channel)),
      guard_(server.settings()),
      clock_(server.settings(), server.loop().now_ns()),
      timer_([](void* self) { static_cast<Http2Session*>(self)->OnTimer(); }, this),
      turn_end_(this, [](Task* task) { static_cast<TurnEnd*>(task)->owner->OnTurnEnd(); }) {
  channel_->SetEvents(this);
  MakeNative(websocket);
}

Http2Session::~Http2Session() {
  EndStreams();
  nghttp2_session_del(native_);
  channel_->SetEvents(nullptr);
  channel_->Close();
}

void Http2Session::MakeNative(bool websocket) {
  native_ = server_.NewNative(this, &table_page_);
  if (native_ == nullptr) {
    broken_ = true;
    return;
  }
  const HttpSettings& settings = server_.settings();
  const std::array<nghttp2_settings_entry, 7> entries = {{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, settings.h2_max_concurrent_streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings.h2_stream_window},
      {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, settings.h2_max_frame},
      {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, settings.h2_header_table},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(settings.header_bytes)},
      // No dependency tree: it is the costly half of RFC 7540 priorities, and nobody uses it.
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
      {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},
  }};
  Check(nghttp2_submit_settings(native_, NGHTTP2_FLAG_NONE, entries.data(),
                                websocket ? entries.size() : entries.size() - 1));
  Check(nghttp2_session_set_local_window_size(native_, NGHTTP2_FLAG_NONE, 0,
                                              static_cast<int32_t>(settings.h2_connection_window)));
}

// ---- Life.

void Http2Session::Start(std::span<const uint8_t> already_read) {
  in_turn_ = true;
  if (!broken_ && !already_read.empty()) Feed({already_read.data(), already_read.size(), nullptr});
  in_turn_ = false;
  Flush();
  AwaitInput();
}

void Http2Session::Drain() {
  if (draining_ || state_ != State::kServing) return;
  draining_ = true;
  // Two steps (RFC 9113 section 6.8): streams that are on their way when the notice leaves are
  // still served.
  Check(nghttp2_submit_shutdown_notice(native_));
  Check(nghttp2_submit_ping(native_, NGHTTP2_FLAG_NONE, kDrainPing.data()));
  clock_.OnDrainBegin(server_.loop().now_ns());
  Wake();
}

void Http2Session::FinalGoaway() {
  if (clock_.final_goaway()) return;
  clock_.OnFinalGoaway();
  Check(nghttp2_submit_goaway(native_, NGHTTP2_FLAG_NONE,
                              nghttp2_session_get_last_proc_stream_id(native_), NGHTTP2_NO_ERROR,
                              nullptr, 0));
  Wake();
}

void Http2Session::CloseNow() { Close(); }

void Http2Session::Terminate(uint32_t error_code, const char* why) {
  if (terminated_) return;
  terminated_ = true;
  Check(nghttp2_submit_goaway(native_, NGHTTP2_FLAG_NONE,
                              nghttp2_session_get_last_proc_stream_id(native_), error_code,
                              reinterpret_cast<const uint8_t*>(why), std::strlen(why)));
  Wake();
}

void Http2Session::Judge(bool acceptable) {
  if (acceptable) {
    if (guard_.suspicious()) Drain();
    return;
  }
  if (!terminated_) Bump(server_.counters().abused);
  Terminate(NGHTTP2_ENHANCE_YOUR_CALM, guard_.why());
}

void Http2Session::EndStreams() {
  while (!streams_.empty()) Release(streams_.front(), CloseCause::kLost);
}

// Closing at once could reset the connection and take the last frames with it.
void Http2Session::Linger() {
  state_ = State::kLingering;
  EndStreams();
  nghttp2_session_del(native_);
  native_ = nullptr;
  channel_->ShutdownWrite();
  clock_.OnLinger(server_.loop().now_ns());
  KeepTimer();
  AwaitInput();
}

void Http2Session::Close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  EndStreams();
  nghttp2_session_del(native_);
  native_ = nullptr;
  timer_.Disarm();
  channel_->Close();
  Schedule();
}

void Http2Session::Schedule() {
  if (scheduled_) return;
  scheduled_ = true;
  server_.loop().AtTurnEnd(turn_end_);
}

void Http2Session::OnTurnEnd() {
  scheduled_ = false;
  if (state_ == State::kClosed) return server_.Remove(*this);
  if (read_more_) {
    read_more_ = false;
    return OnReadable();
  }
  Flush();
}

// ---- Input.

void Http2Session::OnReadable() {
  reading_ = false;
  if (state_ == State::kLingering) return DiscardInput();
  if (state_ != State::kServing) return;
  in_turn_ = true;
  clock_.OnRead(server_.loop().now_ns());
  bool lost = false;
  for (int i = 0; i < kReadsPerTurn; ++i) {
    Block& block = server_.read_block();
    const IoResult result = channel_->Read({block.data(), block.capacity()});
    lost = result.kind == IoResult::Kind::kEnd || result.kind == IoResult::Kind::kError;
    if (result.kind != IoResult::Kind::kBytes) break;
    Feed({block.data(), result.n, block.owner()});
    if (result.n < block.capacity() && !channel_->HasPendingInput()) break;
  }
  in_turn_ = false;
  if (lost) return Close();
  Flush();
  AwaitInput();
}

void Http2Session::Feed(const Slice& bytes) {
  if (terminated_) return;
  input_owner_ = bytes.owner;
  const ssize_t fed = nghttp2_session_mem_recv(native_, bytes.p, bytes.n);
  input_owner_ = nullptr;
  if (fed >= 0 || terminated_) return;
  if (fed == NGHTTP2_ERR_FLOODED) {
    Bump(server_.counters().abused);
    return Terminate(NGHTTP2_ENHANCE_YOUR_CALM, "too_many_control_frames");
  }
  broken_ = true;  // not HTTP/2, or out of memory
}

// A peer that does not read what is ready for it is not asked for more work.
bool Http2Session::Throttled() const {
  const HttpSettings& settings = server_.settings();
  return output_.blocked() && (queued_bytes_ > settings.connection_buffer ||
                               nghttp2_session_get_outbound_queue_size(native_) >
                                   settings.h2_max_queued_control_frames / 2);
}

void Http2Session::AwaitInput() {
  if (reading_ || state_ == State::kClosed) return;
  if (state_ == State::kServing && Throttled()) return;
  if (channel_->HasPendingInput()) {
    read_more_ = true;
    return Schedule();
  }
  reading_ = true;
  channel_->AwaitReadable();
}

void Http2Session::DiscardInput() {
  Block& block = server_.read_block();
  for (int i = 0; i < kReadsPerTurn; ++i) {
    const IoResult result = channel_->Read({block.data(), block.capacity()});
    if (result.kind == IoResult::Kind::kWouldBlock) break;
    if (result.kind != IoResult::Kind::kBytes) return Close();
  }
  AwaitInput();
}

// ---- Output.

void Http2Session::OnWritable() {
  writing_ = false;
  if (state_ != State::kServing) return;
  Flush();
  AwaitInput();
}

void Http2Session::Flush() {
  if (state_ != State::kServing) return;
  in_turn_ = true;
  Round round = Round::kAgain;
  for (int i = 0; i < kRoundsPerTurn && round == Round::kAgain; ++i) round = FlushRound();
  in_turn_ = false;
  if (round == Round::kLost) return Close();
  if (round == Round::kIdle && terminated_) return Linger();
  if (round == Round::kAgain) Schedule();
  if (round == Round::kBlocked && !writing_) {
    writing_ = true;
    channel_->AwaitWritable();
  }
  Settle();
}

Http2Session::Round Http2Session::FlushRound() {
  SubmitStoredHeads();
  if (consumed_ > 0) {
    Check(nghttp2_session_consume_connection(native_, std::exchange(consumed_, 0)));
  }
  if (broken_) return Round::kLost;
  Http2Output::Result result = output_.Resume(*channel_);
  if (result == Http2Output::Result::kLost) return Round::kLost;
  if (result == Http2Output::Result::kBlocked) return Round::kBlocked;
  if (!Serialize()) return Round::kLost;
  Http2Scratch& scratch = server_.scratch();
  const bool full = scratch.full();
  if (!scratch.empty()) {
    wrote_ = true;
    result = output_.Write(*channel_, scratch);
    if (result == Http2Output::Result::kLost) return Round::kLost;
  }
  const bool notified = NotifyWritable();
  if (result == Http2Output::Result::kBlocked) return Round::kBlocked;
  return full || notified ? Round::kAgain : Round::kIdle;
}

void Http2Session::SubmitStoredHeads() {
  while (!stored_heads_.empty()) stored_heads_.front().SubmitHead(true);
}

bool Http2Session::Serialize() {
  Http2Scratch& scratch = server_.scratch();
  while (!scratch.full()) {
    const uint8_t* bytes = nullptr;
    const ssize_t n = nghttp2_session_mem_send(native_, &bytes);
    if (n < 0) {
      scratch.Clear();
      return false;
    }
    if (n == 0) break;
    scratch.Append(bytes, static_cast<size_t>(n));
  }
  return true;
}

bool Http2Session::NotifyWritable() {
  const bool any = !writable_.empty();
  while (!writable_.empty()) {
    Http2Stream& stream = writable_.front();
    writable_.pop_front();
    if (stream.sink_ != nullptr) stream.sink_->OnWritable();
  }
  return any;
}

// What follows from a flush: the end of the connection, or when to look at it again.
void Http2Session::Settle() {
  if (!output_.blocked() && nghttp2_session_want_read(native_) == 0 &&
      nghttp2_session_want_write(native_) == 0) {
    return Linger();
  }
  // A stream may wait for its window as long as its handler likes; a complete answer may not.
  const bool pending = output_.blocked() || owed_ > 0;
  clock_.OnFlushed(pending, std::exchange(wrote_, false), server_.loop().now_ns());
  clock_.OnStreams(!streams_.empty());
  KeepTimer();
}

size_t Http2Session::StreamHighMark() const {
  const size_t full = server_.settings().connection_buffer;
  if (streams_.size() <= kFullMarkStreams) return full;
  return std::min(full, std::max(kMinHighMark, full * kFullMarkStreams / streams_.size()));
}

// ---- Time.

void Http2Session::KeepTimer() {
  const Http2Clock::Due due = clock_.Next();
  if (due.at_ns == UINT64_MAX || (timer_.armed() && timer_.when_ns() <= due.at_ns)) return;
  server_.loop().timers().Arm(timer_, due.at_ns);
}

void Http2Session::OnTimer() {
  const uint64_t now_ns = server_.loop().now_ns();
  for (;;) {
    const Http2Clock::Due due = clock_.Next();
    if (due.at_ns > now_ns) break;
    Act(due.action);
    if (state_ == State::kClosed) return;
  }
  KeepTimer();
}

void Http2Session::Act(Http2Clock::Action action) {
  switch (action) {
    case Http2Clock::Action::kHeaderTimeout:
      clock_.OnHeaderEnd();
      Bump(server_.counters().timed_out);
      return Terminate(NGHTTP2_NO_ERROR, "header_timeout");
    case Http2Clock::Action::kWriteTimeout:
    case Http2Clock::Action::kPingTimeout:
      Bump(server_.counters().timed_out);
      return Close();
    case Http2Clock::Action::kSendPing:
      Check(nghttp2_submit_ping(native_, NGHTTP2_FLAG_NONE, nullptr));
      clock_.OnPingSent(server_.loop().now_ns());
      return Wake();
    case Http2Clock::Action::kIdle:
    case Http2Clock::Action::kMaxAge:
      return Drain();
    case Http2Clock::Action::kTrim:
      clock_.OnTrim();
      return Http2Memory::Trim(table_page_);
    case Http2Clock::Action::kFinalGoaway:
      return FinalGoaway();
    case Http2Clock::Action::kLingerOver:
      return Close();
  }
}

// ---- What nghttp2 reports.

Http2Stream* Http2Session::Find(int32_t stream_id) {
  return static_cast<Http2Stream*>(nghttp2_session_get_stream_user_data(native_, stream_id));
}

bool Http2Session::OnFrameBegin(const nghttp2_frame_hd& frame) {
  if (!guard_.OnFrame(frame, server_.loop().now_ns())) Judge(false);
  return !terminated_;  // whatever follows the offence is not looked at
}

bool Http2Session::OnHeadersBegin(const nghttp2_frame& frame) {
  clock_.OnHeaderBegin(server_.loop().now_ns());
  if (frame.headers.cat != NGHTTP2_HCAT_REQUEST) {
    header_stream_ = Find(frame.hd.stream_id);
    if (header_stream_ != nullptr) header_stream_->head_collector_.Begin(*header_stream_->arena_);
    return true;
  }
  guard_.OnStreamOpened();
  Http2Stream* stream = server_.TakeStream();
  stream->Start(*this, frame.hd.stream_id, server_.loop().arenas().Take(), server_.loop().now_ns());
  streams_.push_back(*stream);
  header_stream_ = stream;
  return nghttp2_session_set_stream_user_data(native_, frame.hd.stream_id, stream) == 0;
}

void Http2Session::OnHeader(const nghttp2_frame&, nghttp2_rcbuf* name, nghttp2_rcbuf* value) {
  if (header_stream_ == nullptr) return;
  Http2Head& head = header_stream_->head_collector_;
  if (head.Add(name, value, server_.settings())) return;
  // Much more than allowed: a block that decompresses to many times its size.
  if (head.bytes() > server_.settings().header_bytes * 4) Judge(guard_.OnGlitch(2));
}

void Http2Session::OnFrame(const nghttp2_frame& frame) {
  Http2Stream* stream = nullptr;
  switch (frame.hd.type) {
    case NGHTTP2_HEADERS:
      clock_.OnHeaderEnd();
      stream = std::exchange(header_stream_, nullptr);
      if (stream == nullptr) return;
      stream->request_ended_ = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
      if (frame.headers.cat == NGHTTP2_HCAT_REQUEST) return OpenStream(*stream);
      return EndRequest(*stream, stream->head_collector_.fields());
    case NGHTTP2_DATA:
      if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return;
      stream = Find(frame.hd.stream_id);
      if (stream == nullptr) return;
      stream->request_ended_ = true;
      return EndRequest(*stream, {});
    case NGHTTP2_RST_STREAM:
      stream = Find(frame.hd.stream_id);
      if (stream == nullptr || stream->ended_) return;
      Bump(server_.counters().peer_resets);
      return Judge(guard_.OnPrematureReset(server_.loop().now_ns() - stream->opened_ns_));
    case NGHTTP2_SETTINGS:
      return clock_.OnHeaderEnd();
    case NGHTTP2_PING:
      if ((frame.hd.flags & NGHTTP2_FLAG_ACK) == 0) {
        return Judge(guard_.OnPing(server_.loop().now_ns()));
      }
      if (draining_ && std::memcmp(frame.ping.opaque_data, kDrainPing.data(), 8) == 0) {
        FinalGoaway();
      }
      return;
    default:
      return;
  }
}

void Http2Session::OpenStream(Http2Stream& stream) {
  Bump(server_.counters().requests);
  auto* head = stream.arena_->New<RequestHead>();
  const Outcome refusal = stream.head_collector_.Build(head, server_.settings());
  const bool refused = refusal.reason != Reason::kNone;
  if (refused) head->refusal = stream.arena_->New<Outcome>(refusal);
  if (queued_bytes_ > server_.settings().connection_buffer * kMaxQueuedMarks) {
    Bump(server_.counters().refused);
    return stream.Reset(ResetReason::kRefused);
  }
  stream.is_head_request_ = head->method == "HEAD";
  stream.sink_ = server_.dispatcher().Open(stream, stream.arena_, *head, channel_->peer());
  if (stream.request_ended_) EndRequest(stream, {});
  if (!refused) return;
  Bump(server_.counters().refused);
  Judge(guard_.OnGlitch(1));
}

std::string_view Http2Session::Date() { return server_.Date(); }

void Http2Session::EndRequest(Http2Stream& stream, std::span<const Header> trailers) {
  if (stream.sink_ != nullptr) stream.sink_->OnBodyEnd(trailers);
}

void Http2Session::OnInvalidFrame() { Judge(guard_.OnGlitch(1)); }

void Http2Session::OnData(int32_t stream_id, std::span<const uint8_t> bytes) {
  if (data_stream_ == nullptr || data_stream_->id_ != stream_id) data_stream_ = Find(stream_id);
  if (data_stream_ == nullptr) {
    consumed_ += bytes.size();
    return;
  }
  Http2Stream& stream = *data_stream_;
  stream.unconsumed_ += bytes.size();
  if (stream.sink_ == nullptr || stream.aborted_) return stream.Consume(bytes.size());
  stream.sink_->OnBody({bytes.data(), bytes.size(), input_owner_});
}

void Http2Session::OnConsumed(int32_t stream_id, size_t n) {
  if (native_ == nullptr || n == 0) return;
  consumed_ += n;
  if (stream_id != 0) Check(nghttp2_session_consume_stream(native_, stream_id, n));
  Wake();
}

void Http2Session::OnFrameSent(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_RST_STREAM) {
    // A reset that the peer provoked costs as much as one that it sends.
    Http2Stream* stream = Find(frame.hd.stream_id);
    if (stream == nullptr || stream->aborted_ || stream->ended_) return;
    return Judge(guard_.OnPrematureReset(server_.loop().now_ns() - stream->opened_ns_));
  }
  if (frame.hd.type != NGHTTP2_HEADERS && frame.hd.type != NGHTTP2_DATA) return;
  guard_.OnAnswerFrame();
  if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return;
  Http2Stream* stream = Find(frame.hd.stream_id);
  if (stream == nullptr || stream->request_ended_) return;
  // The answer is complete and the rest of the request is not wanted (RFC 9113 section 8.1).
  Check(
      nghttp2_submit_rst_stream(native_, NGHTTP2_FLAG_NONE, frame.hd.stream_id, NGHTTP2_NO_ERROR));
}

bool Http2Session::OnSendData(const uint8_t* frame_head, size_t length, Http2Stream& stream) {
  constexpr size_t kFrameHead = 9;
  Http2Scratch& scratch = server_.scratch();
  uint8_t* space = scratch.Append(kFrameHead + length);
  std::memcpy(space, frame_head, kFrameHead);
  stream.TakeBody(space + kFrameHead, length);
  return !scratch.full();
}

void Http2Session::OnStreamClosed(int32_t stream_id) {
  Http2Stream* stream = Find(stream_id);
  if (stream == nullptr) return;
  if (stream->aborted_) return Release(*stream, CloseCause::kAborted);
  const bool complete = nghttp2_session_get_stream_local_close(native_, stream_id) == 1;
  Release(*stream, complete ? CloseCause::kCompleted : CloseCause::kReset);
}

void Http2Session::Release(Http2Stream& stream, CloseCause cause) {
  streams_.erase(streams_.iterator_to(stream));
  if (data_stream_ == &stream) data_stream_ = nullptr;
  if (header_stream_ == &stream) header_stream_ = nullptr;
  if (stream.sink_ != nullptr) {
    stream.sink_->OnClosed(cause);
  } else {
    server_.loop().arenas().Give(stream.arena_);
  }
  consumed_ += stream.unconsumed_;
  stream.DropBody();
  server_.GiveStream(&stream);
}

}  // namespace meshhost
