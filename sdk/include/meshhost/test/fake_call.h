// SPDX-License-Identifier: Apache-2.0
//
// The peer's side of one call under FakeHost: what a client would do (send, close, stop reading,
// go away) and what it would see (head, messages, status). Events for the module are queued and
// delivered by FakeHost::Run(), never from inside a call of the module, as in the real host.
//
// Owned by the FakeHost that made it, valid as long as that. The test's thread uses it; the module
// may call from any thread.
#pragma once

#include <meshhost/abi/call.h>
#include <meshhost/test/fake_block.h>

#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mh::test {

// What a call begins with.
struct FakeRequest {
  uint32_t protocol = MH_PROTOCOL_GRPC;
  std::string verb = "POST";
  std::string method;  // "pkg.Service/Method" or the route's pattern
  std::string path;
  std::string query;
  std::string identity;
  Pairs headers;
  Pairs params;
  uint64_t deadline_ns = 0;
};

}  // namespace mh::test

struct mh_call {
 public:
  mh_call(mh::test::FakeRequest request, mh_method method, size_t slice_size,
          std::atomic<int>* live_blocks)
      : request_(std::move(request)), method_(method), slice_size_(slice_size), live_(live_blocks) {
    headers_view_ = mh::test::ViewPairs(request_.headers);
    params_view_ = mh::test::ViewPairs(request_.params);
    peer_.size = sizeof(peer_);
    info_ = {sizeof(info_),
             request_.protocol,
             mh::Str(request_.verb),
             mh::Str(request_.method),
             mh::Str(request_.path),
             mh::Str(request_.query),
             mh::Str("test"),
             mh::Str("http"),
             mh::Str(request_.identity),
             request_.deadline_ns,
             {},
             {},
             0,
             0,
             headers_view_.data(),
             headers_view_.size(),
             params_view_.data(),
             params_view_.size(),
             &peer_};
  }

  // --- the peer ---
  void Send(std::string message, uint32_t flags = 0) {
    const Lock lock(mutex_);
    inbox_.emplace_back(std::move(message), flags);
  }
  void HalfClose() {
    const Lock lock(mutex_);
    half_close_ = Step::kDue;
  }
  void Cancel(uint32_t why) {
    const Lock lock(mutex_);
    cancels_.push_back(why);
    if (cancelled_ == 0) cancelled_ = why;
  }
  // From now on the module's messages queue up; above `high_mark` bytes it gets MH_AGAIN.
  void StopReading(size_t high_mark) {
    const Lock lock(mutex_);
    high_mark_ = high_mark;
  }
  void ReadAgain() {
    const Lock lock(mutex_);
    high_mark_ = SIZE_MAX;
    queued_ = 0;
    writable_due_ = std::exchange(blocked_, false);
  }

  // --- what it sees; after FakeHost::Run() ---
  bool finished() const { return finished_; }
  int32_t code() const { return code_; }  // of the status
  const std::string& text() const { return text_; }
  int32_t head_code() const { return head_code_; }
  const std::vector<std::string>& messages() const { return messages_; }
  const std::vector<uint32_t>& message_flags() const { return message_flags_; }
  size_t queued_bytes() const { return queued_; }
  uint32_t credits() const { return credits_; }
  std::string Header(std::string_view name) const {
    return mh::test::FindPair(sent_headers_, name);
  }
  std::string Trailer(std::string_view name) const {
    return mh::test::FindPair(sent_trailers_, name);
  }

  // --- FakeHost ---
  // One event for the module, or false when there is nothing to tell.
  bool DeliverOne() {
    std::function<void()> event = Next();
    if (event) event();
    return static_cast<bool>(event);
  }

  void Begin(const std::string& first) {
    const bool whole = (method_.kind & MH_KIND_CLIENT_STREAM) == 0;
    Deliver(first, 0, [&](const mh_msg* message) {
      method_.on_call(method_.ud, this, whole ? message : nullptr);
    });
    const Lock lock(mutex_);
    began_ = true;
    if (!bound_ && method_.kind != MH_KIND_UNARY && !finished_)
      SetEnd(13, "neither bound nor ended");
  }

  static const mh_call_ops* Ops() {
    static const mh_call_ops ops = {sizeof(ops),  &Info,        &Bind,   &Pull,
                                    &SendHeaders, &SendMessage, &Finish, &Cancelled};
    return &ops;
  }

 private:
  using Lock = std::lock_guard<std::mutex>;
  enum class Step { kNone, kDue, kDone };

  // Calls `use` with the bytes in counted slices of at most slice_size_.
  template <class Use>
  void Deliver(const std::string& bytes, uint32_t flags, Use use) {
    std::vector<mh_slice> slices;
    std::vector<mh::test::FakeBlock*> blocks;
    for (size_t at = 0; at < bytes.size(); at += slice_size_) {
      blocks.push_back(mh::test::FakeBlock::Make(bytes.substr(at, slice_size_), live_));
      const std::string& part = blocks.back()->bytes;
      slices.push_back(
          {reinterpret_cast<const uint8_t*>(part.data()), part.size(), &blocks.back()->buf});
    }
    const mh_msg message = {slices.data(), static_cast<uint32_t>(slices.size()), flags};
    use(&message);
    for (mh::test::FakeBlock* block : blocks) block->buf.release(&block->buf);
  }

  std::function<void()> Next() {
    const Lock lock(mutex_);
    if (!began_ || !bound_ || ended_) return nullptr;
    if (finished_) {
      ended_ = true;
      return [this] {
        const mh_status status = {sizeof(status), code_, mh::Str(text_), {}, nullptr, 0};
        if (events_.on_end != nullptr) events_.on_end(ud_, this, &status);
      };
    }
    if (!cancels_.empty()) {
      const uint32_t why = cancels_.front();
      cancels_.pop_front();
      return [this, why] {
        if (events_.on_cancel != nullptr) events_.on_cancel(ud_, this, why);
      };
    }
    if (writable_due_) {
      writable_due_ = false;
      return [this] {
        if (events_.on_writable != nullptr) events_.on_writable(ud_, this);
      };
    }
    if (!inbox_.empty() && credits_ > 0) return NextMessage();
    if (inbox_.empty() && half_close_ == Step::kDue) {
      half_close_ = Step::kDone;
      return [this] {
        if (events_.on_half_close != nullptr) events_.on_half_close(ud_, this);
      };
    }
    return nullptr;
  }

  std::function<void()> NextMessage() {
    credits_--;
    auto [bytes, flags] = std::move(inbox_.front());
    inbox_.pop_front();
    return [this, bytes = std::move(bytes), flags = flags] {
      Deliver(bytes, flags, [&](const mh_msg* message) {
        if (events_.on_message != nullptr) events_.on_message(ud_, this, message);
      });
    };
  }

  void SetEnd(int32_t code, std::string_view text) {
    finished_ = true;
    code_ = code;
    text_ = text;
  }

  void Keep(const mh_msg& message) {
    std::string bytes;
    for (uint32_t i = 0; i < message.n; i++) {
      bytes.append(reinterpret_cast<const char*>(message.v[i].p), message.v[i].n);
    }
    if (high_mark_ != SIZE_MAX) queued_ += bytes.size();
    messages_.push_back(std::move(bytes));
    message_flags_.push_back(message.flags);
  }

  static const mh_call_info* Info(mh_call* self) { return &self->info_; }

  static mh_rc Bind(mh_call* self, const mh_call_events* events, void* ud) {
    const Lock lock(self->mutex_);
    if (self->bound_ || self->began_) return MH_INVALID;
    self->bound_ = true;
    self->events_ = *events;
    self->ud_ = ud;
    return MH_OK;
  }

  static mh_rc Pull(mh_call* self, uint32_t messages) {
    const Lock lock(self->mutex_);
    if (!self->finished_) self->credits_ += messages;
    return self->finished_ ? MH_GONE : MH_OK;
  }

  static mh_rc SendHeaders(mh_call* self, int32_t code, const mh_kv* entries, size_t n) {
    const Lock lock(self->mutex_);
    if (self->request_.protocol == MH_PROTOCOL_WEBSOCKET) return MH_UNSUPPORTED;
    if (self->finished_) return MH_GONE;
    if (self->head_sent_) return MH_INVALID;
    self->head_sent_ = true;
    self->head_code_ = code;
    self->sent_headers_ = mh::test::CopyPairs(entries, n);
    return MH_OK;
  }

  static mh_rc SendMessage(mh_call* self, const mh_msg* message, uint32_t) {
    const Lock lock(self->mutex_);
    if (self->finished_) return MH_GONE;
    if (self->cancelled_ != 0 && self->cancelled_ != MH_WHY_DRAIN) return MH_CANCELLED;
    if (self->queued_ > self->high_mark_) {
      self->blocked_ = true;
      return MH_AGAIN;
    }
    self->head_sent_ = true;
    self->Keep(*message);
    return MH_OK;
  }

  static mh_rc Finish(mh_call* self, const mh_msg* last, const mh_status* status) {
    const Lock lock(self->mutex_);
    if (self->finished_) return MH_GONE;
    if (last != nullptr) self->Keep(*last);
    self->SetEnd(status == nullptr ? 0 : status->code,
                 status == nullptr ? std::string_view() : mh::View(status->text));
    if (status != nullptr)
      self->sent_trailers_ = mh::test::CopyPairs(status->trailers, status->n_trailers);
    return self->cancelled_ != 0 && self->cancelled_ != MH_WHY_DRAIN ? MH_CANCELLED : MH_OK;
  }

  static uint32_t Cancelled(mh_call* self) {
    const Lock lock(self->mutex_);
    return self->cancelled_;
  }

  const mh::test::FakeRequest request_;
  const mh_method method_;
  const size_t slice_size_;
  std::atomic<int>* const live_;
  std::vector<mh_kv> headers_view_, params_view_;
  mh_peer peer_ = {};
  mh_call_info info_ = {};

  std::mutex mutex_;  // guards all below; the test reads it between runs
  bool began_ = false, bound_ = false, finished_ = false, ended_ = false, head_sent_ = false;
  mh_call_events events_ = {};
  void* ud_ = nullptr;
  std::deque<std::pair<std::string, uint32_t>> inbox_;
  uint32_t credits_ = 0;
  Step half_close_ = Step::kNone;
  std::deque<uint32_t> cancels_;
  uint32_t cancelled_ = 0;
  size_t high_mark_ = SIZE_MAX, queued_ = 0;
  bool blocked_ = false, writable_due_ = false;
  int32_t head_code_ = 0, code_ = 0;
  std::string text_;
  std::vector<std::string> messages_;
  std::vector<uint32_t> message_flags_;
  mh::test::Pairs sent_headers_, sent_trailers_;
};

namespace mh::test {
using FakeCall = ::mh_call;
}  // namespace mh::test
