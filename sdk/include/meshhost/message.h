// SPDX-License-Identifier: Apache-2.0
//
// Messages at the boundary. Inbound ones are borrowed (MessageView); outbound ones are built in a
// host block, which leaves without another copy (Buffer). Codec<T> is how a type becomes bytes and
// back: std::string is raw bytes, <meshhost/grpc.h> adds protobuf LITE messages, and a module may
// add its own.
#pragma once

#include <meshhost/host.h>

#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace mh {

// A received message, valid as long as the callback that brought it.
class MessageView final {
 public:
  explicit MessageView(const mh_msg* message) : message_(message) {}

  std::span<const mh_slice> slices() const {
    return message_ == nullptr ? std::span<const mh_slice>()
                               : std::span<const mh_slice>(message_->v, message_->n);
  }
  bool text() const { return message_ != nullptr && (message_->flags & MH_MSG_TEXT) != 0; }

  size_t size() const {
    size_t n = 0;
    for (const mh_slice& slice : slices()) n += slice.n;
    return n;
  }

  // All bytes in one piece: where they were received when they lie in one slice, else in `scratch`.
  std::string_view Flat(std::string& scratch) const {
    if (slices().empty()) return {};
    if (slices().size() == 1) return Bytes(slices()[0]);
    CopyTo(scratch);
    return scratch;
  }

  void CopyTo(std::string& out) const {
    out.clear();
    out.reserve(size());
    for (const mh_slice& slice : slices()) out.append(Bytes(slice));
  }

 private:
  static std::string_view Bytes(const mh_slice& slice) {
    return {reinterpret_cast<const char*>(slice.p), slice.n};
  }

  const mh_msg* message_;
};

// One reference to a host block that holds an outbound message. Move only; any thread.
class Buffer final {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept : slice_(std::exchange(other.slice_, {})) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(slice_, other.slice_);
    return *this;
  }
  ~Buffer() { Reset(); }

  // A block of n bytes to be filled through `out`; empty when the host has no memory.
  static Buffer Allocate(const Host& host, size_t n, uint8_t** out) {
    Buffer buffer;
    if (host.table().alloc(host.instance(), n, out, &buffer.slice_) != MH_OK) buffer.slice_ = {};
    return buffer;
  }

  void Reset() {
    if (slice_.owner != nullptr) slice_.owner->release(slice_.owner);
    slice_ = {};
  }

  bool empty() const { return slice_.owner == nullptr; }
  // As one message with `flags`, borrowed from this buffer.
  mh_msg Message(uint32_t flags = 0) const { return {&slice_, empty() ? 0u : 1u, flags}; }

 private:
  mh_slice slice_ = {};
};

// Specialise for a type of your own:
//   static bool Read(const MessageView&, T&);            false: the bytes are not a T
//   static bool Write(const Host&, const T&, Buffer&);   false: cannot be written
template <class T>
struct Codec;

template <>
struct Codec<std::string> {
  static bool Read(const MessageView& message, std::string& out) {
    message.CopyTo(out);
    return true;
  }

  static bool Write(const Host& host, std::string_view bytes, Buffer& out) {
    out.Reset();
    if (bytes.empty()) return true;  // an empty buffer is an empty message
    uint8_t* to = nullptr;
    out = Buffer::Allocate(host, bytes.size(), &to);
    if (out.empty()) return false;
    std::memcpy(to, bytes.data(), bytes.size());
    return true;
  }
};

}  // namespace mh
