// SPDX-License-Identifier: Apache-2.0
//
// Tables of keys, as schema_key.h has the keys: the struct, and one builder for each way that a
// table can occur in the file.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/config/position.h"
#include "host/config/schema_key.h"

namespace meshhost {

// One TOML table: its keys, the tables inside it, and how it finds its struct in its parent's.
// Immutable once RootTable() has built it, owned by its parent; any thread.
struct SchemaTable {
  enum class Occurs {
    kOnce,      // [name]; absent means all defaults
    kOptional,  // [name]; absent means std::nullopt
    kMany,      // [[name]]
    kFreeForm,  // [name] with keys of its own choosing, kept as JSON text
  };

  std::string_view name;
  Occurs occurs = Occurs::kOnce;
  std::string_view description;
  std::vector<SchemaKey> keys;
  std::vector<SchemaTable> tables;
  // Finds, creates or appends the struct (std::string for kFreeForm) inside that of the parent.
  std::function<void*(void* parent, Position position)> open;
  // All there are, for printing.
  std::function<std::vector<const void*>(const void* parent)> items;

  const SchemaKey* FindKey(std::string_view key_name) const;
  const SchemaTable* FindTable(std::string_view table_name) const;
};

using Keys = std::vector<SchemaKey>;

template <class Parent, class Section>
SchemaTable OnceTable(std::string_view name, Section Parent::*member, std::string_view text,
                      Keys keys) {
  SchemaTable table{name, SchemaTable::Occurs::kOnce, text, std::move(keys)};
  table.open = [member](void* parent, Position) -> void* {
    return &(static_cast<Parent*>(parent)->*member);
  };
  table.items = [member](const void* parent) {
    return std::vector<const void*>{&(static_cast<const Parent*>(parent)->*member)};
  };
  return table;
}

template <class Parent>
SchemaTable FreeFormTable(std::string_view name, std::string Parent::*member,
                          std::string_view text) {
  SchemaTable table = OnceTable(name, member, text, {});
  table.occurs = SchemaTable::Occurs::kFreeForm;
  return table;
}

template <class Parent, class Section>
SchemaTable OptionalTable(std::string_view name, std::optional<Section> Parent::*member,
                          std::string_view text, Keys keys, std::vector<SchemaTable> tables) {
  SchemaTable table{name, SchemaTable::Occurs::kOptional, text, std::move(keys), std::move(tables)};
  table.open = [member](void* parent, Position position) -> void* {
    Section& section = (static_cast<Parent*>(parent)->*member).emplace();
    section.position = position;
    return &section;
  };
  table.items = [member](const void* parent) {
    const auto& section = static_cast<const Parent*>(parent)->*member;
    return section ? std::vector<const void*>{&*section} : std::vector<const void*>();
  };
  return table;
}

template <class Parent, class Section>
SchemaTable ManyTable(std::string_view name, std::vector<Section> Parent::*member,
                      std::string_view text, Keys keys, std::vector<SchemaTable> tables = {}) {
  SchemaTable table{name, SchemaTable::Occurs::kMany, text, std::move(keys), std::move(tables)};
  table.open = [member](void* parent, Position position) -> void* {
    Section& section = (static_cast<Parent*>(parent)->*member).emplace_back();
    section.position = position;
    return &section;
  };
  table.items = [member](const void* parent) {
    std::vector<const void*> items;
    for (const Section& section : static_cast<const Parent*>(parent)->*member) {
      items.push_back(&section);
    }
    return items;
  };
  return table;
}

}  // namespace meshhost
