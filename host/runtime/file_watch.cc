// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/file_watch.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

namespace meshhost {
namespace {

void AddFilesOf(const TlsConfig& tls, std::vector<std::string>& files) {
  files.insert(files.end(), {tls.certificate.path, tls.key.path});
  for (const FilePath& ca : tls.client_ca) files.push_back(ca.path);
  for (const FilePath& crl : tls.client_crl) files.push_back(crl.path);
  for (const SniConfig& sni : tls.sni) {
    files.insert(files.end(), {sni.certificate.path, sni.key.path});
  }
}

}  // namespace

std::vector<std::string> FilesOf(const Config& config) {
  std::vector<std::string> files = {config.file};
  for (const ListenerConfig& listener : config.listeners) {
    if (listener.tls) AddFilesOf(*listener.tls, files);
  }
  for (const ModuleConfig& module : config.modules) {
    if (module.enabled) files.push_back(module.path.path);
  }
  return files;
}

FileWatch::FileWatch(boost::asio::io_context& control, std::chrono::milliseconds interval,
                     OnChange on_change)
    : interval_(interval), on_change_(std::move(on_change)), timer_(control) {}

void FileWatch::Watch(const std::vector<std::string>& files) {
  const bool waiting = !seen_.empty();
  std::map<std::string, Mark> next;
  for (const std::string& file : files) {
    const auto known = seen_.find(file);
    next.emplace(file, known != seen_.end() ? known->second : MarkOf(file));
  }
  seen_ = std::move(next);
  if (seen_.empty()) {
    timer_.cancel();
  } else if (!waiting) {
    Wait();
  }
}

void FileWatch::Accept() {
  for (auto& [file, mark] : seen_) mark = MarkOf(file);
  changed_.clear();
}

FileWatch::Mark FileWatch::MarkOf(const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return {};
  constexpr int64_t kNsPerSecond = 1'000'000'000;
  return {status.st_dev, status.st_ino, status.st_mode, static_cast<uint64_t>(status.st_size),
          status.st_mtim.tv_sec * kNsPerSecond + status.st_mtim.tv_nsec};
}

void FileWatch::Wait() {
  timer_.expires_after(interval_);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || seen_.empty()) return;
    Look();
    if (!seen_.empty()) Wait();
  });
}

void FileWatch::Look() {
  bool quiet = true;
  for (auto& [file, mark] : seen_) {
    const Mark now = MarkOf(file);
    if (now == mark) continue;
    mark = now;
    quiet = false;
    if (std::find(changed_.begin(), changed_.end(), file) == changed_.end()) {
      changed_.push_back(file);
    }
  }
  if (quiet && !changed_.empty()) on_change_(std::exchange(changed_, {}));
}

}  // namespace meshhost
