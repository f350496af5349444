// SPDX-License-Identifier: Apache-2.0
#include "host/module/config_tree.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "host/call/buffer.h"

namespace meshhost {

struct ConfigTree::Tree {
  nlohmann::json root;
};

ConfigTree::ConfigTree(std::string_view json)
    : tree_(new Tree{nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false)}) {}

ConfigTree::~ConfigTree() = default;

template <typename Read>
mh_rc ConfigTree::At(std::string_view path, Read&& read) const {
  try {
    const nlohmann::json::json_pointer pointer{std::string(path)};
    if (!tree_->root.contains(pointer)) return MH_UNSUPPORTED;
    return read(tree_->root.at(pointer)) ? MH_OK : MH_INVALID;
  } catch (const nlohmann::json::parse_error&) {
    return MH_INVALID;
  } catch (const nlohmann::json::exception&) {
    return MH_UNSUPPORTED;
  }
}

mh_rc ConfigTree::Text(std::string_view path, mh_str* to) const {
  return At(path, [to](const nlohmann::json& value) {
    if (!value.is_string()) return false;
    *to = ToAbi(value.get_ref<const std::string&>());
    return true;
  });
}

mh_rc ConfigTree::Integer(std::string_view path, std::int64_t* to) const {
  return At(path, [to](const nlohmann::json& value) {
    constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (!value.is_number_integer()) return false;
    if (value.is_number_unsigned() && value.get<std::uint64_t>() > kMost) return false;
    *to = value.get<std::int64_t>();
    return true;
  });
}

mh_rc ConfigTree::Real(std::string_view path, double* to) const {
  return At(path, [to](const nlohmann::json& value) {
    if (!value.is_number()) return false;
    *to = value.get<double>();
    return true;
  });
}

mh_rc ConfigTree::Boolean(std::string_view path, std::int32_t* to) const {
  return At(path, [to](const nlohmann::json& value) {
    if (!value.is_boolean()) return false;
    *to = value.get<bool>() ? 1 : 0;
    return true;
  });
}

mh_rc ConfigTree::Count(std::string_view path, std::size_t* to) const {
  return At(path, [to](const nlohmann::json& value) {
    if (!value.is_structured()) return false;
    *to = value.size();
    return true;
  });
}

}  // namespace meshhost
