// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/retirement.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "host/base/clock.h"

namespace meshhost {

struct Retirement::Retired {
  Retired(Retirement& retirement, uint64_t number, DeploymentRef old)
      : owner(retirement), id(number), deployment(std::move(old)), deadline(owner.control_) {}

  // On a worker. Nothing of this may be touched afterwards.
  void CountDown() {
    Retirement& retirement = owner;
    const uint64_t ended = id;
    if (left.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    boost::asio::post(retirement.control_, [&retirement, ended] { retirement.OnEnded(ended); });
  }

  Retirement& owner;
  const uint64_t id;
  const DeploymentRef deployment;
  boost::asio::steady_timer deadline;
  bool expelled = false;
  // Workers with open calls, and tasks of RunOnWorkers; raised on the control thread only.
  std::atomic<uint32_t> left{0};
};

void Retirement::Retire(std::unique_ptr<Generation> old, const Generation& next) {
  for (const DeploymentRef& deployment : old->deployments()) {
    if (!next.Has(*deployment)) Add(deployment);
  }
  for (const auto& [id, retired] : retired_) {
    const InstanceRef& instance = retired->deployment->instance();
    if (instance == nullptr || next.modules().Contains(*instance)) continue;
    Expel(*retired, next.config());
  }
}

Retirement::Retirement(boost::asio::io_context& control,
                       const std::vector<std::unique_ptr<ServingWorker>>& workers)
    : control_(control), workers_(workers) {}

Retirement::~Retirement() = default;

void Retirement::Forget() { retired_.clear(); }

template <typename Task>
void Retirement::RunOnWorkers(Retired& retired, const Task& task) {
  for (size_t i = 0; i < workers_.size(); ++i) {
    retired.left.fetch_add(1, std::memory_order_relaxed);
    workers_[i]->Run([&retired, i, task] {
      task(retired.deployment->calls().For(static_cast<uint32_t>(i)));
      retired.CountDown();
    });
  }
}

void Retirement::Add(DeploymentRef deployment) {
  const uint64_t id = ++last_id_;
  Retired& retired = *(retired_[id] = std::make_unique<Retired>(*this, id, std::move(deployment)));
  retired.left = static_cast<uint32_t>(workers_.size());
  RunOnWorkers(retired, [&retired](CallList& calls) {
    calls.Retire([](void* context) { static_cast<Retired*>(context)->CountDown(); }, &retired);
  });
}

void Retirement::OnEnded(uint64_t id) {
  const auto found = retired_.find(id);
  // Not yet when a task was sent after the last call; it counts down again.
  if (found != retired_.end() && found->second->left == 0) retired_.erase(found);
}

void Retirement::Expel(Retired& retired, const Config& config) {
  if (std::exchange(retired.expelled, true)) return;
  const std::chrono::nanoseconds grace = config.reload.stream_grace;
  const std::chrono::nanoseconds patience = config.drain.timeout;
  retired.deployment->instance()->Drain(MonotonicNs() +
                                        static_cast<uint64_t>((grace + patience).count()));
  if (grace.count() == 0) return TellStreams(retired.id, patience);
  retired.deadline.expires_after(grace);
  retired.deadline.async_wait(
      [this, id = retired.id, patience](const boost::system::error_code& error) {
        if (!error) TellStreams(id, patience);
      });
}

void Retirement::TellStreams(uint64_t id, std::chrono::nanoseconds patience) {
  const auto found = retired_.find(id);
  if (found == retired_.end()) return;
  Retired& retired = *found->second;
  RunOnWorkers(retired, [](CallList& calls) { calls.Drain(Reason::kModuleRetired); });
  retired.deadline.expires_after(patience);
  retired.deadline.async_wait([this, id](const boost::system::error_code& error) {
    if (!error) OnDeadline(id);
  });
}

void Retirement::OnDeadline(uint64_t id) {
  const auto found = retired_.find(id);
  if (found == retired_.end()) return;
  RunOnWorkers(*found->second, [](CallList& calls) { calls.AbortAll(Reason::kModuleRetired); });
}

size_t Retirement::Instances(std::string_view module, const Generation& current) const {
  std::set<const ModuleInstance*> instances;
  for (const auto& [id, retired] : retired_) {
    const InstanceRef& instance = retired->deployment->instance();
    if (instance != nullptr && instance->name() == module &&
        !current.modules().Contains(*instance)) {
      instances.insert(instance.get());
    }
  }
  return instances.size();
}

uint64_t Retirement::calls() const {
  uint64_t sum = 0;
  for (const auto& [id, retired] : retired_) sum += retired->deployment->calls().calls();
  return sum;
}

void Retirement::Drain() {
  for (const auto& [id, retired] : retired_) {
    RunOnWorkers(*retired, [](CallList& calls) { calls.Drain(Reason::kDraining); });
  }
}

void Retirement::AbortCalls() {
  for (const auto& [id, retired] : retired_) {
    RunOnWorkers(*retired, [](CallList& calls) { calls.AbortAll(Reason::kDraining); });
  }
}

}  // namespace meshhost
