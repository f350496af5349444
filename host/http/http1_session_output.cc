// SPDX-License-Identifier: Apache-2.0
//
// The writing half of Http1Session: how a response becomes bytes, and how they leave.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

#include "host/call/outcome.h"
#include "host/http/http1_session.h"

namespace meshhost {
namespace {

constexpr size_t kMaxPieces = 32;
// Status line, Date, framing and Connection fields.
constexpr size_t kOwnHeadBytes = 256;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

char* Put(char* at, std::string_view text) {
  if (!text.empty()) std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

char* PutField(char* at, std::string_view name, std::string_view value) {
  return Put(Put(Put(Put(at, name), ": "), value), "\r\n");
}

size_t FieldBytes(std::span<const Header> headers) {
  size_t bytes = 0;
  for (const Header& header : headers) bytes += header.name.size() + header.value.size() + 4;
  return bytes;
}

size_t TotalSize(std::span<const Slice> pieces) {
  size_t total = 0;
  for (const Slice& piece : pieces) total += piece.n;
  return total;
}

}  // namespace

void Http1Session::SendHead(int status, std::span<const Header> headers, int64_t content_length) {
  if (response_started_) return;
  response_started_ = true;
  upgraded_ = status == 101;
  ChooseFraming(status, content_length);
  FormatHead(status, headers, content_length);
  if (out_.size() >= high_mark()) above_high_ = true;
  if (!in_turn_) Schedule();
}

void Http1Session::ChooseFraming(int status, int64_t content_length) {
  bodyless_ = head_request_ || status == 204 || status == 304;
  chunked_ = content_length < 0 && !bodyless_ && !http10_ && !upgraded_;
  body_left_ = bodyless_ ? -1 : content_length;
  if (server_.draining_) keep_alive_ = false;
  if (http10_ && content_length < 0 && !bodyless_) keep_alive_ = false;
  // The peer that waits for "100 Continue" may send its body or not: nobody could tell it from the
  // next request. And what is too much to discard is not worth waiting for.
  const bool body_open = keep_alive_ && !parser_->complete();
  if (body_open && (continue_owed_ || parser_->remaining() > kDrainBytes)) keep_alive_ = false;
}

void Http1Session::FormatHead(int status, std::span<const Header> headers, int64_t content_length) {
  char* const begin = out_.Reserve(kOwnHeadBytes + FieldBytes(headers));
  char* at = Put(begin, "HTTP/1.1 ");
  at = std::to_chars(at, at + 3, status).ptr;
  at = Put(Put(Put(at, " "), ReasonPhrase(status)), "\r\n");
  for (const Header& header : headers) at = PutField(at, header.name, header.value);
  if (!upgraded_) at = FormatFraming(at, status, content_length);
  at = Put(at, "\r\n");
  out_.Commit(static_cast<size_t>(at - begin));
}

char* Http1Session::FormatFraming(char* at, int status, int64_t content_length) {
  at = PutField(at, "date", server_.date_.Now());
  if (content_length >= 0 && status != 204) {
    at = Put(at, "content-length: ");
    at = Put(std::to_chars(at, at + 20, content_length).ptr, "\r\n");
  } else if (chunked_) {
    at = Put(at, "transfer-encoding: chunked\r\n");
  }
  if (status == 426) return PutField(at, "connection", keep_alive_ ? "upgrade" : "upgrade, close");
  if (!keep_alive_) return Put(at, "connection: close\r\n");
  return http10_ ? Put(at, "connection: keep-alive\r\n") : at;
}

void Http1Session::SendBody(std::span<const Slice> pieces) {
  const size_t total = TotalSize(pieces);
  if (total == 0 || bodyless_ || response_ended_ || reset_) return;
  // A body that is longer than was said would become the next response.
  if (body_left_ >= 0 && total > static_cast<uint64_t>(body_left_))
    return Reset(ResetReason::kInternal);
  if (body_left_ >= 0) body_left_ -= static_cast<int64_t>(total);
  if (chunked_) {
    char* const begin = out_.Reserve(18);
    char* const end = std::to_chars(begin, begin + 16, total, 16).ptr;
    out_.Commit(static_cast<size_t>(Put(end, "\r\n") - begin));
  }
  for (const Slice& piece : pieces) out_.Append(piece);
  if (chunked_) out_.Append("\r\n");
  if (out_.size() >= high_mark()) above_high_ = true;
  if (!in_turn_) Schedule();
}

void Http1Session::End(std::span<const Header> trailers) {
  if (response_ended_) return;
  response_ended_ = true;
  if (chunked_) {
    char* const begin = out_.Reserve(8 + FieldBytes(trailers));
    char* at = Put(begin, "0\r\n");
    for (const Header& trailer : trailers) at = PutField(at, trailer.name, trailer.value);
    out_.Commit(static_cast<size_t>(Put(at, "\r\n") - begin));
  }
  // A body that is shorter than was said cannot be mended.
  if (!response_started_ || body_left_ > 0) reset_ = true;
  if (!in_turn_) Schedule();
}

void Http1Session::Reset(ResetReason) {
  reset_ = true;
  if (!in_turn_) Schedule();
}

void Http1Session::Consume(size_t n) {
  if (n == 0 && continue_owed_ && !response_started_) {
    continue_owed_ = false;
    out_.Append(kContinue);
  }
  unconsumed_ -= std::min(n, unconsumed_);
  if (!in_turn_) Schedule();
}

void Http1Session::Flush() {
  while (phase_ != Phase::kClosed) {
    if (!out_.empty() && !awaiting_write_) Write();
    if (phase_ == Phase::kClosed) return;
    TellAnswered();
    if (!TellWritable()) break;
  }
  if (phase_ == Phase::kFlush && out_.empty()) Finish();
}

void Http1Session::Write() {
  while (!out_.empty()) {
    std::array<iovec, kMaxPieces> pieces;
    const size_t n = out_.Gather(pieces);
    const IoResult result = channel_->Write({pieces.data(), n});
    if (result.kind == IoResult::Kind::kBytes) {
      written_ += result.n;
      out_.Pop(result.n);
      continue;
    }
    if (result.kind != IoResult::Kind::kWouldBlock) return Lose(CloseCause::kLost);
    awaiting_write_ = true;
    channel_->AwaitWritable();
    return SetOutputDeadline();
  }
}

void Http1Session::TellAnswered() {
  while (!answered_.empty() && answered_.front().end <= written_) {
    StreamSink* const sink = answered_.front().sink;
    answered_.erase(answered_.begin());
    sink->OnClosed(CloseCause::kCompleted);
  }
}

// True when the sink has queued more, which should be written at once.
bool Http1Session::TellWritable() {
  if (!above_high_ || sink_ == nullptr || out_.size() > high_mark() / 2) return false;
  above_high_ = false;
  sink_->OnWritable();
  Settle();
  return !out_.empty() && !awaiting_write_;
}

}  // namespace meshhost
