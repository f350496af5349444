// SPDX-License-Identifier: Apache-2.0
//
// Text, to tree (document.h), to Config by the schema (reader.h), to checked Config (validate.h).
// Each step runs on what the one before could make of the file, so that all errors come at once;
// only text that is not TOML at all stops at the first.
#include "host/config/load.h"

#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>

#include "host/base/concat.h"
#include "host/config/document.h"
#include "host/config/reader.h"
#include "host/config/schema.h"
#include "host/config/validate.h"

namespace meshhost {
namespace {

ConfigResult Unreadable(const std::filesystem::path& path, const std::string& why) {
  ConfigErrors errors(path.string());
  errors.Add({1, 1}, Concat({"cannot read the configuration: ", why}));
  return {nullptr, errors.Take()};
}

}  // namespace

ConfigResult ParseConfig(std::string_view text, std::string_view file_name,
                         const std::filesystem::path& base_directory, FileChecks file_checks) {
  ConfigErrors errors{std::string(file_name)};
  const std::optional<TomlNode> document = ParseDocument(text, errors);
  if (!document) return {nullptr, errors.Take()};
  auto config = std::make_shared<Config>();
  config->file = file_name;
  ReadConfig(*document, RootTable(), base_directory, *config, errors);
  ValidateConfig(*config, errors);
  if (file_checks == FileChecks::kOn) CheckFiles(*config, errors);
  if (!errors.empty()) return {nullptr, errors.Take()};
  return {std::move(config), {}};
}

absl::Status ConfigResult::status() const {
  if (ok()) return absl::OkStatus();
  std::string text = FormatErrors(errors);
  while (text.ends_with('\n')) text.pop_back();
  return absl::InvalidArgumentError(text);
}

ConfigResult LoadConfig(const std::filesystem::path& path, FileChecks file_checks) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (error) return Unreadable(path, error.message());
  if (std::filesystem::is_directory(absolute, error)) return Unreadable(path, "is a directory");
  std::ifstream file(absolute, std::ios::binary);
  if (!file) return Unreadable(path, std::generic_category().message(errno));
  std::ostringstream text;
  text << file.rdbuf();
  if (file.bad()) return Unreadable(path, "read error");
  return ParseConfig(text.view(), path.string(), absolute.parent_path(), file_checks);
}

}  // namespace meshhost
