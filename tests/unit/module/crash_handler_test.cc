// SPDX-License-Identifier: Apache-2.0
// Goal: a process that dies in the code of a module says whose it was, on standard error and in its
// record, and then dies as it would have. Method: death tests that cross as the host does.
#include "host/module/crash_handler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "host/base/signal_stack.h"
#include "host/module/crash_record.h"
#include "host/module/crossing.h"
#include "host/module/module_thread.h"

namespace meshhost {
namespace {

constexpr CrossingMark kMark{"billing", "pkg.Bills/\"Pay\"", 3, "abcdef"};

// Sanitizers get the signal after us, report, and exit with a code of their own.
struct DiedOf {
  int signal;
  bool operator()(int status) const {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
#else
    return WIFSIGNALED(status) && WTERMSIG(status) == signal;
#endif
  }
};

class CrashHandlerTest : public testing::Test {
 protected:
  CrashHandlerTest() { testing::GTEST_FLAG(death_test_style) = "threadsafe"; }

  // In a child: dies in `fault` with the mark set.
  template <typename Fault>
  void Die(const CrossingMark& mark, Fault&& fault) const {
    CrashHandler handler;
    const SignalStack stack;
    const auto record = CrashRecordFile::Create(Record());
    if (!record.ok()) std::_Exit(99);
    (void)Cross(mark, Crossing::kNoWorker, fault);
    std::_Exit(98);
  }
  // Known to parent and child, which runs this program anew.
  static std::string Record() {
    return testing::TempDir() + "meshhost-crash-handler-" +
           testing::UnitTest::GetInstance()->current_test_info()->name();
  }
  static std::optional<CrashRecord> TakeRecord() {
    std::ostringstream text;
    text << std::ifstream(Record()).rdbuf();
    ::unlink(Record().c_str());
    return ParseCrashRecord(text.str());
  }
};

using CrashHandlerDeathTest = CrashHandlerTest;

volatile int* volatile no_address = nullptr;
void Segv() { *no_address = 1; }

// So deep that no stack suffices.
volatile int deepest = 1 << 30;
int Overrun(int depth) {
  volatile char frame[4096] = {};
  if (depth == deepest) return 0;
  return frame[depth % 4096] + Overrun(depth + 1) + frame[0];
}

TEST_F(CrashHandlerDeathTest, FaultNamesModuleGenerationAndMethod) {
  EXPECT_EXIT(Die(kMark, Segv), DiedOf{SIGSEGV},
              "meshhost: killed by SIGSEGV in module \"billing\", generation 3, method "
              "\"pkg.Bills/\"Pay\"\", sha256 abcdef");
  const std::optional<CrashRecord> record = TakeRecord();
  ASSERT_TRUE(record);
  EXPECT_EQ(record->module, "billing");
  EXPECT_EQ(record->generation, 3u);
  EXPECT_EQ(record->method, "pkg.Bills/\"Pay\"");
  EXPECT_EQ(record->sha256, "abcdef");
  EXPECT_EQ(record->signal, "SIGSEGV");
  EXPECT_NEAR(static_cast<double>(record->unix_seconds), static_cast<double>(::time(nullptr)), 60);
}

TEST_F(CrashHandlerDeathTest, AbortIsAttributed) {
  EXPECT_EXIT(Die(kMark, [] { std::abort(); }), DiedOf{SIGABRT},
              "killed by SIGABRT in module \"billing\"");
  EXPECT_TRUE(TakeRecord());
}

TEST_F(CrashHandlerDeathTest, OverrunStackIsAttributedOnAThreadOfAModule) {
  EXPECT_EXIT(Die(kMark,
                  [] {
                    StartModuleThread("deep", [] {
                      (void)Cross(kMark, Crossing::kNoWorker, [] { Overrun(0); });
                    }).join();
                  }),
              DiedOf{SIGSEGV}, "killed by SIGSEGV in module \"billing\"");
  EXPECT_TRUE(TakeRecord());
}

TEST_F(CrashHandlerDeathTest, FaultOfTheHostIsNobodyElses) {
  EXPECT_EXIT(
      {
        CrashHandler handler;
        const auto record = CrashRecordFile::Create(Record());
        if (!record.ok()) std::_Exit(99);
        Segv();
      },
      DiedOf{SIGSEGV}, "killed by SIGSEGV outside of any module");
  EXPECT_FALSE(TakeRecord());
}

TEST_F(CrashHandlerDeathTest, SignalOfAnotherProcessIsToldButNotBlamedOnTheModule) {
  EXPECT_EXIT(Die(kMark,
                  [] {
                    const pid_t self = ::getpid();
                    if (::fork() == 0) {
                      ::kill(self, SIGABRT);
                      std::_Exit(0);
                    }
                    for (;;) ::pause();
                  }),
              DiedOf{SIGABRT}, "killed by SIGABRT .sent by process [0-9]+. in module \"billing\"");
  EXPECT_FALSE(TakeRecord());
}

TEST_F(CrashHandlerTest, LeavesNothingWhenAllWentWell) {
  struct sigaction before;
  ::sigaction(SIGSEGV, nullptr, &before);
  {
    CrashHandler handler;
    const auto record = CrashRecordFile::Create(Record());
    ASSERT_TRUE(record.ok());
    EXPECT_EQ(::access(Record().c_str(), F_OK), 0);
  }
  struct sigaction after;
  ::sigaction(SIGSEGV, nullptr, &after);
  EXPECT_EQ(before.sa_sigaction, after.sa_sigaction);
  EXPECT_NE(::access(Record().c_str(), F_OK), 0);
}

TEST_F(CrashHandlerTest, RecordThatCannotBeMadeIsAnErrorThatNamesIt) {
  EXPECT_EQ(CrashRecordFile::Create("/no/such/folder/crash.json").status().message(),
            "crash record /no/such/folder/crash.json: No such file or directory");
}

TEST(CrashRecord, AnythingElseIsNothing) {
  for (const char* text : {"", "{", "[]", "{\"module\": 7}", "{\"module\": \"x\"}"}) {
    EXPECT_FALSE(ParseCrashRecord(text)) << text;
  }
}

}  // namespace
}  // namespace meshhost
