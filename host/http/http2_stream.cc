// SPDX-License-Identifier: Apache-2.0
#include "host/http/http2_stream.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "host/http/http2_session.h"

namespace meshhost {
namespace {

constexpr uint8_t kInPlace = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE;

nghttp2_nv InPlace(std::string_view name, std::string_view value) {
  // nghttp2 only reads through these pointers.
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
          kInPlace};
}

bool Has(std::span<const Header> headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(),
                     [name](const Header& header) { return header.name == name; });
}

// gRPC's responses have no Date: the protocol's own grammar lists what they may carry.
bool IsGrpc(std::span<const Header> headers) {
  return !headers.empty() && headers[0].name == "content-type" &&
         headers[0].value.starts_with("application/grpc");
}

std::string_view Decimal(Arena& arena, uint64_t number) {
  char* text = static_cast<char*>(arena.Allocate(20, 1));
  return {text, static_cast<size_t>(std::to_chars(text, text + 20, number).ptr - text)};
}

uint32_t ErrorCodeOf(ResetReason reason) {
  switch (reason) {
    case ResetReason::kNoError:
      return NGHTTP2_NO_ERROR;
    case ResetReason::kCancel:
      return NGHTTP2_CANCEL;
    case ResetReason::kInternal:
      return NGHTTP2_INTERNAL_ERROR;
    case ResetReason::kRefused:
      return NGHTTP2_REFUSED_STREAM;
    case ResetReason::kProtocolError:
      return NGHTTP2_PROTOCOL_ERROR;
    case ResetReason::kEnhanceYourCalm:
      return NGHTTP2_ENHANCE_YOUR_CALM;
  }
  return NGHTTP2_INTERNAL_ERROR;
}

}  // namespace

void Http2Stream::Start(Http2Session& session, int32_t id, Arena* arena, uint64_t now_ns) {
  session_ = &session;
  id_ = id;
  arena_ = arena;
  opened_ns_ = now_ns;
  head_collector_.Begin(*arena);
}

void Http2Stream::Recycle() {
  attention.unlink();
  out_.Clear();
  session_ = nullptr;
  sink_ = nullptr;
  arena_ = nullptr;
  head_ = trailers_ = Fields{};
  unconsumed_ = 0;
  request_ended_ = is_head_request_ = bodyless_ = head_submitted_ = ended_ = false;
  aborted_ = waiting_ = above_high_ = owed_ = false;
}

// Copies the fields into the arena, where nghttp2 reads them until the frame is serialised.
Http2Stream::Fields Http2Stream::Keep(std::span<const Header> headers, size_t extra) {
  size_t bytes = 0;
  for (const Header& header : headers) bytes += header.name.size() + header.value.size();
  char* text = static_cast<char*>(arena_->Allocate(bytes, 1));
  Fields kept{arena_->NewArray<nghttp2_nv>(headers.size() + extra).data() + extra, 0};
  for (const Header& header : headers) {
    char* name = text;
    text = std::copy(header.name.begin(), header.name.end(), text);
    kept.v[kept.n++] = InPlace({name, header.name.size()}, {text, header.value.size()});
    text = std::copy(header.value.begin(), header.value.end(), text);
  }
  return kept;
}

void Http2Stream::Prepend(std::string_view name, std::string_view value) {
  *--head_.v = InPlace(name, value);
  ++head_.n;
}

void Http2Stream::SendHead(int status, std::span<const Header> headers, int64_t content_length) {
  if (head_.n > 0 || ended_ || aborted_) return;
  if (status == 101) status = 200;  // extended CONNECT has no "switching protocols"
  bodyless_ = is_head_request_ || status == 204 || status == 304;
  head_ = Keep(headers, 3);
  if (content_length >= 0 && status != 204 && !Has(headers, "content-length")) {
    Prepend("content-length", Decimal(*arena_, static_cast<uint64_t>(content_length)));
  }
  if (!IsGrpc(headers) && !Has(headers, "date")) Prepend("date", session_->Date());
  Prepend(":status", status == 200 ? "200" : Decimal(*arena_, status));
  session_->OnHeadStored(*this);
}

void Http2Stream::SubmitHead(bool with_body) {
  attention.unlink();
  head_submitted_ = true;
  nghttp2_data_provider provider;
  provider.source.ptr = this;
  provider.read_callback = &Http2Stream::ReadBody;
  session_->Check(nghttp2_submit_response(session_->native(), id_, head_.v, head_.n,
                                          with_body ? &provider : nullptr));
}

void Http2Stream::SendBody(std::span<const Slice> pieces) {
  if (head_.n == 0 || ended_ || aborted_ || bodyless_) return;
  const size_t before = out_.size();
  for (const Slice& piece : pieces) out_.Append(piece);
  session_->OnQueued(out_.size() - before);
  above_high_ = above_high_ || out_.size() > high_mark();
  if (!head_submitted_) SubmitHead(true);
  Continue();
}

void Http2Stream::Continue() {
  if (waiting_ && !out_.empty()) {
    waiting_ = false;
    session_->Check(nghttp2_session_resume_data(session_->native(), id_));
  }
  session_->Wake();
}

void Http2Stream::End(std::span<const Header> trailers) {
  if (head_.n == 0 || ended_ || aborted_) return;
  ended_ = true;
  if (bodyless_) trailers = {};
  if (!trailers.empty()) trailers_ = Keep(trailers, 0);
  const bool more = !out_.empty() || trailers_.n > 0;
  if (!out_.empty()) {
    owed_ = true;
    session_->OnOwed(1);
  }
  if (!head_submitted_) {
    SubmitHead(more);
  } else if (waiting_ && trailers_.n > 0) {
    // All bytes have left: the trailers follow without an empty DATA frame in between.
    SubmitTrailers();
  } else if (waiting_) {
    waiting_ = false;
    session_->Check(nghttp2_session_resume_data(session_->native(), id_));
  }
  session_->Wake();
}

void Http2Stream::SubmitTrailers() {
  session_->Check(nghttp2_submit_trailer(session_->native(), id_, trailers_.v, trailers_.n));
}

void Http2Stream::Reset(ResetReason reason) {
  if (aborted_) return;
  aborted_ = true;
  attention.unlink();
  DropBody();
  session_->Check(
      nghttp2_submit_rst_stream(session_->native(), NGHTTP2_FLAG_NONE, id_, ErrorCodeOf(reason)));
  session_->Wake();
}

void Http2Stream::DropBody() {
  session_->OnUnqueued(out_.size());
  out_.Clear();
  if (std::exchange(owed_, false)) session_->OnOwed(-1);
}

void Http2Stream::Consume(size_t n) {
  n = std::min(n, unconsumed_);
  unconsumed_ -= n;
  session_->OnConsumed(request_ended_ ? 0 : id_, n);
}

size_t Http2Stream::high_mark() const { return session_->StreamHighMark(); }
bool Http2Stream::draining() const { return session_->draining(); }

ssize_t Http2Stream::ReadBody(nghttp2_session*, int32_t, uint8_t*, size_t length, uint32_t* flags,
                              nghttp2_data_source* source, void*) {
  return static_cast<Http2Stream*>(source->ptr)->NextFrame(length, flags);
}

ssize_t Http2Stream::NextFrame(size_t length, uint32_t* flags) {
  const size_t n = std::min(length, out_.size());
  const bool last = ended_ && n == out_.size();
  if ((n == 0 && !last) || aborted_) {
    waiting_ = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (last) *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (last && trailers_.n > 0) {
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    SubmitTrailers();
  }
  return static_cast<ssize_t>(n);
}

void Http2Stream::TakeBody(uint8_t* into, size_t n) {
  out_.Read(into, n);
  session_->OnUnqueued(n);
  if (owed_ && out_.empty()) {
    owed_ = false;
    session_->OnOwed(-1);
  }
  if (!above_high_ || out_.size() > high_mark() / 2) return;
  above_high_ = false;
  session_->OnBelowLowMark(*this);
}

}  // namespace meshhost
