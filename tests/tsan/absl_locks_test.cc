// SPDX-License-Identifier: Apache-2.0
//
// What abseil's locks guard is no race to the thread sanitizer, which would end this test.
#include <gtest/gtest.h>

#include <thread>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"

namespace meshhost {
namespace {

TEST(AbslLocks, AMutexOrdersItsHolders) {
  absl::Mutex mutex;
  int count = 0;
  auto add = [&mutex, &count] {
    for (int i = 0; i < 1000; ++i) {
      absl::MutexLock lock(&mutex);
      ++count;
    }
  };
  std::thread other(add);
  add();
  other.join();
  EXPECT_EQ(count, 2000);
}

TEST(AbslLocks, ReadersAreOrderedAfterTheWriter) {
  absl::Mutex mutex;
  int value = 0;
  std::thread writer([&mutex, &value] {
    absl::WriterMutexLock lock(&mutex);
    value = 1;
  });
  int seen = 0;
  while (seen == 0) {
    absl::ReaderMutexLock lock(&mutex);
    seen = value;
  }
  writer.join();
  EXPECT_EQ(seen, 1);
}

TEST(AbslLocks, AnAwaitedConditionSeesWhatTheOtherThreadWrote) {
  absl::Mutex mutex;
  bool ready = false;
  int value = 0;
  std::thread other([&mutex, &ready, &value] {
    absl::MutexLock lock(&mutex);
    value = 7;
    ready = true;
  });
  {
    absl::MutexLock lock(&mutex);
    mutex.Await(absl::Condition(&ready));
    EXPECT_EQ(value, 7);
  }
  other.join();
}

TEST(AbslLocks, ACondVarHandsTheMutexOver) {
  absl::Mutex mutex;
  absl::CondVar changed;
  int turn = 0;
  std::thread other([&mutex, &changed, &turn] {
    absl::MutexLock lock(&mutex);
    while (turn != 1) changed.Wait(&mutex);
    turn = 2;
    changed.Signal();
  });
  {
    absl::MutexLock lock(&mutex);
    turn = 1;
    changed.Signal();
    while (turn != 2) changed.WaitWithTimeout(&mutex, absl::Seconds(10));
  }
  other.join();
  EXPECT_EQ(turn, 2);
}

TEST(AbslLocks, ANotificationOrdersWhatCameBefore) {
  absl::Notification done;
  int value = 0;
  std::thread other([&done, &value] {
    value = 7;
    done.Notify();
  });
  done.WaitForNotification();
  EXPECT_EQ(value, 7);
  other.join();
}

}  // namespace
}  // namespace meshhost
