// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "meshhost/abi/config.h"

namespace meshhost {

// The JSON that an instance was created with, for mh.config/1. Owned by the ModuleInstance;
// immutable, any thread. Texts that it returns live as long as it does.
class ConfigTree final {
 public:
  // Text that is no JSON gives a tree without values.
  explicit ConfigTree(std::string_view json);
  ~ConfigTree();

  // path: JSON Pointer. MH_INVALID: malformed pointer or another type; MH_UNSUPPORTED: no value.
  mh_rc Text(std::string_view path, mh_str* to) const;
  mh_rc Integer(std::string_view path, std::int64_t* to) const;
  mh_rc Real(std::string_view path, double* to) const;
  mh_rc Boolean(std::string_view path, std::int32_t* to) const;
  mh_rc Count(std::string_view path, std::size_t* to) const;

 private:
  struct Tree;
  template <typename Read>
  mh_rc At(std::string_view path, Read&& read) const;

  std::unique_ptr<const Tree> tree_;
};

}  // namespace meshhost
