// SPDX-License-Identifier: Apache-2.0
#include "host/grpc/grpc_stream.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "host/call/binary_metadata.h"
#include "host/grpc/compression.h"
#include "host/grpc/grpc_timeout.h"
#include "host/grpc/metadata.h"
#include "host/grpc/status_details.h"

namespace meshhost {
namespace {

constexpr std::string_view kContentType = "application/grpc";
constexpr Header kContentTypeField{"content-type", kContentType};
constexpr Header kAcceptEncodingField{"grpc-accept-encoding", "identity,gzip"};
constexpr std::array<Header, 2> kPlainHead = {kContentTypeField, kAcceptEncodingField};
constexpr std::array<Header, 1> kOkStatus = {{{"grpc-status", "0"}}};
constexpr std::array<std::string_view, kCodeCount> kCodeText = {
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16"};
// Smaller messages do not get smaller by gzip.
constexpr size_t kGzipFrom = 256;
// A small message is copied, so that one that waits for the end of its request does not keep a
// whole read block alive.
constexpr size_t kCopyBelow = 2048;

bool ListHas(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    std::string_view item = list.substr(0, comma);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (item == word) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

Outcome InternalError(std::string_view message) {
  Outcome outcome = Refusal(Reason::kMalformedRequest, message);
  outcome.code = Code::kInternal;
  return outcome;
}

}  // namespace

bool IsGrpcContentType(std::string_view content_type) {
  if (content_type.size() < kContentType.size()) return false;
  const auto same_letter = [](char a, char b) {
    return a == b || (b >= 'A' && b <= 'Z' && a == b + ('a' - 'A'));
  };
  const bool same =
      std::equal(kContentType.begin(), kContentType.end(), content_type.begin(), same_letter);
  if (!same || content_type.size() == kContentType.size()) return same;
  const char next = content_type[kContentType.size()];
  return next == '+' || next == ';' || next == ' ';
}

StreamSink* OpenGrpcStream(Loop& loop, const Directory& directory, const GrpcSettings& settings,
                           Transport& transport, Arena* arena, const RequestHead& head,
                           const PeerRef& peer) {
  const RouteMatch match{directory.FindMethod(head.path), {}, {}};
  auto* stream = new (arena->Allocate(sizeof(GrpcStream)))
      GrpcStream(loop, settings, transport, *arena, head, peer, match);
  stream->Start();
  return stream;
}

GrpcStream::GrpcStream(Loop& loop, const GrpcSettings& settings, Transport& transport, Arena& arena,
                       const RequestHead& head, const PeerRef& peer, const RouteMatch& match)
    : loop_(loop),
      settings_(settings),
      transport_(&transport),
      arena_(arena),
      exchange_(loop, arena, head, peer, match, *this),
      reader_(match.endpoint->max_message != 0 ? match.endpoint->max_message
                                               : settings.message_in) {
  exchange_.set_http_status(200);
}

void GrpcStream::Start() {
  const Outcome problem = CheckHead();
  if (problem.reason != Reason::kNone) exchange_.RefuseHead(problem);
  exchange_.Start();
}

void GrpcStream::Destroy() {
  ArenaPool& pool = loop_.arenas();
  Arena* arena = &arena_;
  this->~GrpcStream();
  pool.Give(arena);
}

// "te: trailers" is not insisted on: it is hop-by-hop, so a proxy may have taken it away.
Outcome GrpcStream::CheckHead() {
  const RequestHead& head = exchange_.head();
  if (head.method != "POST") return Refusal(Reason::kMethodNotAllowed, "gRPC requests are POST");
  Outcome problem;
  for (const Header& field : head.headers) {
    if (!field.name.starts_with("grpc-")) continue;
    if (field.name == "grpc-timeout") {
      const auto timeout_ns = ParseGrpcTimeout(field.value);
      if (!timeout_ns) return InternalError("malformed grpc-timeout");
      exchange_.ShortenDeadline(exchange_.started_ns() + *timeout_ns);
    } else if (field.name == "grpc-encoding") {
      problem = CheckEncoding(field.value);
    } else if (field.name == "grpc-accept-encoding") {
      answer_gzip_ = settings_.gzip_answers && ListHas(field.value, "gzip");
    }
  }
  return problem;
}

Outcome GrpcStream::CheckEncoding(std::string_view encoding) {
  if (encoding == "identity") return {};
  if (encoding != "gzip") return Refusal(Reason::kUnsupportedEncoding);
  request_gzip_ = true;
  return {};
}

// ---- Request.

void GrpcStream::OnBody(const Slice& bytes) {
  size_t eaten = 0;
  if (pending_.empty() && Parsing()) eaten = Parse(bytes);
  if (input_done_) eaten = bytes.n;
  if (eaten < bytes.n) pending_.AppendCopy(bytes.p + eaten, bytes.n - eaten);
  transport_->Consume(eaten);
}

// How many bytes it took: all, unless credits ran out or the input is over.
size_t GrpcStream::Parse(Slice input) {
  const size_t before = input.n;
  while (input.n > 0 && Parsing()) {
    if (!TakeStep(reader_.Next(input))) break;
  }
  return before - input.n;
}

bool GrpcStream::TakeStep(const GrpcFrameReader::Step& step) {
  switch (step.kind) {
    case GrpcFrameReader::Kind::kNeedMore:
      return false;
    case GrpcFrameReader::Kind::kTooLarge:
      Fail(Refusal(Reason::kMessageTooLarge));
      return false;
    case GrpcFrameReader::Kind::kMalformed:
      Violation("malformed message prefix");
      return false;
    case GrpcFrameReader::Kind::kMessage:
      break;
  }
  if (!step.compressed) {
    TakeMessage(step.message);
    return true;
  }
  if (!request_gzip_) {
    Violation("compressed message without grpc-encoding");
    return false;
  }
  const size_t limit = exchange_.endpoint().max_message != 0 ? exchange_.endpoint().max_message
                                                             : settings_.message_in;
  const absl::StatusOr<HeldSlice> plain = GunzipMessage(step.message, limit);
  if (plain.ok()) {
    TakeMessage(plain->slice());
    return true;
  }
  if (absl::IsResourceExhausted(plain.status())) {
    Fail(Refusal(Reason::kMessageTooLarge));
  } else {
    Violation("message does not decompress");
  }
  return false;
}

void GrpcStream::TakeMessage(const Slice& message) {
  if (!exchange_.endpoint().client_stream) return KeepFirst(message);
  --credits_;
  Deliver(message);
}

void GrpcStream::KeepFirst(const Slice& message) {
  if (have_first_) return Violation("more than one request message");
  have_first_ = true;
  if (message.n < kCopyBelow) {
    const std::string_view copy = arena_.Copy(ToView(message));
    first_ = {reinterpret_cast<const uint8_t*>(copy.data()), copy.size(), nullptr};
    return;
  }
  held_ = HeldSlice(message);
  first_ = held_.slice();
}

void GrpcStream::Deliver(const Slice& message) {
  const Message whole{&message, 1, 0};
  const PayloadCheck* check = exchange_.endpoint().request_check;
  if (check != nullptr && !check->Accepts(whole)) return Fail(Refusal(Reason::kMalformedMessage));
  exchange_.DeliverMessage(whole);
}

void GrpcStream::OnBodyEnd(std::span<const Header>) {
  request_ended_ = true;
  if (pending_.empty()) EndInput();
}

void GrpcStream::EndInput() {
  if (input_done_) return;
  if (!reader_.between_messages()) return Violation("the request ends inside a message");
  if (exchange_.endpoint().client_stream) {
    input_done_ = true;
    return exchange_.DeliverHalfClose();
  }
  if (credits_ == 0) return;  // a filter has paused the call: Pull comes back here
  if (!have_first_) return Violation("no request message");
  input_done_ = true;
  Deliver(first_);
  held_ = HeldSlice();
}

void GrpcStream::Pull(uint32_t messages) {
  credits_ += std::min(messages, UINT32_MAX - credits_);
  if (!parsing_pending_) ParsePending();
}

void GrpcStream::ParsePending() {
  parsing_pending_ = true;
  while (!pending_.empty() && Parsing()) {
    const size_t eaten = Parse(pending_.Front());
    pending_.Pop(eaten);
    transport_->Consume(eaten);
  }
  parsing_pending_ = false;
  if (input_done_) return DropPending();
  if (request_ended_ && pending_.empty()) EndInput();
}

void GrpcStream::DropPending() {
  if (transport_ != nullptr) transport_->Consume(pending_.size());
  pending_.Clear();
}

void GrpcStream::Violation(std::string_view what) { Fail(InternalError(what)); }

void GrpcStream::Fail(const Outcome& outcome) { exchange_.Abort(CancelReason::kLimit, outcome); }

// ---- Answer.

void GrpcStream::SendHead(std::span<const Header> metadata, std::span<const Header> more) {
  head_sent_ = true;
  if (metadata.empty() && more.empty() && !answer_gzip_) {
    return transport_->SendHead(200, exchange_.WithResponseFields(kPlainHead), -1);
  }
  const std::span<Header> fields = arena_.NewArray<Header>(metadata.size() + more.size() + 3);
  size_t n = 0;
  fields[n++] = kContentTypeField;
  fields[n++] = kAcceptEncodingField;
  if (answer_gzip_) fields[n++] = {"grpc-encoding", "gzip"};
  n += WriteMetadata(metadata, &fields[n], arena_);
  for (const Header& field : more) fields[n++] = field;
  transport_->SendHead(200, exchange_.WithResponseFields(fields.first(n)), -1);
}

Sent GrpcStream::SendHeaders(int, std::span<const Header> headers) {
  if (transport_ == nullptr) return Sent::kCancelled;
  if (head_sent_) return Sent::kInvalid;
  SendHead(headers, {});
  return Sent::kTaken;
}

Sent GrpcStream::Send(const Message& message) {
  if (transport_ == nullptr) return Sent::kCancelled;
  if (MessageSize(message) > settings_.message_out) return Sent::kInvalid;
  if (transport_->unsent_bytes() > transport_->high_mark()) return Sent::kAgain;
  SendMessage(message);
  return Sent::kTaken;
}

void GrpcStream::SendMessage(const Message& message) {
  if (!head_sent_) SendHead({}, {});
  if (answer_gzip_ && MessageSize(message) >= kGzipFrom) {
    const absl::StatusOr<HeldSlice> packed = GzipMessage(message);
    if (packed.ok()) return WriteMessage({&packed->slice(), 1, 0}, true);
  }
  WriteMessage(message, false);
}

void GrpcStream::WriteMessage(const Message& message, bool compressed) {
  const size_t size = MessageSize(message);
  const std::array<uint8_t, 5> prefix = {
      static_cast<uint8_t>(compressed), static_cast<uint8_t>(size >> 24),
      static_cast<uint8_t>(size >> 16), static_cast<uint8_t>(size >> 8),
      static_cast<uint8_t>(size)};
  constexpr uint32_t kUsualPieces = 7;
  std::array<Slice, kUsualPieces + 1> usual;
  const std::span<Slice> pieces = message.n <= kUsualPieces
                                      ? std::span<Slice>(usual).first(message.n + 1)
                                      : arena_.NewArray<Slice>(message.n + 1);
  pieces[0] = {prefix.data(), prefix.size(), nullptr};
  std::copy_n(message.v, message.n, pieces.begin() + 1);
  transport_->SendBody(pieces);
}

std::span<const Header> GrpcStream::StatusFields(const Outcome& outcome) {
  const bool bare = outcome.message.empty() && outcome.details.empty() &&
                    outcome.reason == Reason::kNone && outcome.trailers.empty();
  if (bare && outcome.code == Code::kOk) return kOkStatus;
  const std::span<Header> fields = arena_.NewArray<Header>(outcome.trailers.size() + 3);
  size_t n = 0;
  fields[n++] = {"grpc-status", kCodeText[static_cast<size_t>(outcome.code)]};
  if (!outcome.message.empty()) {
    fields[n++] = {"grpc-message", EncodeGrpcMessage(outcome.message, arena_)};
  }
  if (!outcome.details.empty()) {
    fields[n++] = {"grpc-status-details-bin", EncodeBinaryMetadata(outcome.details, arena_)};
  } else if (outcome.reason != Reason::kNone) {
    fields[n++] = {"grpc-status-details-bin",
                   EncodeBinaryMetadata(RefusalDetails(outcome), arena_)};
  }
  n += WriteMetadata(outcome.trailers, &fields[n], arena_);
  return fields.first(n);
}

void GrpcStream::Finish(const Message* last, const Outcome& outcome) {
  input_done_ = true;
  if (!parsing_pending_) DropPending();
  if (transport_ == nullptr) return;
  if (last != nullptr && MessageSize(*last) > settings_.message_out) {
    const Outcome too_large = Refusal(Reason::kMessageTooLarge, "the answer is too large");
    exchange_.set_sent_outcome(too_large);
    return Finish(nullptr, too_large);
  }
  // Without a message there is nothing to put between head and status: one HEADERS frame.
  if (last == nullptr && !head_sent_) {
    answer_gzip_ = false;
    SendHead({}, StatusFields(outcome));
    return transport_->End({});
  }
  if (last != nullptr) SendMessage(*last);
  transport_->End(StatusFields(outcome));
}

void GrpcStream::OnWritable() { exchange_.DeliverWritable(); }

void GrpcStream::OnClosed(CloseCause cause) {
  transport_ = nullptr;
  input_done_ = true;
  pending_.Clear();
  exchange_.TransportDone(cause == CloseCause::kCompleted);  // may destroy this
}

}  // namespace meshhost
