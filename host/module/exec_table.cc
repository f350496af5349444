// SPDX-License-Identifier: Apache-2.0
//
// mh.exec/1: work on threads that the host counts and joins.
#include "host/module/host_tables.h"
#include "host/module/module_timer.h"

namespace meshhost {
namespace {

mh_rc Post(mh_instance* instance, void (*fn)(void*), void* arg) {
  if (fn == nullptr) return MH_INVALID;
  return Guarded(nullptr, [&] { return From(instance).Post(fn, arg); });
}

mh_rc AddTimer(mh_instance* instance, std::uint64_t after_ns, std::uint64_t every_ns,
               void (*fn)(void*), void* arg, mh_timer** out) {
  if (fn == nullptr) return MH_INVALID;
  ModuleInstance& module = From(instance);
  if (module.gone()) return MH_GONE;
  return Guarded(nullptr, [&] {
    return module.pool().AddTimer(after_ns, every_ns, fn, arg, out) ? MH_OK : MH_GONE;
  });
}

mh_rc CancelTimer(mh_timer* timer) {
  if (timer == nullptr) return MH_INVALID;
  auto* own = static_cast<ModuleTimer*>(timer);
  return own->pool.CancelTimer(own);
}

mh_rc StartThread(mh_instance* instance, mh_str name, void (*fn)(void*), void* arg,
                  mh_thread** out) {
  if (fn == nullptr) return MH_INVALID;
  ModuleInstance& module = From(instance);
  if (module.gone()) return MH_GONE;
  return Guarded(nullptr, [&] {
    module.threads().Start(std::string(ToView(name)), fn, arg, out);
    return MH_OK;
  });
}

mh_rc JoinThread(mh_thread* thread) {
  return thread == nullptr ? MH_INVALID : ModuleThreads::Join(thread);
}

}  // namespace

const mh_exec_1& ExecTable() {
  static constexpr mh_exec_1 kTable = {sizeof(mh_exec_1), Post,        AddTimer,
                                       CancelTimer,       StartThread, JoinThread};
  return kTable;
}

}  // namespace meshhost
