// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "host/config/free_form.h"
#include "host/config/print.h"
#include "host/config/schema.h"

namespace meshhost {
namespace {

using Json = nlohmann::ordered_json;
using Occurs = SchemaTable::Occurs;

// Sizes and durations keep their unit: a bare number would need a key name that says it.
Json ValueToJson(const SchemaKey& key, const ConfigValue& value) {
  const auto* number = std::get_if<std::uint64_t>(&value);
  if (number != nullptr && key.kind != ValueKind::kCount) return FormatNumber(key.kind, *number);
  return std::visit([](const auto& plain) { return Json(plain); }, value);
}

Json TableToJson(const SchemaTable& table, const void* section);

void AddTables(const std::vector<SchemaTable>& tables, const void* parent, Json& object) {
  for (const SchemaTable& table : tables) {
    const std::string name(table.name);
    if (table.occurs == Occurs::kMany) object[name] = Json::array();
    for (const void* section : table.items(parent)) {
      if (table.occurs == Occurs::kMany) {
        object[name].push_back(TableToJson(table, section));
      } else {
        object[name] = TableToJson(table, section);
      }
    }
  }
}

Json TableToJson(const SchemaTable& table, const void* section) {
  if (table.occurs == Occurs::kFreeForm) {
    return Json::parse(MaskSecrets(*static_cast<const std::string*>(section)));
  }
  Json object = Json::object();
  for (const SchemaKey& key : table.keys) {
    object[std::string(key.name)] = ValueToJson(key, key.get(section));
  }
  AddTables(table.tables, section, object);
  return object;
}

}  // namespace

std::string ToJson(const Config& config) {
  Json object = Json::object();
  AddTables(RootTable().tables, &config, object);
  return object.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace meshhost
