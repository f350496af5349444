// SPDX-License-Identifier: Apache-2.0
#include "host/config/diff.h"

#include <map>

#include "host/base/concat.h"
#include "host/config/config_error.h"
#include "host/config/free_form.h"
#include "host/config/schema.h"

namespace meshhost {
namespace {

using Occurs = SchemaTable::Occurs;

// The tables of one [[name]], in their order, by what tells them apart.
struct Items {
  std::vector<std::string> names;
  std::map<std::string, std::pair<const void*, std::size_t>> by_name;  // and place in the file
};

std::string NameOf(const SchemaTable& table, const void* section, std::size_t index) {
  for (const SchemaKey& key : table.keys) {
    if (!key.required || key.kind != ValueKind::kText) continue;
    const ConfigValue name = key.get(section);
    if (key.name == "name" || key.name == "match") return std::get<std::string>(name);
  }
  return std::to_string(index);
}

Items ItemsOf(const SchemaTable& table, const void* parent) {
  Items items;
  const std::vector<const void*> sections =
      parent == nullptr ? std::vector<const void*>() : table.items(parent);
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const std::string name =
        table.occurs == Occurs::kMany ? NameOf(table, sections[i], i) : std::string();
    if (items.by_name.emplace(name, std::make_pair(sections[i], i)).second) {
      items.names.push_back(name);
    }
  }
  return items;
}

// One comparison. Lives on the stack of Diff.
class Comparison final {
 public:
  explicit Comparison(const Config& after) : after_(after) {}

  // `place`: the path of `after` in the file, with indices, as Config::Where wants it.
  void Tables(const std::vector<SchemaTable>& tables, const void* before, const void* after,
              const std::string& path, const std::string& place) {
    for (const SchemaTable& table : tables) {
      const Items old_items = ItemsOf(table, before);
      const Items new_items = ItemsOf(table, after);
      for (const std::string& name : old_items.names) {
        if (!new_items.by_name.contains(name)) Add(Join(path, table, name), "present", "", place);
      }
      for (const std::string& name : new_items.names) {
        const auto [section, index] = new_items.by_name.at(name);
        const std::string here =
            Concat({place, place.empty() ? "" : ".", table.name,
                    table.occurs == Occurs::kMany ? Concat({"[", std::to_string(index), "]"})
                                                  : std::string()});
        const auto old = old_items.by_name.find(name);
        if (old == old_items.by_name.end()) {
          Add(Join(path, table, name), "", "present", here);
        } else {
          Table(table, old->second.first, section, Join(path, table, name), here);
        }
      }
    }
  }

  std::vector<ConfigChange> Take() { return std::move(changes_); }

 private:
  static std::string Join(const std::string& path, const SchemaTable& table,
                          const std::string& name) {
    return Concat({path, path.empty() ? "" : ".", table.name, name.empty() ? "" : ".", name});
  }

  void Add(std::string key, std::string before, std::string after, const std::string& place,
           Reload reload = Reload::kHot) {
    changes_.push_back(
        {std::move(key), std::move(before), std::move(after), reload, after_.Where(place)});
  }

  void Table(const SchemaTable& table, const void* before, const void* after,
             const std::string& path, const std::string& place) {
    if (table.occurs == Occurs::kFreeForm) {
      const auto& old_text = *static_cast<const std::string*>(before);
      const auto& new_text = *static_cast<const std::string*>(after);
      if (old_text != new_text) Add(path, MaskSecrets(old_text), MaskSecrets(new_text), place);
      return;
    }
    for (const SchemaKey& key : table.keys) {
      const ConfigValue old_value = key.get(before);
      const ConfigValue new_value = key.get(after);
      if (old_value == new_value) continue;
      Add(Concat({path, ".", key.name}), FormatValue(key, old_value), FormatValue(key, new_value),
          Concat({place, ".", key.name}), key.reload);
    }
    Tables(table.tables, before, after, path, place);
  }

  const Config& after_;
  std::vector<ConfigChange> changes_;
};

}  // namespace

std::vector<ConfigChange> Diff(const Config& before, const Config& after) {
  Comparison comparison(after);
  const SchemaTable root = RootTable();
  comparison.Tables(root.tables, &before, &after, "", "");
  return comparison.Take();
}

absl::Status CheckAllHot(const std::vector<ConfigChange>& changes, const std::string& file) {
  for (const ConfigChange& change : changes) {
    if (change.reload == Reload::kHot) continue;
    return StatusAt(
        file, change.position,
        absl::FailedPreconditionError(Concat({change.key, " takes a restart: it is ", change.before,
                                              ", the file has ", change.after})));
  }
  return absl::OkStatus();
}

}  // namespace meshhost
