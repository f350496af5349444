// SPDX-License-Identifier: Apache-2.0
#include "host/config/schema_table.h"

#include <algorithm>

namespace meshhost {

const SchemaKey* SchemaTable::FindKey(std::string_view key_name) const {
  const auto found = std::find_if(
      keys.begin(), keys.end(), [key_name](const SchemaKey& key) { return key.name == key_name; });
  return found == keys.end() ? nullptr : &*found;
}

const SchemaTable* SchemaTable::FindTable(std::string_view table_name) const {
  const auto found =
      std::find_if(tables.begin(), tables.end(),
                   [table_name](const SchemaTable& table) { return table.name == table_name; });
  return found == tables.end() ? nullptr : &*found;
}

}  // namespace meshhost
