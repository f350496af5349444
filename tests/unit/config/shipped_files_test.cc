// SPDX-License-Identifier: Apache-2.0
//
// The files under config/: each loads, and reference.toml is complete in both directions. What is
// in the file but not in the schema fails to load; what is in the schema but not in the file is
// looked for key by key, with its default.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "host/config/document.h"
#include "host/config/key_value.h"
#include "host/config/load.h"
#include "host/config/print.h"
#include "host/config/schema.h"

namespace meshhost {
namespace {

const std::filesystem::path kFolder = MESHHOST_CONFIG_DIRECTORY;

std::string ReadFile(const std::string& name) {
  std::ifstream file(kFolder / name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::shared_ptr<const Config> Load(const std::string& name) {
  ConfigResult result = LoadConfig(kFolder / name, FileChecks::kOff);
  EXPECT_TRUE(result.ok()) << FormatErrors(result.errors);
  return result.ok() ? result.config : std::make_shared<const Config>();
}

TEST(ReferenceToml, Loads) { EXPECT_EQ(Load("reference.toml")->listeners.size(), 1u); }

// Each key of `table`, and of the tables inside, is written in `node` with its default.
void ExpectComplete(const SchemaTable& table, const TomlNode& node, void* section,
                    const std::string& path) {
  ConfigErrors errors("reference.toml");
  for (const SchemaKey& key : table.keys) {
    const std::string name = path + std::string(key.name);
    const TomlNode* written = node.Find(key.name);
    ASSERT_NE(written, nullptr) << name << " is not in reference.toml";
    const auto value = ReadValue(key, *written, name, errors);
    ASSERT_TRUE(value.has_value()) << name;
    if (!key.required) {
      EXPECT_EQ(FormatValue(key, *value), FormatValue(key, key.get(section))) << name;
    }
  }
  for (const SchemaTable& child : table.tables) {
    const std::string name = path + std::string(child.name);
    const TomlNode* written = node.Find(child.name);
    ASSERT_NE(written, nullptr) << name << " is not in reference.toml";
    const bool many = child.occurs == SchemaTable::Occurs::kMany;
    ASSERT_FALSE(many && written->children.empty()) << name;
    ExpectComplete(child, many ? written->children[0] : *written, child.open(section, {}),
                   name + ".");
  }
}

TEST(ReferenceToml, HasEveryKeyOfTheSchemaWithItsDefault) {
  ConfigErrors errors("reference.toml");
  const auto document = ParseDocument(ReadFile("reference.toml"), errors);
  ASSERT_TRUE(document.has_value());
  Config defaults;
  ExpectComplete(RootTable(), *document, &defaults, "");
}

// So that meaning, range, unit and hot or cold above each key are those of the schema. To mend it
// after a change of the schema, copy what this test prints.
TEST(ReferenceToml, IsWhatTheSchemaPrintsBelowItsOpeningComment) {
  const std::string text = ReadFile("reference.toml");
  const std::string printed = ToToml(*Load("reference.toml"), Comments::kReference);
  const std::size_t begin = text.find("\n\n") + 2;
  EXPECT_EQ(text.substr(begin), printed) << printed;
  std::istringstream opening(text.substr(0, begin - 1));
  for (std::string line; std::getline(opening, line);) EXPECT_EQ(line.substr(0, 1), "#") << line;
}

TEST(DevToml, ServesThePortsThatTheReadmeNames) {
  const auto config = Load("dev.toml");
  ASSERT_EQ(config->listeners.size(), 2u);
  EXPECT_EQ(config->listeners[0].address.ToString(), "127.0.0.1:8080");
  EXPECT_EQ(config->listeners[1].address.ToString(), "127.0.0.1:8443");
  ASSERT_TRUE(config->listeners[1].tls.has_value());
  EXPECT_EQ(config->listeners[1].tls->client_auth, TlsConfig::ClientAuth::kRequest);
  EXPECT_EQ(config->admin.address.ToString(), "127.0.0.1:9901");
  EXPECT_EQ(config->drain.delay, ConfigDuration(0));
  std::vector<std::string> modules;
  for (const ModuleConfig& module : config->modules) modules.push_back(module.name);
  EXPECT_EQ(modules, (std::vector<std::string>{"catalog", "echo", "interop"}));
}

// What a fresh installation of the Debian package serves, before anybody edits anything.
TEST(MeshhostToml, IsReachedFromThisMachineOnlyAndNeedsNothing) {
  const auto config = Load("meshhost.toml");
  ASSERT_EQ(config->listeners.size(), 1u);
  EXPECT_EQ(config->listeners[0].address.ToString(), "127.0.0.1:8080");
  EXPECT_FALSE(config->listeners[0].tls.has_value());
  EXPECT_EQ(config->admin.address.ToString(), "127.0.0.1:9901");
  EXPECT_TRUE(config->modules.empty());
  EXPECT_EQ(config->host.run_directory, "/var/cache/meshhost");
}

TEST(DevToml, KeepsWhatItMakesUnderBuild) {
  const auto config = Load("dev.toml");
  const std::string build = (kFolder.parent_path() / "build").string() + "/";
  EXPECT_TRUE(config->host.run_directory.starts_with(build)) << config->host.run_directory;
  EXPECT_TRUE(config->listeners[1].tls->key.path.starts_with(build));
  for (const ModuleConfig& module : config->modules) {
    EXPECT_TRUE(module.path.path.starts_with(build)) << module.path.path;
  }
}

}  // namespace
}  // namespace meshhost
