// SPDX-License-Identifier: Apache-2.0
#include "host/module/call_ops.h"

#include "host/module/module_call.h"

namespace meshhost {
namespace {

ModuleCall& CallFrom(mh_call* call) { return *static_cast<ModuleCall*>(call); }

// Of a retired generation: nothing that it asks for is done any more. Facts can still be read.
bool IsGone(mh_call* call) { return CallFrom(call).gone(); }

const mh_call_info* Info(mh_call* call) { return CallFrom(call).Info(); }

mh_rc Bind(mh_call* call, const mh_call_events* events, void* ud) {
  if (events == nullptr || events->size < sizeof(events->size)) return MH_INVALID;
  return IsGone(call) ? MH_GONE : CallFrom(call).Bind(*events, ud);
}

mh_rc Pull(mh_call* call, std::uint32_t messages) {
  return IsGone(call) ? MH_GONE : CallFrom(call).Pull(messages);
}

mh_rc SendHeaders(mh_call* call, std::int32_t code, const mh_kv* fields, std::size_t n) {
  if (n > 0 && fields == nullptr) return MH_INVALID;
  return IsGone(call) ? MH_GONE : CallFrom(call).SendHeaders(code, fields, n);
}

mh_rc Send(mh_call* call, const mh_msg* message, std::uint32_t flags) {
  // No flag is defined in v1.0: a set bit asks for something that this host cannot do.
  if (message == nullptr || flags != 0) return MH_INVALID;
  return IsGone(call) ? MH_GONE : CallFrom(call).Send(*message);
}

mh_rc Finish(mh_call* call, const mh_msg* last, const mh_status* status) {
  return IsGone(call) ? MH_GONE : CallFrom(call).Finish(last, status);
}

std::uint32_t Cancelled(mh_call* call) { return CallFrom(call).cancelled(); }

}  // namespace

const mh_call_ops& CallOps() {
  static constexpr mh_call_ops kOps = {sizeof(mh_call_ops), Info, Bind,   Pull,
                                       SendHeaders,         Send, Finish, Cancelled};
  return kOps;
}

}  // namespace meshhost
