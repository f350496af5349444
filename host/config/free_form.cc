// SPDX-License-Identifier: Apache-2.0
#include "host/config/free_form.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "host/base/concat.h"

namespace meshhost {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 6> kSecretWords = {"password",   "passphrase",  "secret",
                                                          "credential", "private_key", "token"};
constexpr const char* kMask = "***";

Json Convert(const TomlNode& node, const std::string& path, ConfigErrors& errors) {
  switch (node.type) {
    case TomlNode::Type::kBoolean:
      return node.boolean;
    case TomlNode::Type::kInteger:
      return node.integer;
    case TomlNode::Type::kFloat:
      if (!std::isfinite(node.floating)) {
        errors.Add(node.position, Concat({path, " cannot be handed to the module as JSON"}),
                   {"a finite number", node.Describe(), ""});
      }
      return node.floating;
    case TomlNode::Type::kString:
    case TomlNode::Type::kDate:
      return node.text;
    case TomlNode::Type::kArray: {
      Json array = Json::array();
      for (const TomlNode& item : node.children) array.push_back(Convert(item, path, errors));
      return array;
    }
    case TomlNode::Type::kTable: {
      Json object = Json::object();
      for (const TomlNode& child : node.children) {
        object[child.key] = Convert(child, Concat({path, ".", child.key}), errors);
      }
      return object;
    }
  }
  return nullptr;
}

bool SpeaksOfSecret(std::string name) {
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '-') c = '_';
  }
  return std::any_of(kSecretWords.begin(), kSecretWords.end(),
                     [&name](std::string_view word) { return name.find(word) != name.npos; });
}

void Mask(Json& value) {
  if (value.is_array()) {
    for (Json& item : value) Mask(item);
  }
  if (!value.is_object()) return;
  for (auto& [name, item] : value.items()) {
    if (SpeaksOfSecret(name)) {
      item = kMask;
    } else {
      Mask(item);
    }
  }
}

}  // namespace

std::string FreeFormToJson(const TomlNode& table, std::string_view path, ConfigErrors& errors) {
  return Convert(table, std::string(path), errors).dump();
}

std::string MaskSecrets(const std::string& json) {
  Json value = Json::parse(json);
  Mask(value);
  return value.dump();
}

}  // namespace meshhost
