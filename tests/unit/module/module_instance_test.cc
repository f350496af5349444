// SPDX-License-Identifier: Apache-2.0
// Goal: an instance goes through its life on the control thread, everything it holds is counted,
// and it is unmapped exactly when nothing of it can run any more. Method: the probe module, which
// uses every interface and leaves things behind when its configuration says so.
#include "host/module/module_instance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/metric_family.h>
#include <signal.h>

#include <deque>

#include "tests/unit/module/fake_call.h"
#include "tests/unit/module/module_fixture.h"

namespace meshhost {
namespace {

using testing::Contains;
using testing::HasSubstr;

class ModuleInstanceTest : public testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<ModuleInstance>> Create(std::string config_json,
                                                         std::string_view file = "probe") {
    ModuleConfig config;
    config.name = "probe";
    config.path.path = ModulePath(file);
    config.config_json = std::move(config_json);
    config.pool_threads = 2;
    Claims claims;
    return ModuleInstance::Create(config, ++generation_, environment_, claims);
  }
  std::unique_ptr<ModuleInstance> Started(std::string config_json) {
    auto instance = Create(std::move(config_json));
    EXPECT_TRUE(instance.ok()) << instance.status();
    EXPECT_TRUE((*instance)->Start().ok());
    return std::move(instance).value();
  }
  // What it left behind still runs, so its memory has to stay until the process ends.
  void Abandon(std::unique_ptr<ModuleInstance> instance) {
    around_.kept = instance.get();
    ModuleInstance::Abandon(std::move(instance));
  }
  double Events() const {
    for (const prometheus::MetricFamily& family : around_.metrics.Collect()) {
      if (family.name == "probe_events_total" || family.name == "probe_events") {
        return family.metric.front().counter.value;
      }
    }
    return -1;
  }

  // What a module reports to. Kept to the end of the process: so is a module that a test leaves
  // behind, and its timers go on.
  struct Surroundings {
    Registry metrics{{}};
    RecordingLog log;
    RecordingHealth health;
    ModuleInstance* kept = nullptr;
    std::unique_ptr<FakeCall> kept_call;
  };
  static Surroundings& NewSurroundings() {
    static auto& all = *new std::deque<Surroundings>;
    return all.emplace_back();
  }

  TemporaryDirectory run_;
  Surroundings& around_ = NewSurroundings();
  ModuleEnvironment environment_{around_.metrics, around_.log, around_.health, run_.path()};
  std::uint64_t generation_ = 0;
};

constexpr std::chrono::seconds kPatience{10};

TEST_F(ModuleInstanceTest, WholeLifeLeavesNothing) {
  std::unique_ptr<ModuleInstance> instance = Started("{}");
  EXPECT_THAT(around_.log.lines(), Contains("created"));
  ASSERT_EQ(instance->registration().methods().size(), 2u);
  EXPECT_EQ(instance->registration().methods()[0]->label(), "GET /probe/{id}");
  EXPECT_EQ(instance->registration().methods()[1]->label(), "WS /probe");
  EXPECT_THAT(instance->registration().methods()[1]->endpoint().subprotocols,
              testing::ElementsAre("a", "b"));
  EXPECT_THAT(instance->Holding(), HasSubstr("1 thread"));
  while (Events() < 3) std::this_thread::yield();
  instance->Drain(MonotonicNs());
  const auto unloaded = instance->Unload(kPatience);
  EXPECT_TRUE(unloaded.unmapped) << unloaded.retained_by;
  instance.reset();
  EXPECT_EQ(run_.files(), 0u);
  EXPECT_EQ(Events(), -1);
}

TEST_F(ModuleInstanceTest, CountersContinueOverAnUpgrade) {
  std::unique_ptr<ModuleInstance> old = Started("{}");
  while (Events() < 2) std::this_thread::yield();
  std::unique_ptr<ModuleInstance> fresh = Started("{}");
  const double before = Events();
  EXPECT_TRUE(old->Unload(kPatience).unmapped);
  old.reset();
  EXPECT_GE(Events(), before);
  EXPECT_TRUE(fresh->Unload(kPatience).unmapped);
}

TEST_F(ModuleInstanceTest, FailedCreateNamesModuleStepAndReasonAndLeavesNothing) {
  const absl::Status status = Create(R"({"fail": "create"})").status();
  EXPECT_EQ(status.message(), "module \"probe\": create: told to fail");
  EXPECT_EQ(run_.files(), 0u);
}

TEST_F(ModuleInstanceTest, FailedStartCanBeUnloaded) {
  auto instance = Create(R"({"fail": "start"})");
  ASSERT_TRUE(instance.ok()) << instance.status();
  EXPECT_EQ((*instance)->Start().message(), "module \"probe\": start: told to fail");
  EXPECT_TRUE((*instance)->Unload(kPatience).unmapped);
}

TEST_F(ModuleInstanceTest, RegistrationIsClosedAfterStart) {
  std::unique_ptr<ModuleInstance> instance = Started("{}");
  EXPECT_FALSE(instance->may_register());
  EXPECT_FALSE(instance->registration().open());
  EXPECT_TRUE(instance->Unload(kPatience).unmapped);
}

TEST_F(ModuleInstanceTest, SignalHandlersAreRestored) {
  std::unique_ptr<ModuleInstance> instance = Started(R"({"signals": "steal"})");
  struct sigaction now;
  ::sigaction(SIGUSR2, nullptr, &now);
  EXPECT_EQ(now.sa_handler, SIG_DFL);
  EXPECT_THAT(around_.log.lines(), Contains(HasSubstr("signal handlers")));
  EXPECT_TRUE(instance->Unload(kPatience).unmapped);
}

TEST_F(ModuleInstanceTest, ThreadLeftBehindRetainsTheInstanceAndIsNamed) {
  std::unique_ptr<ModuleInstance> instance = Started(R"({"leave": "thread"})");
  const auto unloaded = instance->Unload(std::chrono::milliseconds(20));
  EXPECT_FALSE(unloaded.unmapped);
  EXPECT_THAT(unloaded.retained_by, HasSubstr("1 thread"));
  EXPECT_TRUE(instance->gone());
  EXPECT_EQ(run_.files(), 1u);
  // The host lives on, and the next generation loads beside it.
  std::unique_ptr<ModuleInstance> next = Started("{}");
  EXPECT_TRUE(next->Unload(kPatience).unmapped);
  Abandon(std::move(instance));
}

TEST_F(ModuleInstanceTest, OpenCallKeepsTheInstanceFromDestroy) {
  std::unique_ptr<ModuleInstance> instance = Started(R"({"leave": "call"})");
  FakeLoop loop;
  CallLists calls(1);
  Chain chain({});
  Endpoint endpoint = instance->registration().methods()[0]->endpoint();
  endpoint.chain = &chain;
  endpoint.calls = &calls;
  auto call = std::make_unique<FakeCall>(loop, endpoint, FakeCall::Flush::kInside);
  call->Request("x");
  call->Lose();
  EXPECT_FALSE(instance->quiet());
  EXPECT_THAT(instance->Holding(), HasSubstr("1 call"));
  const auto unloaded = instance->Unload(std::chrono::milliseconds(20));
  EXPECT_FALSE(unloaded.unmapped);
  EXPECT_THAT(unloaded.retained_by, HasSubstr("1 call"));
  call->destroyed = true;  // the module never finishes it
  around_.kept_call = std::move(call);
  Abandon(std::move(instance));
}

TEST_F(ModuleInstanceTest, ManyOverlappingGenerationsLeaveNothing) {
  std::unique_ptr<ModuleInstance> current = Started("{}");
  for (int i = 0; i < 50; ++i) {
    std::unique_ptr<ModuleInstance> next = Started("{}");
    const auto unloaded = current->Unload(kPatience);
    ASSERT_TRUE(unloaded.unmapped) << unloaded.retained_by;
    current = std::move(next);
  }
  EXPECT_TRUE(current->Unload(kPatience).unmapped);
  current.reset();
  EXPECT_EQ(run_.files(), 0u);
}

}  // namespace
}  // namespace meshhost
