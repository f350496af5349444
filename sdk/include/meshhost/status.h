// SPDX-License-Identifier: Apache-2.0
//
// How an operation ended: a code and words for the peer. Handlers return it; the skin turns it into
// a gRPC status, an RFC 9457 problem or a WebSocket close, so the same business code serves all
// three:
//
//   return mh::NotFound("item 7");      // gRPC NOT_FOUND, HTTP 404 problem+json
//   return mh::Status();                // success
#pragma once

#include <meshhost/abi/base.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace mh {

// The codes of google.rpc.Code.
enum class Code : int32_t {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// A plain value; any thread.
class [[nodiscard]] Status final {
 public:
  Status() = default;
  Status(Code code, std::string text) : code_(static_cast<int32_t>(code)), text_(std::move(text)) {}

  // An HTTP status (100..599) or WebSocket close code (1000..4999) that has no Code.
  static Status Raw(int32_t code, std::string text) {
    Status status;
    status.code_ = code;
    status.text_ = std::move(text);
    return status;
  }

  bool ok() const { return code_ == 0; }
  int32_t raw_code() const { return code_; }
  Code code() const { return static_cast<Code>(code_); }
  const std::string& text() const { return text_; }

  // A serialized google.rpc.Status, sent as grpc-status-details-bin.
  const std::string& details() const { return details_; }
  Status& set_details(std::string details) {
    details_ = std::move(details);
    return *this;
  }

 private:
  int32_t code_ = 0;
  std::string text_;
  std::string details_;
};

inline Status InvalidArgument(std::string text) {
  return {Code::kInvalidArgument, std::move(text)};
}
inline Status NotFound(std::string text) { return {Code::kNotFound, std::move(text)}; }
inline Status AlreadyExists(std::string text) { return {Code::kAlreadyExists, std::move(text)}; }
inline Status PermissionDenied(std::string text) {
  return {Code::kPermissionDenied, std::move(text)};
}
inline Status ResourceExhausted(std::string text) {
  return {Code::kResourceExhausted, std::move(text)};
}
inline Status FailedPrecondition(std::string text) {
  return {Code::kFailedPrecondition, std::move(text)};
}
inline Status Aborted(std::string text) { return {Code::kAborted, std::move(text)}; }
inline Status Unimplemented(std::string text) { return {Code::kUnimplemented, std::move(text)}; }
inline Status Internal(std::string text) { return {Code::kInternal, std::move(text)}; }
inline Status Unavailable(std::string text) { return {Code::kUnavailable, std::move(text)}; }

// ABI text to C++ and back; both borrow.
inline std::string_view View(mh_str s) { return {s.p, s.n}; }
inline mh_str Str(std::string_view s) { return {s.data(), s.size()}; }

// What a host function answered, as a status: `err` says why in words.
inline Status FromHost(mh_rc rc, const mh_err& err, std::string_view what) {
  if (rc == MH_OK) return Status();
  std::string text(what);
  text += ": ";
  text += err.text[0] != 0 ? err.text : "the host refused";
  switch (rc) {
    case MH_CONFLICT:
      return {Code::kAlreadyExists, std::move(text)};
    case MH_INVALID:
      return {Code::kInvalidArgument, std::move(text)};
    case MH_UNSUPPORTED:
      return {Code::kUnimplemented, std::move(text)};
    case MH_AGAIN:
      return {Code::kResourceExhausted, std::move(text)};
    case MH_GONE:
      return {Code::kUnavailable, std::move(text)};
    default:
      return {Code::kInternal, std::move(text)};
  }
}

// A status as the result of a lifecycle function.
inline mh_rc ToHost(const Status& status, mh_err* err) {
  if (status.ok()) return MH_OK;
  mh_rc rc = MH_FAILED;
  if (status.code() == Code::kAlreadyExists) rc = MH_CONFLICT;
  if (status.code() == Code::kInvalidArgument) rc = MH_INVALID;
  if (status.code() == Code::kUnimplemented) rc = MH_UNSUPPORTED;
  if (err == nullptr) return rc;
  err->code = rc;
  const size_t n = std::min(status.text().size(), sizeof(err->text) - 1);
  status.text().copy(err->text, n);
  err->text[n] = 0;
  return rc;
}

}  // namespace mh
