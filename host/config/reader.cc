// SPDX-License-Identifier: Apache-2.0
//
// Walks schema and document together. The schema leads, so that profile defaults and missing keys
// are seen; a second look at the document finds what the schema does not know. A bad value leaves
// the default in place and reading goes on: the aim is every error in one run.
#include "host/config/reader.h"

#include <algorithm>

#include "host/base/concat.h"
#include "host/config/free_form.h"
#include "host/config/key_value.h"
#include "host/config/nearest.h"

namespace meshhost {
namespace {

using Occurs = SchemaTable::Occurs;

// One read. Lives on the stack of ReadConfig.
class Reader final {
 public:
  Reader(const SchemaTable& root, const std::filesystem::path& directory, Config& config,
         ConfigErrors& errors)
      : root_(root), directory_(directory), config_(config), errors_(errors) {}

  void ReadRoot(const TomlNode& document) {
    ReadProfile(document);
    ReadTable(document, root_, &config_, {"", ""});
  }

 private:
  // `shown` is for people ("listener.tls"), `exact` tells items of an array apart
  // ("listener[1].tls").
  struct Path {
    std::string shown;
    std::string exact;

    Path Child(std::string_view name) const {
      const std::string_view dot = shown.empty() ? "" : ".";
      return {Concat({shown, dot, name}), Concat({exact, dot, name})};
    }
    Path Item(std::size_t index) const {
      return {shown, Concat({exact, "[", std::to_string(index), "]"})};
    }
  };

  void ReadProfile(const TomlNode& document);
  void ReadTable(const TomlNode& node, const SchemaTable& table, void* section, const Path& path);
  void ReadKey(const TomlNode* node, const SchemaKey& key, const TomlNode& parent, void* section,
               const Path& path);
  void ReadChild(const TomlNode& node, const SchemaTable& table, void* parent, const Path& path);
  void ReadMany(const TomlNode& node, const SchemaTable& table, void* parent, const Path& path);
  void UseProfileDefaults(const SchemaTable& table, void* section);
  void ReportUnknown(const TomlNode& node, const SchemaTable& table, const Path& path);
  std::string HintFor(std::string_view name, const SchemaTable& table) const;

  const SchemaTable& root_;
  const std::filesystem::path& directory_;
  Config& config_;
  ConfigErrors& errors_;
};

std::string Bracketed(std::string_view path, Occurs occurs) {
  if (path.empty()) return "the file";
  return occurs == Occurs::kMany ? Concat({"[[", path, "]]"}) : Concat({"[", path, "]"});
}

// Every other default depends on it. Its own errors are reported by the ordinary walk.
void Reader::ReadProfile(const TomlNode& document) {
  const TomlNode* host = document.Find("host");
  const TomlNode* profile = host == nullptr ? nullptr : host->Find("profile");
  if (profile == nullptr) return;
  ConfigErrors ignored("");
  const SchemaKey& key = *root_.FindTable("host")->FindKey("profile");
  if (auto value = ReadValue(key, *profile, "host.profile", ignored)) {
    (void)key.set(&config_.host, *value, {profile->position, directory_});
  }
}

void Reader::ReadTable(const TomlNode& node, const SchemaTable& table, void* section,
                       const Path& path) {
  UseProfileDefaults(table, section);
  for (const SchemaKey& key : table.keys) {
    ReadKey(node.Find(key.name), key, node, section, path.Child(key.name));
  }
  for (const SchemaTable& child : table.tables) {
    const TomlNode* found = node.Find(child.name);
    const Path child_path = path.Child(child.name);
    if (found != nullptr) {
      ReadChild(*found, child, section, child_path);
    } else if (child.occurs == Occurs::kOnce) {
      UseProfileDefaults(child, child.open(section, {}));
    }
  }
  for (const TomlNode& child : node.children) {
    const bool known = table.FindKey(child.key) != nullptr || table.FindTable(child.key) != nullptr;
    if (!known) ReportUnknown(child, table, path);
  }
}

void Reader::ReadKey(const TomlNode* node, const SchemaKey& key, const TomlNode& parent,
                     void* section, const Path& path) {
  if (node == nullptr) {
    if (!key.required) return;
    errors_.Add(parent.position, Concat({"missing key ", path.shown}),
                {FormatAllowed(key), "", ""});
    return;
  }
  config_.positions[path.exact] = node->position;
  const auto value = ReadValue(key, *node, path.shown, errors_);
  if (!value) return;
  const absl::Status status = key.set(section, *value, {node->position, directory_});
  if (status.ok()) return;
  errors_.Add(node->position, Concat({path.shown, ": ", std::string(status.message())}),
              {FormatAllowed(key), node->Describe(), ""});
}

void Reader::ReadChild(const TomlNode& node, const SchemaTable& table, void* parent,
                       const Path& path) {
  if (table.occurs == Occurs::kMany) return ReadMany(node, table, parent, path);
  if (node.type != TomlNode::Type::kTable) {
    const bool array_of_tables = node.type == TomlNode::Type::kArray && !node.children.empty() &&
                                 node.children[0].type == TomlNode::Type::kTable;
    errors_.Add(node.position, Concat({"wrong type of ", path.shown}),
                {Concat({"the table ", Bracketed(path.shown, table.occurs)}), node.Describe(),
                 array_of_tables ? "write single brackets" : ""});
    return;
  }
  config_.positions[path.exact] = node.position;
  void* section = table.open(parent, node.position);
  if (table.occurs != Occurs::kFreeForm) return ReadTable(node, table, section, path);
  *static_cast<std::string*>(section) = FreeFormToJson(node, path.shown, errors_);
}

void Reader::ReadMany(const TomlNode& node, const SchemaTable& table, void* parent,
                      const Path& path) {
  const auto is_table = [](const TomlNode& item) { return item.type == TomlNode::Type::kTable; };
  if (node.type != TomlNode::Type::kArray ||
      !std::all_of(node.children.begin(), node.children.end(), is_table)) {
    errors_.Add(node.position, Concat({"wrong type of ", path.shown}),
                {Concat({"tables ", Bracketed(path.shown, table.occurs)}), node.Describe(),
                 node.type == TomlNode::Type::kTable ? "write double brackets" : ""});
    return;
  }
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    const Path item_path = path.Item(i);
    config_.positions[item_path.exact] = node.children[i].position;
    void* section = table.open(parent, node.children[i].position);
    ReadTable(node.children[i], table, section, item_path);
  }
}

void Reader::UseProfileDefaults(const SchemaTable& table, void* section) {
  for (const SchemaKey& key : table.keys) {
    const auto& value = config_.host.profile == HostConfig::Profile::kEdge         ? key.edge
                        : config_.host.profile == HostConfig::Profile::kProduction ? key.production
                                                                                   : std::nullopt;
    if (value) (void)key.set(section, *value, {{}, directory_});
  }
}

void Reader::ReportUnknown(const TomlNode& node, const SchemaTable& table, const Path& path) {
  const bool is_table = node.type == TomlNode::Type::kTable ||
                        (node.type == TomlNode::Type::kArray && table.keys.empty());
  errors_.Add(node.position,
              Concat({is_table ? "unknown table " : "unknown key ", path.Child(node.key).shown}),
              {Concat({"a key of ", Bracketed(path.shown, table.occurs)}),
               Concat({"\"", node.key, "\""}), HintFor(node.key, table)});
}

// The nearest name in this table, or the table where exactly this name would be right.
std::string Reader::HintFor(std::string_view name, const SchemaTable& table) const {
  std::vector<std::string_view> names;
  for (const SchemaKey& key : table.keys) names.push_back(key.name);
  for (const SchemaTable& child : table.tables) names.push_back(child.name);
  const std::string_view nearest = Nearest(name, names);
  if (!nearest.empty()) return Concat({"did you mean \"", nearest, "\"?"});
  for (const SchemaTable& other : root_.tables) {
    if (other.FindKey(name) == nullptr && other.FindTable(name) == nullptr) continue;
    return Concat({"\"", name, "\" belongs in ", Bracketed(other.name, other.occurs)});
  }
  return "";
}

}  // namespace

void ReadConfig(const TomlNode& document, const SchemaTable& root,
                const std::filesystem::path& base_directory, Config& config, ConfigErrors& errors) {
  Reader(root, base_directory, config, errors).ReadRoot(document);
}

}  // namespace meshhost
