// SPDX-License-Identifier: Apache-2.0
//
// mh.grpc/1, mh.http/1, mh.ws/1: what a module serves.
#include <cstddef>

#include "host/module/host_tables.h"

namespace meshhost {
namespace {

constexpr std::size_t kMethodSizeV1 = offsetof(mh_method, ud) + sizeof(void*);
constexpr std::size_t kMaxMethods = 10000;

mh_rc Closed(const ModuleInstance& module, mh_err* err) {
  if (module.gone()) return Fail(err, MH_GONE, "this generation is retired");
  return Fail(err, MH_INVALID, "registration is open only inside create() and start()");
}

// Both sides may have been compiled with longer structs than the other knows.
bool ReadMethod(const void* from, mh_method* to) {
  std::uint32_t size;
  std::memcpy(&size, from, sizeof(size));
  if (size < kMethodSizeV1) return false;
  *to = {};
  std::memcpy(to, from, std::min<std::size_t>(size, sizeof(*to)));
  return true;
}

mh_rc Descriptors(mh_instance* instance, const void* set, std::size_t n, mh_err* err) {
  ModuleInstance& module = From(instance);
  if (!module.may_register()) return Closed(module, err);
  if (set == nullptr) return Fail(err, MH_INVALID, "descriptors: NULL");
  return Guarded(err, [&] {
    return ToRc(module.mutable_registration().AddDescriptors({static_cast<const char*>(set), n}),
                err);
  });
}

mh_rc Service(mh_instance* instance, mh_str name, const mh_method* methods, std::size_t n,
              std::size_t stride, mh_err* err) {
  ModuleInstance& module = From(instance);
  if (!module.may_register()) return Closed(module, err);
  if (n > kMaxMethods || (n > 0 && (methods == nullptr || stride < kMethodSizeV1))) {
    return Fail(err, MH_INVALID, "service: malformed list of methods");
  }
  return Guarded(err, [&] {
    std::vector<mh_method> read(n);
    const auto* at = reinterpret_cast<const std::uint8_t*>(methods);
    for (mh_method& method : read) {
      if (!ReadMethod(at, &method)) return Fail(err, MH_INVALID, "service: mh_method too short");
      at += stride;
    }
    return ToRc(module.mutable_registration().AddService(ToView(name), read), err);
  });
}

mh_rc Health(mh_instance* instance, mh_str service, std::int32_t serving) {
  ModuleInstance& module = From(instance);
  if (module.gone()) return MH_GONE;
  return Guarded(nullptr, [&] {
    module.SetHealth(ToView(service), serving != 0);
    return MH_OK;
  });
}

mh_rc Route(mh_instance* instance, mh_str verb, mh_str pattern, const mh_method* method,
            mh_err* err) {
  ModuleInstance& module = From(instance);
  if (!module.may_register()) return Closed(module, err);
  mh_method read;
  if (method == nullptr || !ReadMethod(method, &read)) {
    return Fail(err, MH_INVALID, "route: malformed mh_method");
  }
  return Guarded(err, [&] {
    return ToRc(module.mutable_registration().AddRoute(ToView(verb), ToView(pattern), read), err);
  });
}

mh_rc WebSocketRoute(mh_instance* instance, mh_str pattern, mh_str subprotocols,
                     const mh_method* method, mh_err* err) {
  ModuleInstance& module = From(instance);
  if (!module.may_register()) return Closed(module, err);
  mh_method read;
  if (method == nullptr || !ReadMethod(method, &read)) {
    return Fail(err, MH_INVALID, "route: malformed mh_method");
  }
  return Guarded(err, [&] {
    return ToRc(
        module.mutable_registration().AddWebSocket(ToView(pattern), ToView(subprotocols), read),
        err);
  });
}

}  // namespace

const mh_grpc_1& GrpcTable() {
  static constexpr mh_grpc_1 kTable = {sizeof(mh_grpc_1), Descriptors, Service, Health};
  return kTable;
}

const mh_http_1& HttpTable() {
  static constexpr mh_http_1 kTable = {sizeof(mh_http_1), Route};
  return kTable;
}

const mh_ws_1& WebSocketTable() {
  static constexpr mh_ws_1 kTable = {sizeof(mh_ws_1), WebSocketRoute};
  return kTable;
}

}  // namespace meshhost
