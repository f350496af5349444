// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/serving_worker.h"

#include <future>
#include <utility>

namespace meshhost {
namespace {

struct OwnedWork final : Task {
  explicit OwnedWork(std::function<void()> function) : Task(&Run), work(std::move(function)) {}
  static void Run(Task* task) {
    const std::unique_ptr<OwnedWork> owned(static_cast<OwnedWork*>(task));
    owned->work();
  }
  std::function<void()> work;
};

void CountDown(void* context) {
  static_cast<std::atomic<int>*>(context)->fetch_sub(1, std::memory_order_acq_rel);
}

}  // namespace

ServingWorker::ServingWorker(uint32_t index, const HttpSettings& http, const GrpcSettings& grpc)
    : worker_(index),
      dispatcher_(worker_, worker_.io(), http, grpc),
      sessions_(
          worker_, [this]() -> Block& { return worker_.read_block(); }, dispatcher_, http) {}

ServingWorker::~ServingWorker() { StopAndJoin(); }

void ServingWorker::RunOnWorker(std::function<void()> work) {
  worker_.Post(*new OwnedWork(std::move(work)));
}

void ServingWorker::AddListener(UniqueFd socket, std::shared_ptr<const AcceptorSettings> settings) {
  acceptors_.push_back(
      std::make_unique<Acceptor>(worker_, sessions_, std::move(socket), std::move(settings)));
}

void ServingWorker::Publish(const Directory& current, const Directory& refusing) {
  unretired_ = 2;
  current_ = std::make_unique<Snapshot>(current, &CountDown, &unretired_);
  refusing_ = std::make_unique<Snapshot>(refusing, &CountDown, &unretired_);
  dispatcher_.Publish(*current_, *refusing_);
}

void ServingWorker::Start() {
  started_ = true;
  for (const auto& acceptor : acceptors_) acceptor->Start();
  worker_.Start();
}

void ServingWorker::StopAccepting() {
  RunOnWorker([this] {
    for (const auto& acceptor : acceptors_) acceptor->Stop();
  });
}

void ServingWorker::DrainSessions() {
  RunOnWorker([this] {
    current_->Drain();
    refusing_->Drain();
    sessions_.Drain();
  });
}

void ServingWorker::AbortCalls() {
  RunOnWorker([this] {
    current_->AbortAll();
    refusing_->AbortAll();
  });
}

void ServingWorker::RetireSnapshots() {
  RunOnWorker([this] {
    current_->Retire();
    refusing_->Retire();
  });
}

void ServingWorker::StopAndJoin() {
  if (!std::exchange(started_, false)) return;
  std::promise<void> closed;
  RunOnWorker([this, &closed] {
    sessions_.CloseAll();
    closed.set_value();
  });
  closed.get_future().wait();
  // A task of its own, behind what closing the sessions left for the end of its turn.
  RunOnWorker([this] { worker_.Stop(); });
  worker_.Join();
}

}  // namespace meshhost
