// SPDX-License-Identifier: Apache-2.0
// Goal: tasks from many threads run once, in order per thread, on the worker; timers and turn-end
// work run there too. Method: a real worker thread. Runs under TSan (label "threads").
#include "host/net/worker.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>
#include <vector>

#include "host/base/clock.h"

namespace meshhost {
namespace {

struct NumberedTask : Task {
  NumberedTask() : Task(&Run) {}
  static void Run(Task* task) {
    auto* self = static_cast<NumberedTask*>(task);
    if (!self->worker->IsCurrent()) ++*self->errors;
    if (*self->last >= self->number) ++*self->errors;
    *self->last = self->number;
    if (++*self->count == self->total) self->done->set_value();
  }
  Worker* worker = nullptr;
  int number = 0;
  int* last = nullptr;
  int* count = nullptr;
  int* errors = nullptr;
  int total = 0;
  std::promise<void>* done = nullptr;
};

TEST(Worker, RunsTasksOfManyThreadsInOrderOfEach) {
  constexpr int kThreads = 4;
  constexpr int kEach = 20'000;
  Worker worker(0);
  worker.Start();
  int count = 0;
  int errors = 0;
  std::promise<void> done;
  std::vector<int> last(kThreads, 0);
  std::vector<std::vector<NumberedTask>> tasks(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    tasks[t] = std::vector<NumberedTask>(kEach);
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        NumberedTask& task = tasks[t][i];
        task.worker = &worker;
        task.number = i + 1;
        task.last = &last[t];
        task.count = &count;
        task.errors = &errors;
        task.total = kThreads * kEach;
        task.done = &done;
        worker.Post(task);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  done.get_future().wait();
  worker.Stop();
  worker.Join();
  EXPECT_EQ(errors, 0);
  EXPECT_FALSE(worker.IsCurrent());
}

struct TimerTask : Task {
  explicit TimerTask(Worker& w)
      : Task(&Run),
        worker(w),
        timer(
            [](void* self) {
              auto* task = static_cast<TimerTask*>(self);
              task->fired_ns.set_value(MonotonicNs());
            },
            this) {}
  static void Run(Task* task) {
    auto* self = static_cast<TimerTask*>(task);
    self->worker.timers().Arm(self->timer, self->due_ns);
  }
  Worker& worker;
  Timer timer;
  uint64_t due_ns = 0;
  std::promise<uint64_t> fired_ns;
};

TEST(Worker, FiresATimerThatIsArmedWhileTheLoopSleeps) {
  Worker worker(0);
  worker.Start();
  TimerTask late(worker);
  TimerTask early(worker);
  late.due_ns = MonotonicNs() + 60'000'000'000;
  early.due_ns = MonotonicNs() + 30'000'000;
  worker.Post(late);
  worker.Post(early);
  EXPECT_GE(early.fired_ns.get_future().get(), early.due_ns);
  worker.Stop();
  worker.Join();
  late.timer.Disarm();
}

TEST(Worker, TurnEndWorkComesAfterTheTaskThatAskedForIt) {
  Worker worker(0);
  struct Last : Task {
    explicit Last(std::vector<int>& l, std::promise<void>& d)
        : Task([](Task* task) {
            static_cast<Last*>(task)->log.push_back(2);
            static_cast<Last*>(task)->done.set_value();
          }),
          log(l),
          done(d) {}
    std::vector<int>& log;
    std::promise<void>& done;
  };
  struct First : Task {
    First(Worker& w, Last& l)
        : Task([](Task* task) {
            auto* self = static_cast<First*>(task);
            self->worker.AtTurnEnd(self->last);
            self->last.log.push_back(1);
          }),
          worker(w),
          last(l) {}
    Worker& worker;
    Last& last;
  };
  std::vector<int> log;
  std::promise<void> done;
  Last last(log, done);
  First first(worker, last);
  worker.Start();
  worker.Post(first);
  done.get_future().wait();
  worker.Stop();
  worker.Join();
  EXPECT_EQ(log, (std::vector<int>{1, 2}));
}

TEST(Worker, AReadBlockThatSomebodyKeptIsNotReused) {
  Worker worker(0);
  Block& first = worker.read_block();
  EXPECT_EQ(&worker.read_block(), &first);
  first.Retain();
  Block& second = worker.read_block();
  EXPECT_NE(&second, &first);
  first.Release();
}

}  // namespace
}  // namespace meshhost
