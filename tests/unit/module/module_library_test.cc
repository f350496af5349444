// SPDX-License-Identifier: Apache-2.0
// Goal: loading takes what was checked and nothing else, several versions live side by side, and
// unloading leaves neither mapping nor file. Method: the probe module from a temporary directory.
#include "host/module/module_library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "host/module/module_bytes.h"
#include "tests/unit/module/module_fixture.h"

namespace meshhost {
namespace {

using testing::HasSubstr;

class ModuleLibraryTest : public testing::Test {
 protected:
  ModuleSource Source(std::string path) const {
    return {"probe", std::move(path), "", run_.path() + "/run", HostModulePolicy()};
  }
  std::size_t Copies() const {
    const std::string run = run_.path() + "/run";
    std::size_t n = 0;
    for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator(run)) ++n;
    return n;
  }
  static std::string_view TextOf(const absl::Status& status) {
    return {status.message().data(), status.message().size()};
  }

  TemporaryDirectory run_;
};

TEST_F(ModuleLibraryTest, LoadsAndUnloadsWithoutTrace) {
  auto library = ModuleLibrary::Load(Source(ModulePath("probe")));
  ASSERT_TRUE(library.ok()) << library.status();
  EXPECT_NE((*library)->table().create, nullptr);
  EXPECT_EQ(Copies(), 1u);
  EXPECT_TRUE((*library)->Unload());
  library->reset();
  EXPECT_EQ(Copies(), 0u);
}

TEST_F(ModuleLibraryTest, FileReplacedInPlaceGivesTheNewVersionBesideTheOld) {
  const std::string path = run_.path() + "/module.so";
  std::filesystem::copy_file(ModulePath("probe"), path);
  auto first = ModuleLibrary::Load(Source(path));
  ASSERT_TRUE(first.ok()) << first.status();
  // Written over, not renamed: the same inode, which the dynamic linker would take for the same.
  std::filesystem::copy_file(ModulePath("probe2"), path,
                             std::filesystem::copy_options::overwrite_existing);
  auto second = ModuleLibrary::Load(Source(path));
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ((*first)->report().note.version, "1.0.0");
  EXPECT_EQ((*second)->report().note.version, "2.0.0");
  EXPECT_NE((*first)->table().create, (*second)->table().create);
  EXPECT_TRUE((*first)->Unload());
  EXPECT_TRUE((*second)->Unload());
}

TEST_F(ModuleLibraryTest, UnfitModuleRunsNoCode) {
  const std::string trace = run_.path() + "/trace";
  ::setenv("MESHHOST_TEST_TRACE", trace.c_str(), 1);
  for (std::string_view name :
       {"refused_major", "refused_minor", "refused_interface", "refused_note", "refused_entry"}) {
    EXPECT_FALSE(ModuleLibrary::Load(Source(ModulePath(name))).ok()) << name;
  }
  EXPECT_FALSE(std::filesystem::exists(trace));
  // The trace itself works: this one is fit, and says no in its entry.
  const auto refused = ModuleLibrary::Load(Source(ModulePath("refused_late")));
  EXPECT_THAT(TextOf(refused.status()), HasSubstr("refuses this host"));
  EXPECT_TRUE(std::filesystem::exists(trace));
  ::unsetenv("MESHHOST_TEST_TRACE");
}

TEST_F(ModuleLibraryTest, PinnedContentIsCompared) {
  ModuleSource source = Source(ModulePath("probe"));
  source.sha256 = std::string(64, '0');
  EXPECT_THAT(TextOf(ModuleLibrary::Load(source).status()), HasSubstr("SHA-256"));
  source.sha256 = Sha256Hex(ReadModuleBytes(source.path)->bytes);
  auto library = ModuleLibrary::Load(source);
  ASSERT_TRUE(library.ok()) << library.status();
  EXPECT_TRUE((*library)->Unload());
}

TEST_F(ModuleLibraryTest, RunDirectoryThatEverybodyMayWriteIsRefused) {
  const std::string run = run_.path() + "/run";
  std::filesystem::create_directory(run);
  ::chmod(run.c_str(), 0777);
  EXPECT_THAT(TextOf(ModuleLibrary::Load(Source(ModulePath("probe"))).status()),
              HasSubstr("writable by everybody"));
}

TEST_F(ModuleLibraryTest, MissingFileNamesModuleAndPath) {
  const absl::Status status = ModuleLibrary::Load(Source("/no/such.so")).status();
  EXPECT_THAT(TextOf(status), HasSubstr("module \"probe\""));
  EXPECT_THAT(TextOf(status), HasSubstr("/no/such.so"));
}

TEST_F(ModuleLibraryTest, ObjectMarkedNoDeleteIsReportedAsStillMapped) {
  auto library = ModuleLibrary::Load(Source(ModulePath("stays")));
  ASSERT_TRUE(library.ok()) << library.status();
  EXPECT_FALSE((*library)->Unload());
  library->reset();
  EXPECT_EQ(Copies(), 1u);
}

}  // namespace
}  // namespace meshhost
