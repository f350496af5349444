// SPDX-License-Identifier: Apache-2.0
//
// The tables of function pointers that the host hands to modules: the C face of ModuleInstance. One
// file per interface, none of them with logic of its own: they turn ABI values into ours, call, and
// turn the result back. No exception passes them.
#pragma once

#include <algorithm>
#include <cstring>
#include <exception>
#include <string_view>

#include "absl/status/status.h"
#include "host/module/module_instance.h"
#include "meshhost/abi/config.h"
#include "meshhost/abi/exec.h"
#include "meshhost/abi/grpc.h"
#include "meshhost/abi/http.h"
#include "meshhost/abi/metrics.h"
#include "meshhost/abi/module.h"
#include "meshhost/abi/ws.h"

namespace meshhost {

// Static storage, the same for all instances.
const mh_host& HostTable();
const mh_grpc_1& GrpcTable();
const mh_http_1& HttpTable();
const mh_ws_1& WebSocketTable();
const mh_exec_1& ExecTable();
const mh_metrics_1& MetricsTable();
const mh_config_1& ConfigTable();

inline ModuleInstance& From(mh_instance* instance) {
  return *static_cast<ModuleInstance*>(instance);
}

// Fills what the module gave room for, and returns rc.
inline mh_rc Fail(mh_err* err, mh_rc rc, std::string_view text) {
  if (err == nullptr) return rc;
  err->code = rc;
  const std::size_t room = sizeof(err->text) - 1;
  const std::size_t n = std::min(text.size(), room);
  std::memcpy(err->text, text.data(), n);
  err->text[n] = '\0';
  return rc;
}

inline mh_rc ToRc(const absl::Status& status, mh_err* err) {
  if (status.ok()) return MH_OK;
  const mh_rc rc = absl::IsAlreadyExists(status) ? MH_CONFLICT : MH_INVALID;
  return Fail(err, rc, {status.message().data(), status.message().size()});
}

// Runs a host function for a module; what it throws (no memory) becomes MH_FAILED.
template <typename Fn>
mh_rc Guarded(mh_err* err, Fn&& fn) noexcept {
  try {
    return fn();
  } catch (const std::exception& error) {
    return Fail(err, MH_FAILED, error.what());
  }
}

}  // namespace meshhost
