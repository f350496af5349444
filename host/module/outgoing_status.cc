// SPDX-License-Identifier: Apache-2.0
#include "host/module/outgoing_status.h"

#include <cstring>

#include "host/base/byte_set.h"
#include "host/call/buffer.h"

namespace meshhost {
namespace {

// RFC 9110 section 5.6.2 token, in lower case; binary values are encoded, the others must not be
// able to end the field.
constexpr ByteSet kNameBytes =
    ByteSet().WithRange('a', 'z').WithRange('0', '9').With("!#$%&'*+-.^_`|~");
constexpr ByteSet kValueBytes =
    ByteSet().WithRange(1, '\n' - 1).WithRange('\n' + 1, '\r' - 1).WithRange('\r' + 1, 0xff);

bool IsField(const Header& field) {
  if (field.name.empty() || !kNameBytes.HasAll(field.name)) return false;
  return field.name.ends_with("-bin") || kValueBytes.HasAll(field.value);
}

void SetGrpc(std::int32_t code, Outcome* outcome) {
  outcome->code = code >= 0 && code < kCodeCount ? static_cast<Code>(code) : Code::kUnknown;
}

// By what google.rpc.Code documents; gRPC's own table is for gateways in between, not for answers.
Code CodeOfHttpAnswer(std::int32_t http_status) {
  for (int i = 1; i < kCodeCount; ++i) {
    const auto code = static_cast<Code>(i);
    if (code != Code::kUnknown && HttpStatusOf(code) == http_status) return code;
  }
  return http_status < 500 ? Code::kInvalidArgument : Code::kInternal;
}

// 0 leaves the status to what send_headers said, or to the protocol: 200, or 204 without a body.
void SetHttp(std::int32_t code, Outcome* outcome) {
  if (code == 0) return;
  if (code < kCodeCount && code > 0) {
    outcome->code = static_cast<Code>(code);
  } else if (code >= 200 && code <= 599) {
    outcome->http_status = code;
    if (code >= 400) outcome->code = CodeOfHttpAnswer(code);
  } else {
    outcome->code = Code::kInternal;
  }
}

Code CodeOfClose(std::int32_t close_code) {
  switch (close_code) {
    case 1002:
    case 1003:
    case 1007:
      return Code::kInvalidArgument;
    case 1008:
      return Code::kPermissionDenied;
    case 1009:
      return Code::kResourceExhausted;
    case 1011:
      return Code::kInternal;
    case 1012:
    case 1013:
      return Code::kUnavailable;
    default:
      return Code::kOk;  // normal, going away, or the application's own
  }
}

void SetWebSocket(std::int32_t code, Outcome* outcome) {
  // Codes that RFC 6455 reserves must never be sent.
  const bool reserved = code == 1004 || code == 1005 || code == 1006 || code == 1015;
  if (code == 0) code = 1000;
  if (code < 1000 || code > 4999 || reserved) code = 1011;
  outcome->http_status = code;
  outcome->code = CodeOfClose(code);
}

}  // namespace

OutgoingHeaders::OutgoingHeaders(const mh_kv* fields, std::size_t n) {
  if (n == 0) return;
  fields_.reserve(n);
  for (std::size_t i = 0; i < n; ++i) {
    fields_.push_back({ToView(fields[i].key), ToView(fields[i].value)});
    if (!IsField(fields_.back())) valid_ = false;
  }
}

OutgoingStatus::OutgoingStatus(Kind kind, const mh_status* status)
    : trailers_(status == nullptr ? nullptr : status->trailers,
                status == nullptr ? 0 : status->n_trailers) {
  const std::int32_t code = status == nullptr ? 0 : status->code;
  switch (kind) {
    case Kind::kGrpc:
      SetGrpc(code, &outcome_);
      break;
    case Kind::kHttp:
      SetHttp(code, &outcome_);
      break;
    case Kind::kWebSocket:
      SetWebSocket(code, &outcome_);
      break;
  }
  if (status == nullptr) return;
  outcome_.message = ToView(status->text);
  outcome_.details = ToView(status->details);
  outcome_.trailers = trailers_.fields();
  if (trailers_.valid()) return;
  outcome_ = Refusal(Reason::kModuleFailed, "the module's trailers are malformed");
}

mh_status ReadStatus(const mh_status& status) {
  mh_status read = {};
  std::memcpy(&read, &status, std::min<std::size_t>(status.size, sizeof(read)));
  return read;
}

HeldStatus::HeldStatus(const mh_status* status) {
  if (status == nullptr) return;
  present_ = true;
  status_ = *status;
  text_ = ToView(status->text);
  details_ = ToView(status->details);
  for (std::size_t i = 0; i < status->n_trailers; ++i) {
    const mh_kv& field = status->trailers[i];
    trailers_.emplace_back(ToView(field.key), ToView(field.value));
  }
}

const mh_status* HeldStatus::status() {
  if (!present_) return nullptr;
  fields_.clear();
  for (const auto& [key, value] : trailers_) fields_.push_back({ToAbi(key), ToAbi(value)});
  status_.text = ToAbi(text_);
  status_.details = ToAbi(details_);
  status_.trailers = fields_.data();
  status_.n_trailers = fields_.size();
  return &status_;
}

}  // namespace meshhost
