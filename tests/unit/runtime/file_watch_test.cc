// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/file_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace meshhost {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;
namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kInterval{5};
constexpr std::chrono::seconds kPatience{30};

class FileWatchTest : public testing::Test {
 protected:
  FileWatchTest() {
    std::string path = (fs::temp_directory_path() / "file-watch-XXXXXX").string();
    folder_ = ::mkdtemp(path.data());
  }
  ~FileWatchTest() override { fs::remove_all(folder_); }

  std::string Write(const std::string& name, std::string_view content) {
    const fs::path path = folder_ / name;
    std::ofstream(path) << content;
    return path.string();
  }

  // What the next report says.
  std::vector<std::string> NextReport() {
    reported_.clear();
    loop_.restart();
    loop_.run_for(kPatience);
    return reported_;
  }

  fs::path folder_;
  boost::asio::io_context loop_;
  std::vector<std::string> reported_;
  FileWatch watch_{loop_, kInterval, [this](const std::vector<std::string>& files) {
                     reported_ = files;
                     loop_.stop();
                   }};
};

TEST_F(FileWatchTest, WrittenReplacedRemovedAndNewFilesAreReported) {  // S78
  const std::string written = Write("written", "a");
  const std::string replaced = Write("replaced", "a");
  const std::string removed = Write("removed", "a");
  const std::string missing = (folder_ / "missing").string();
  watch_.Watch({written, replaced, removed, missing, Write("still", "a")});
  Write("written", "longer");
  EXPECT_THAT(NextReport(), ElementsAre(written));
  fs::rename(Write("next", "a"), replaced);
  EXPECT_THAT(NextReport(), ElementsAre(replaced));
  fs::remove(removed);
  Write("missing", "a");
  EXPECT_THAT(NextReport(), UnorderedElementsAre(removed, missing));
}

TEST_F(FileWatchTest,
       AFileBehindALinkThatIsTurnedIsReported) {  // S75: as Kubernetes mounts secrets
  fs::create_directory(folder_ / "one");
  fs::create_directory(folder_ / "two");
  Write("one/key", "a");
  Write("two/key", "a");
  fs::create_directory_symlink("one", folder_ / "current");
  const std::string key = (folder_ / "current" / "key").string();
  watch_.Watch({key});
  fs::create_directory_symlink("two", folder_ / "next");
  fs::rename(folder_ / "next", folder_ / "current");
  EXPECT_THAT(NextReport(), ElementsAre(key));
}

TEST_F(FileWatchTest, NothingIsReportedWhileAFileStillChanges) {  // S75: half-written files
  const std::string file = Write("file", "");
  watch_.Watch({file});
  boost::asio::steady_timer writer(loop_);
  int writes = 0;
  bool early = false;
  const std::function<void()> write = [&] {
    early = early || !reported_.empty();
    std::ofstream(file, std::ios::app) << "more";
    if (++writes == 50) return;
    writer.expires_after(kInterval / 5);
    writer.async_wait([&](const boost::system::error_code&) { write(); });
  };
  write();
  EXPECT_THAT(NextReport(), ElementsAre(file));
  EXPECT_FALSE(early);
  EXPECT_EQ(writes, 50);
}

TEST_F(FileWatchTest, WhatTheOwnerKnowsIsNotReported) {  // S78
  const std::string known = Write("known", "a");
  const std::string other = Write("other", "a");
  watch_.Watch({known, other});
  Write("known", "longer");
  watch_.Accept();
  watch_.Watch({known, other});
  Write("other", "longer");
  EXPECT_THAT(NextReport(), ElementsAre(other));
}

TEST_F(FileWatchTest, NothingIsWatchedOnceThereIsNothingToWatch) {
  watch_.Watch({Write("file", "a")});
  watch_.Watch({});
  EXPECT_THAT(NextReport(), ElementsAre());  // the loop ends at once: no timer is left
}

}  // namespace
}  // namespace meshhost
