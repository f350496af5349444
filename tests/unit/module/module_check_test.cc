// SPDX-License-Identifier: Apache-2.0
// Goal: a file that does not fit is refused with the rule's id before any of its code runs,
// whatever its bytes are. Method: modules built with one thing wrong each, and a good one cut short
// and scribbled over.
#include "host/module/module_check.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <fstream>
#include <random>

#include "meshhost/abi/note.h"

namespace meshhost {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

std::string ModulePath(std::string_view name) {
  return std::string(MESHHOST_TEST_MODULES) + "/" + std::string(name) + ".so";
}

std::vector<std::string> Rules(const ModuleReport& report, Finding::Severity severity) {
  std::vector<std::string> rules;
  for (const Finding& finding : report.findings) {
    if (finding.severity == severity) rules.push_back(finding.rule);
  }
  return rules;
}

std::vector<std::string> Errors(const ModuleReport& report) {
  return Rules(report, Finding::Severity::kError);
}

std::vector<std::string> ErrorsOf(std::string_view module) {
  return Errors(CheckModuleFile(ModulePath(module), HostModulePolicy()));
}

std::vector<std::uint8_t> Bytes(std::string_view module) {
  return ReadModuleBytes(ModulePath(module)).value().bytes;
}

TEST(ModuleCheck, GoodModulePassesAndItsNoteIsRead) {
  const ModuleReport report = CheckModuleFile(ModulePath("probe"), HostModulePolicy());
  EXPECT_TRUE(report.ok()) << ToText(report);
  EXPECT_EQ(report.note.module, "probe");
  EXPECT_EQ(report.note.version, "1.0.0");
  EXPECT_THAT(report.note.needs, testing::ElementsAre("mh.exec/1", "mh.config/1"));
  EXPECT_THAT(ToText(report), HasSubstr("ok: module probe 1.0.0, ABI 1.0"));
}

TEST(ModuleCheck, EachFaultHasItsRule) {
  EXPECT_THAT(ErrorsOf("refused_major"), Contains("note.major"));
  EXPECT_THAT(ErrorsOf("refused_minor"), Contains("note.needs_minor"));
  EXPECT_THAT(ErrorsOf("refused_interface"), Contains("note.interface"));
  EXPECT_THAT(ErrorsOf("refused_note"), Contains("note.missing"));
  EXPECT_THAT(ErrorsOf("refused_export"), Contains("symbol.exported"));
  EXPECT_THAT(ErrorsOf("refused_entry"), Contains("symbol.entry"));
  EXPECT_THAT(ErrorsOf("refused_run_path"), Contains("dynamic.run_path"));
  EXPECT_THAT(ErrorsOf("refused_stack"), Contains("segment.executable_stack"));
  EXPECT_THAT(ErrorsOf("refused_library"), Contains("needed.library"));
  EXPECT_THAT(ErrorsOf("refused_protobuf"), Contains("needed.protobuf"));
}

TEST(ModuleCheck, NoDeleteIsAWarning) {
  const ModuleReport report = CheckModuleFile(ModulePath("refused_nodelete"), HostModulePolicy());
  EXPECT_THAT(Rules(report, Finding::Severity::kWarning), Contains("dynamic.no_delete"));
}

#if defined(__GNUC__) && !defined(__clang__)
TEST(ModuleCheck, UniqueSymbolsAreRefused) {
  EXPECT_THAT(ErrorsOf("unique"), Contains("symbol.unique"));
}
#endif

TEST(ModuleCheck, LibrariesThatPolicyNamesAreAllowed) {
  EXPECT_THAT(ErrorsOf("refused_library"), Contains("needed.library"));
  const ModuleReport allowed =
      CheckModuleFile(ModulePath("refused_library"), HostModulePolicy({"libz.so.1"}));
  EXPECT_THAT(Errors(allowed), Not(Contains("needed.library")));
}

TEST(ModuleCheck, NewerGlibcThanTheHostIsRefused) {
  ModulePolicy policy = HostModulePolicy();
  policy.glibc_version = "2.1";
  EXPECT_THAT(Errors(CheckModuleFile(ModulePath("probe"), policy)), Contains("glibc.version"));
}

TEST(ModuleCheck, FileThatEverybodyMayWriteIsRefused) {
  ModuleBytes file = ReadModuleBytes(ModulePath("probe")).value();
  file.status.st_mode |= S_IWOTH;
  EXPECT_THAT(Errors(CheckModule("probe.so", file, HostModulePolicy())), Contains("file.mode"));
}

TEST(ModuleCheck, FileThatAnotherGroupMayWriteIsRefused) {
  ModuleBytes file = ReadModuleBytes(ModulePath("probe")).value();
  file.status.st_mode |= S_IWGRP;
  file.status.st_gid = ::getegid();
  const ModuleReport own = CheckModule("probe.so", file, HostModulePolicy());
  EXPECT_TRUE(own.ok());
  EXPECT_EQ(own.findings.back().rule, "file.mode");
  file.status.st_gid = ::getegid() + 1;
  EXPECT_THAT(Errors(CheckModule("probe.so", file, HostModulePolicy())), Contains("file.mode"));
}

TEST(ModuleCheck, OtherFilesAreRefusedWithAReason) {
  const ModulePolicy policy = HostModulePolicy();
  EXPECT_THAT(CheckModuleFile("/does/not/exist.so", policy).ErrorText(),
              HasSubstr("No such file or directory"));
  EXPECT_THAT(CheckModuleFile("/tmp", policy).ErrorText(), HasSubstr("not a regular file"));
  EXPECT_THAT(CheckModuleFile("/etc/passwd", policy).ErrorText(), HasSubstr("elf.format"));
  EXPECT_THAT(CheckModuleFile("/proc/self/exe", policy).ErrorText(), HasSubstr("note.missing"));
}

TEST(ModuleCheck, JsonReportNamesTheRule) {
  const ModuleReport report = CheckModuleFile(ModulePath("refused_major"), HostModulePolicy());
  EXPECT_THAT(ToJson(report), HasSubstr("\"rule\": \"note.major\""));
  EXPECT_THAT(ToJson(report), HasSubstr("\"ok\": false"));
}

TEST(ModuleCheck, EveryTruncationIsReadWithoutLeavingTheFile) {
  const std::vector<std::uint8_t> whole = Bytes("probe");
  const ModulePolicy policy = HostModulePolicy();
  for (std::size_t n = 0; n < whole.size(); n += n < 4096 ? 1 : 97) {
    // A copy of exactly that size, so that a sanitizer sees any access beyond.
    const std::vector<std::uint8_t> cut(whole.begin(), whole.begin() + static_cast<long>(n));
    const ModuleReport report = CheckModuleBytes("cut.so", cut, policy);
    EXPECT_FALSE(ToText(report).empty());
  }
}

TEST(ModuleCheck, HostileNumbersAreReadWithoutLeavingTheFile) {
  const std::vector<std::uint8_t> whole = Bytes("probe");
  const ModulePolicy policy = HostModulePolicy();
  std::mt19937 random(42);
  const std::uint64_t kNumbers[] = {0, 1, 0x7fffffff, 0xffffffff, 1ull << 40, ~0ull, ~0ull - 7};
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::uint8_t> bytes = whole;
    // Where the numbers are: headers at the front, or the tables anywhere behind.
    const std::size_t span = round % 2 == 0 ? 1024 : bytes.size() - 8;
    for (int i = 0; i < 4; ++i) {
      const std::uint64_t number = kNumbers[random() % std::size(kNumbers)];
      std::memcpy(&bytes[(random() % span) & ~std::size_t{3}], &number, random() % 2 ? 4 : 8);
    }
    EXPECT_FALSE(ToText(CheckModuleBytes("hostile.so", bytes, policy)).empty());
  }
}

TEST(ModuleCheck, ForeignMachineIsRefused) {
  std::vector<std::uint8_t> bytes = Bytes("probe");
  reinterpret_cast<Elf64_Ehdr*>(bytes.data())->e_machine = EM_S390;
  EXPECT_THAT(Errors(CheckModuleBytes("other.so", bytes, HostModulePolicy())),
              testing::ElementsAre("elf.machine"));
}

TEST(ModuleNote, UnprintableAndUnterminatedTextsAreRefused) {
  mh_note note = {9, sizeof(mh_note) - 24, MH_NOTE_TYPE, "meshhost", 1, 0, 0, 0, "m", "1", "a b"};
  const auto parse = [&note] {
    return ParseModuleNote({reinterpret_cast<const char*>(&note), sizeof(note)});
  };
  ASSERT_TRUE(parse().ok());
  EXPECT_THAT(parse()->needs, testing::ElementsAre("a", "b"));
  note.version[0] = '\n';
  EXPECT_FALSE(parse().ok());
  note.version[0] = '1';
  std::memset(note.module, 'm', sizeof(note.module));
  EXPECT_FALSE(parse().ok());
}

}  // namespace
}  // namespace meshhost
