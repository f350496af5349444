// SPDX-License-Identifier: Apache-2.0
//
// mh.config/1: typed reads of the module's configuration.
#include "host/module/host_tables.h"

namespace meshhost {
namespace {

// All readers of ConfigTree have this shape.
template <typename T>
using Reader = mh_rc (ConfigTree::*)(std::string_view, T*) const;

template <typename T, Reader<T> kRead>
mh_rc Read(mh_instance* instance, mh_str path, T* to) {
  if (to == nullptr) return MH_INVALID;
  return Guarded(nullptr, [&] { return (From(instance).config().*kRead)(ToView(path), to); });
}

}  // namespace

const mh_config_1& ConfigTable() {
  static constexpr mh_config_1 kTable = {sizeof(mh_config_1),
                                         Read<mh_str, &ConfigTree::Text>,
                                         Read<std::int64_t, &ConfigTree::Integer>,
                                         Read<double, &ConfigTree::Real>,
                                         Read<std::int32_t, &ConfigTree::Boolean>,
                                         Read<std::size_t, &ConfigTree::Count>};
  return kTable;
}

}  // namespace meshhost
