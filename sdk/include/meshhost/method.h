// SPDX-License-Identifier: Apache-2.0
//
// How a method or route runs, and [skin] the operations behind the handler signatures of grpc.h,
// http.h and websocket.h.
#pragma once

#include <meshhost/module.h>
#include <meshhost/stream.h>

#include <concepts>
#include <memory>
#include <string_view>
#include <utility>

namespace mh {

enum class Exec : uint32_t {
  kPool = MH_EXEC_POOL,      // threads of the module; may block (files, databases)
  kInline = MH_EXEC_INLINE,  // the connection's worker; fastest; must not block
};

// Last argument of every registration: {.exec = mh::Exec::kInline}.
struct MethodOptions {
  Exec exec = Exec::kPool;
  uint32_t max_in_flight = 0;  // 0: no limit of its own
  uint32_t max_message = 0;    // bytes of one request message or body; 0: the host's default
};

namespace detail {

template <class Handler>
mh_method MakeMethod(std::string_view name, uint32_t kind, const MethodOptions& options,
                     Handler* handler) {
  mh_method method = {};
  method.size = sizeof(method);
  method.kind = kind;
  method.name = Str(name);
  method.exec = static_cast<uint32_t>(options.exec);
  method.max_in_flight = options.max_in_flight;
  method.max_message = options.max_message;
  method.on_call = &Handler::OnCall;
  method.ud = handler;
  return method;
}

// One side of a call: a whole message, or a Reader, Writer or Stream on the state.
template <class End>
inline constexpr bool kStreams = std::constructible_from<End, CallState*>;

template <class End>
End MakeEnd(CallState* state) {
  if constexpr (kStreams<End>) {
    return End(state);
  } else {
    (void)state;
    return End();
  }
}

struct Nothing {};

// One running coroutine handler with its two ends.
template <class In, class Out>
class Operation final : public CallState {
 public:
  Operation(const Host& host, mh_call* handle, uint32_t kind)
      : CallState(host, handle, kind), in(MakeEnd<In>(this)), out(MakeEnd<Out>(this)) {}

  In in;
  Out out;

 private:
  Status Complete(Status status, Buffer& last) override {
    if constexpr (!kStreams<Out> && !std::same_as<Out, Nothing>) {
      has_last_ = true;
      if (status.ok() && !Codec<Out>::Write(host(), out, last)) {
        return ResourceExhausted("the response cannot be written");
      }
    }
    (void)last;
    return status;
  }
};

// Refuses a call before a handler saw it.
inline void Refuse(const Host& host, mh_call* handle, const Status& status) noexcept {
  Call call(host, handle);
  call.Finish(status, nullptr);
}

// Runs `body` (which may throw only for lack of memory) or ends the call.
template <class Body>
void StartGuarded(const Host& host, mh_call* handle, Body body) noexcept {
  const Status started = Guarded(host, body);
  if (!started.ok()) Refuse(host, handle, started);
}

// Binds a state and starts its coroutine; from then on the host and the coroutine own the state.
template <class State, class Make>
Status Launch(std::unique_ptr<State> state, Make make) {
  if (!state->Bind()) return Internal("the host refused to bind the call");
  State* running = state.release();
  running->Run([&] { return make(*running); });
  return Status();
}

}  // namespace detail

}  // namespace mh
