// SPDX-License-Identifier: Apache-2.0
//
// Events of one call that wait for their turn: because the module's threads run them, or because
// module code is on the stack of the worker. Everything but messages is a flag, so a call that
// never waits pays nothing, and the order is fixed: the call itself, cancellations, messages,
// half-close, writable, end.
#pragma once

#include <cstdint>
#include <memory>

#include "host/module/held_message.h"

namespace meshhost {

// One event to run. Plain value.
struct CallEvent {
  enum class Kind : std::uint8_t { kNone, kCall, kCancel, kMessage, kHalfClose, kWritable, kEnd };

  Kind kind = Kind::kNone;
  std::uint32_t why = 0;     // kCancel
  bool has_message = false;  // kCall
  HeldMessage message;       // kCall, kMessage
};

// Not thread-safe: guarded by its ModuleCall.
class CallEvents final {
 public:
  CallEvents() = default;
  ~CallEvents();
  CallEvents(const CallEvents&) = delete;
  CallEvents& operator=(const CallEvents&) = delete;

  void AddCall(const Message* first);
  void AddMessage(const Message& message);
  void AddCancel(std::uint32_t why) { cancels_ |= std::uint8_t(1u << why); }
  void AddHalfClose() { half_close_ = true; }
  void AddWritable() { writable_ = true; }
  void AddEnd() { end_ = true; }

  // The next event, or kNone. `only_end`: drops everything else, because the module has finished.
  CallEvent Take(bool only_end);

 private:
  struct Node {
    explicit Node(const Message& held) : message(held) {}
    HeldMessage message;
    std::unique_ptr<Node> next;
  };

  CallEvent TakeMessage(CallEvent::Kind kind);
  void DropMessages();

  std::unique_ptr<Node> first_;
  Node* last_ = nullptr;
  std::uint8_t cancels_ = 0;  // bit per MH_WHY
  bool call_ = false;
  bool call_has_message_ = false;
  bool half_close_ = false;
  bool writable_ = false;
  bool end_ = false;
};

}  // namespace meshhost
