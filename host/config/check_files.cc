// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "host/base/concat.h"
#include "host/config/text_forms.h"
#include "host/config/validate.h"

namespace meshhost {
namespace {

// A group may read a key (Debian's ssl-cert), nobody else may.
constexpr mode_t kLooseKeyBits = S_IRWXO | S_IWGRP | S_IXGRP;

std::string ErrnoText(int error) { return std::generic_category().message(error); }

// The check of one run. Lives on the stack of CheckFiles.
class FileChecker final {
 public:
  explicit FileChecker(ConfigErrors& errors) : errors_(errors) {}

  void CheckReadable(const FilePath& file, const std::string& what) { (void)Stat(file, what); }

  void CheckKey(const FilePath& file, const std::string& what) {
    const std::optional<mode_t> mode = Stat(file, what);
    if (!mode || (*mode & kLooseKeyBits) == 0) return;
    errors_.Add(file.position, Concat({what, ": loose key mode of \"", file.path, "\""}),
                {"0640 or stricter", FileModeForm().format(*mode & 0777u),
                 Concat({"chmod 0600 ", file.path})});
  }

  void CheckFolder(const LogOutput& output, Position position, const std::string& what) {
    if (output.kind != LogOutput::Kind::kFile) return;
    const std::filesystem::path folder = std::filesystem::path(output.path).parent_path();
    std::error_code error;
    if (folder.empty() || std::filesystem::is_directory(folder, error)) return;
    errors_.Add(position, Concat({what, ": no folder \"", folder.string(), "\""}));
  }

 private:
  std::optional<mode_t> Stat(const FilePath& file, const std::string& what) {
    if (file.empty()) return std::nullopt;
    struct stat status {};
    if (::stat(file.path.c_str(), &status) != 0) return Refuse(file, what, ErrnoText(errno));
    if (!S_ISREG(status.st_mode)) return Refuse(file, what, "not a regular file");
    if (::access(file.path.c_str(), R_OK) != 0) return Refuse(file, what, ErrnoText(errno));
    return status.st_mode;
  }

  std::optional<mode_t> Refuse(const FilePath& file, const std::string& what,
                               const std::string& why) {
    errors_.Add(file.position, Concat({what, ": cannot read \"", file.path, "\": ", why}));
    return std::nullopt;
  }

  ConfigErrors& errors_;
};

void CheckTlsFiles(const ListenerConfig& listener, FileChecker& checker) {
  const std::string of = Concat({" of listener \"", listener.name, "\""});
  const TlsConfig& tls = *listener.tls;
  checker.CheckReadable(tls.certificate, "certificate" + of);
  checker.CheckKey(tls.key, "key" + of);
  for (const FilePath& ca : tls.client_ca) checker.CheckReadable(ca, "client_ca" + of);
  for (const FilePath& crl : tls.client_crl) checker.CheckReadable(crl, "client_crl" + of);
  for (const SniConfig& sni : tls.sni) {
    checker.CheckReadable(sni.certificate, "sni certificate" + of);
    checker.CheckKey(sni.key, "sni key" + of);
  }
}

}  // namespace

void CheckFiles(const Config& config, ConfigErrors& errors) {
  FileChecker checker(errors);
  for (const ListenerConfig& listener : config.listeners) {
    if (listener.tls) CheckTlsFiles(listener, checker);
  }
  for (const ModuleConfig& module : config.modules) {
    if (!module.enabled) continue;
    checker.CheckReadable(module.path, Concat({"module \"", module.name, "\""}));
  }
  checker.CheckFolder(config.log.output, config.Where("log.output"), "log.output");
  checker.CheckFolder(config.access_log.output, config.Where("access_log.output"),
                      "access_log.output");
}

}  // namespace meshhost
