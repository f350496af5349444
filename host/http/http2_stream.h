// SPDX-License-Identifier: Apache-2.0
//
// Http2Stream: one request and its answer on an HTTP/2 connection. The answer's head is kept until
// it is known whether a body follows, so that an answer without one leaves as a single HEADERS
// frame, and a unary gRPC answer as HEADERS, DATA, HEADERS in one write.
//
//   head:   none --SendHead--> stored --SendBody, End or turn's end--> submitted
//   body:   queued in out_, fetched by nghttp2 as windows allow (ReadBody), waiting_ when empty
//   closed: by nghttp2 (both sides done, or reset) or with the connection --> back to the pool
#pragma once

#include <nghttp2/nghttp2.h>

#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <cstdint>
#include <span>

#include "host/base/arena.h"
#include "host/call/byte_queue.h"
#include "host/call/transport.h"
#include "host/http/http2_head.h"

namespace meshhost {

class Http2Session;

// In the list of session's open streams, or idle in the pool of its Http2Server. Worker thread
// only.
class Http2Stream final : public Transport, public boost::intrusive::list_base_hook<> {
 public:
  // For streams that the session has to look at before or after it serialises.
  using AttentionHook = boost::intrusive::list_member_hook<
      boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

  // Taken from the pool for a new stream. The arena is the stream's until a sink takes it.
  void Start(Http2Session& session, int32_t id, Arena* arena, uint64_t now_ns);
  // Back to its first state, for the pool.
  void Recycle();

  // Transport.
  void SendHead(int status, std::span<const Header> headers, int64_t content_length) override;
  void SendBody(std::span<const Slice> pieces) override;
  void End(std::span<const Header> trailers) override;
  void Reset(ResetReason reason) override;
  void Consume(size_t n) override;
  size_t unsent_bytes() const override { return out_.size(); }
  size_t high_mark() const override;
  bool draining() const override;

  AttentionHook attention;

 private:
  friend class Http2Session;

  struct Fields {
    nghttp2_nv* v = nullptr;
    size_t n = 0;
  };

  static ssize_t ReadBody(nghttp2_session* session, int32_t id, uint8_t* into, size_t length,
                          uint32_t* flags, nghttp2_data_source* source, void* session_object);
  ssize_t NextFrame(size_t length, uint32_t* flags);
  Fields Keep(std::span<const Header> headers, size_t extra);
  void Prepend(std::string_view name, std::string_view value);
  void SubmitHead(bool with_body);
  void SubmitTrailers();
  void Continue();
  void DropBody();
  // The bytes that ReadBody announced.
  void TakeBody(uint8_t* into, size_t n);

  Http2Session* session_ = nullptr;
  StreamSink* sink_ = nullptr;  // null until the head is complete; stays so when refused
  Arena* arena_ = nullptr;      // own() while no sink has it, else the sink's
  Http2Head head_collector_;
  ByteQueue out_;
  Fields head_;
  Fields trailers_;
  uint64_t opened_ns_ = 0;
  size_t unconsumed_ = 0;
  int32_t id_ = 0;
  bool request_ended_ = false;
  bool is_head_request_ = false;
  bool bodyless_ = false;
  bool head_submitted_ = false;
  bool ended_ = false;
  bool aborted_ = false;
  bool waiting_ = false;     // nghttp2 asked for bytes when there were none
  bool above_high_ = false;  // the sink waits for OnWritable
  bool owed_ = false;        // answer complete, bytes of it still here
};

}  // namespace meshhost
