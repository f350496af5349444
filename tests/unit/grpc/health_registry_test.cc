// SPDX-License-Identifier: Apache-2.0
// Goal: states are told as set, draining overrides them, and listeners hear of each change.
#include "host/grpc/health_registry.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace meshhost {
namespace {

TEST(HealthRegistry, S27_TellsStatesAndUnknownServices) {
  HealthRegistry registry;
  registry.Set("", true);
  registry.Set("a.B", false);
  EXPECT_EQ(registry.Get(""), true);
  EXPECT_EQ(registry.Get("a.B"), false);
  EXPECT_EQ(registry.Get("other"), std::nullopt);
  EXPECT_EQ(registry.All().size(), 2u);
  registry.Remove("a.B");
  EXPECT_EQ(registry.Get("a.B"), std::nullopt);
}

TEST(HealthRegistry, S84_DrainingTurnsEverythingOff) {
  HealthRegistry registry;
  registry.Set("", true);
  registry.Set("a.B", true);
  registry.SetDraining();
  EXPECT_EQ(registry.Get(""), false);
  EXPECT_EQ(registry.Get("a.B"), false);
  for (const auto& [service, serving] : registry.All()) EXPECT_FALSE(serving) << service;
}

TEST(HealthRegistry, ListenersHearOfChangesOnly) {
  HealthRegistry registry;
  int heard = 0;
  const uint64_t token = registry.AddListener([&] { ++heard; });
  registry.Set("a", true);
  registry.Set("a", true);
  EXPECT_EQ(heard, 1);
  registry.Set("a", false);
  EXPECT_EQ(heard, 2);
  registry.RemoveListener(token);
  registry.Set("a", true);
  EXPECT_EQ(heard, 2);
}

TEST(HealthRegistry, ChangesAndQuestionsFromManyThreads) {
  HealthRegistry registry;
  std::atomic<int> heard{0};
  std::thread setter([&] {
    for (int i = 0; i < 10'000; ++i) registry.Set("a", i % 2 == 0);
  });
  for (int i = 0; i < 1'000; ++i) {
    const uint64_t token = registry.AddListener([&] { registry.Get("a"), ++heard; });
    registry.All();
    registry.RemoveListener(token);
  }
  setter.join();
  EXPECT_EQ(registry.Get("a"), false);
}

}  // namespace
}  // namespace meshhost
