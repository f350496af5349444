// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "host/module/module_instance.h"
#include "tests/unit/module/fake_call.h"

namespace meshhost {

// What instances report to. Kept to the end of the process, as retained ones are.
struct Surroundings {
  class SilentLog final : public Log {
   public:
    bool Enabled(LogLevel level) const override { return level >= LogLevel::kError; }
    void Write(LogLevel, std::string_view text, std::span<const LogField>) override {
      errors.emplace_back(text);
    }
    std::deque<std::string> errors;
  };
  class NoHealth final : public HealthSink {
   public:
    void SetServing(std::string_view, std::string_view, bool) override {}
  };

  Registry metrics{{}};
  SilentLog log;
  NoHealth health;
};

// A module file that is loaded again and again as the same module, with another generation each
// time. Owned by a test; its thread.
class Line final {
 public:
  Line(std::string name, std::string file, std::string run_directory) {
    config_.name = std::move(name);
    config_.path.path = std::move(file);
    config_.pool_threads = 1;
    run_directory_ = std::move(run_directory);
  }
  ModuleConfig& config() { return config_; }
  Surroundings& around() { return around_; }

  // Claims are new for each, as in each configuration.
  std::unique_ptr<ModuleInstance> Next() {
    Claims claims;
    const ModuleEnvironment environment{around_.metrics, around_.log, around_.health,
                                        run_directory_};
    auto instance = ModuleInstance::Create(config_, ++generation_, environment, claims);
    EXPECT_TRUE(instance.ok()) << instance.status();
    if (!instance.ok()) return nullptr;
    const absl::Status started = (*instance)->Start();
    EXPECT_TRUE(started.ok()) << started;
    return *std::move(instance);
  }

 private:
  ModuleConfig config_;
  std::string run_directory_;
  Surroundings& around_ = *new Surroundings;
  std::uint64_t generation_ = 0;
};

// The worker that calls are made from: this thread.
class Caller final {
 public:
  static const ModuleMethod* Find(const ModuleInstance& instance, std::string_view label) {
    for (const auto& method : instance.registration().methods()) {
      if (method->label() == label) return method.get();
    }
    return nullptr;
  }
  // A call that has begun; answers of its module may come later.
  std::unique_ptr<FakeCall> Begin(const ModuleInstance& instance, std::string_view label,
                                  FakeCall::Flush flush = FakeCall::Flush::kInside,
                                  bool keep_sent = false) {
    const ModuleMethod* method = Find(instance, label);
    if (method == nullptr) return nullptr;
    endpoints_.push_back(std::make_unique<Endpoint>(method->endpoint()));
    endpoints_.back()->chain = &chain_;
    endpoints_.back()->calls = &calls_;
    auto call = std::make_unique<FakeCall>(loop_, *endpoints_.back(), flush);
    call->keep_sent = keep_sent;
    ++open_;
    call->Start();
    // As from a socket: the bytes are part of a block that the host may still write to.
    Block* received = Block::New(16);
    call->Deliver(*received, 16);
    received->Release();
    return call;
  }
  // Waits until the module has answered and nobody uses the call any more.
  std::string Finish(std::unique_ptr<FakeCall> call) {
    if (call == nullptr) return "no such route";
    loop_.RunUntil([&call] { return call->destroyed; });
    std::string answer = call->has_last ? call->last : std::string("no answer");
    call.reset();
    if (--open_ == 0) endpoints_.clear();
    return answer;
  }
  std::string Get(const ModuleInstance& instance, std::string_view label) {
    return Finish(Begin(instance, label));
  }
  FakeLoop& loop() { return loop_; }

 private:
  FakeLoop loop_;
  CallLists calls_{1};
  Chain chain_{{}};
  std::deque<std::unique_ptr<Endpoint>> endpoints_;  // of the open calls, at least
  int open_ = 0;
};

}  // namespace meshhost
