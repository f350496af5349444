// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "host/base/concat.h"
#include "host/config/free_form.h"
#include "host/config/print.h"
#include "host/config/schema.h"
#include "host/config/toml_text.h"

namespace meshhost {
namespace {

using Json = nlohmann::ordered_json;
using Occurs = SchemaTable::Occurs;

std::string InlineToml(const Json& value) {
  if (value.is_string()) return QuoteToml(value.get_ref<const std::string&>());
  if (!value.is_structured()) return value.dump();
  std::string list;
  for (const auto& [name, item] : value.items()) {
    if (!list.empty()) list += ", ";
    if (value.is_object()) list += TomlKey(name) + " = ";
    list += InlineToml(item);
  }
  return value.is_object() ? Concat({"{", list, "}"}) : Concat({"[", list, "]"});
}

// One printing. Lives on the stack of ToToml.
class TomlPrinter final {
 public:
  explicit TomlPrinter(Comments comments) : comments_(comments) {}

  void PrintTables(const std::vector<SchemaTable>& tables, const void* parent,
                   const std::string& path) {
    for (const SchemaTable& table : tables) {
      for (const void* section : table.items(parent)) {
        PrintTable(table, section,
                   path.empty() ? std::string(table.name) : Concat({path, ".", table.name}));
      }
    }
  }

  std::string Take() { return std::move(out_); }

 private:
  void PrintTable(const SchemaTable& table, const void* section, const std::string& path) {
    if (!out_.empty()) out_ += "\n";
    if (Explains(&table)) out_ += Concat({"# ", table.description, "\n"});
    const bool many = table.occurs == Occurs::kMany;
    out_ += Concat({many ? "[[" : "[", path, many ? "]]\n" : "]\n"});
    if (table.occurs == Occurs::kFreeForm) {
      PrintFreeForm(*static_cast<const std::string*>(section));
    }
    for (const SchemaKey& key : table.keys) PrintKey(key, section);
    PrintTables(table.tables, section, path);
  }

  void PrintKey(const SchemaKey& key, const void* section) {
    if (Explains(&key)) out_ += Concat({"# ", key.description, " ", Facts(key), "\n"});
    out_ += Concat({key.name, " = ", FormatValue(key, key.get(section)), "\n"});
  }

  static std::string Facts(const SchemaKey& key) {
    std::string facts = FormatAllowed(key);
    if (key.edge) facts += Concat({"; edge: ", FormatValue(key, *key.edge)});
    if (key.production) facts += Concat({"; production: ", FormatValue(key, *key.production)});
    return Concat({"[", facts, key.required ? "; required" : "",
                   key.reload == Reload::kHot ? "; hot]" : "; cold]"});
  }

  void PrintFreeForm(const std::string& json) {
    const Json settings = Json::parse(MaskSecrets(json));
    for (const auto& [name, value] : settings.items()) {
      out_ += Concat({TomlKey(name), " = ", InlineToml(value), "\n"});
    }
  }

  // Comments stand at the first of several equal tables only.
  bool Explains(const void* part) {
    return comments_ == Comments::kReference && explained_.insert(part).second;
  }

  Comments comments_;
  std::string out_;
  std::set<const void*> explained_;
};

}  // namespace

std::string ToToml(const Config& config, Comments comments) {
  const SchemaTable root = RootTable();
  TomlPrinter printer(comments);
  printer.PrintTables(root.tables, &config, "");
  return printer.Take();
}

std::string TablesToToml(const Config& config, std::span<const std::string_view> tables) {
  SchemaTable root = RootTable();
  std::erase_if(root.tables, [tables](const SchemaTable& table) {
    return std::find(tables.begin(), tables.end(), table.name) == tables.end();
  });
  TomlPrinter printer(Comments::kNone);
  printer.PrintTables(root.tables, &config, "");
  return printer.Take();
}

}  // namespace meshhost
