// SPDX-License-Identifier: Apache-2.0
//
// FileWatch: tells when files have been replaced or written. It looks at them once in a while
// rather than being told (inotify(7)): a handful of stat(2) a second costs nothing that could be
// measured, and sees what comes by symbolic links, over the network and in folders that are
// replaced as a whole.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "host/config/config.h"

namespace meshhost {

// What a reload would read: the configuration, certificates, keys, CRLs and modules.
std::vector<std::string> FilesOf(const Config& config);

// Control thread, on whose loop it waits.
class FileWatch final {
 public:
  using OnChange = std::function<void(const std::vector<std::string>& files)>;

  // `on_change` gets the files that changed, once none has for a whole `interval`: whoever copies
  // several files, or one slowly, is given the time.
  FileWatch(boost::asio::io_context& control, std::chrono::milliseconds interval,
            OnChange on_change);

  // Looks at these from now on; none: at nothing. Files that it looked at before are compared with
  // how they were then, the others with how they are now.
  void Watch(const std::vector<std::string>& files);
  // The files as they are now are known to the owner.
  void Accept();

 private:
  // What tells one content of a file from another without reading it; all zero: no such file.
  struct Mark {
    uint64_t device = 0;
    uint64_t inode = 0;
    uint64_t mode = 0;
    uint64_t size = 0;
    int64_t modified_ns = 0;
    friend bool operator==(const Mark&, const Mark&) = default;
  };

  static Mark MarkOf(const std::string& file);
  void Wait();
  void Look();

  const std::chrono::milliseconds interval_;
  const OnChange on_change_;
  boost::asio::steady_timer timer_;
  std::map<std::string, Mark> seen_;
  std::vector<std::string> changed_;  // since on_change_ was called
};

}  // namespace meshhost
