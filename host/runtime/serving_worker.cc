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

}  // namespace

ServingWorker::ServingWorker(uint32_t index)
    : worker_(index),
      dispatcher_(worker_, worker_.io(), http_, grpc_),
      sessions_(
          worker_, [this]() -> Block& { return worker_.read_block(); }, dispatcher_, http_) {}

ServingWorker::~ServingWorker() { StopAndJoin(); }

void ServingWorker::Run(std::function<void()> work) {
  if (!started_) return work();
  worker_.Post(*new OwnedWork(std::move(work)));
}

void ServingWorker::Publish(const Directory& current, const Directory& refusing,
                            const HttpSettings& http, const GrpcSettings& grpc) {
  dispatcher_.Publish(current, refusing);
  http_ = http;
  grpc_ = grpc;
}

void ServingWorker::AddListener(UniqueFd socket, std::shared_ptr<const AcceptorSettings> settings) {
  const uint64_t id = settings->id;
  auto acceptor =
      std::make_unique<Acceptor>(worker_, sessions_, std::move(socket), std::move(settings));
  acceptor->Start();
  acceptors_.emplace(id, std::move(acceptor));
}

void ServingWorker::UpdateListener(std::shared_ptr<const AcceptorSettings> settings) {
  const auto [begin, end] = acceptors_.equal_range(settings->id);
  for (auto at = begin; at != end; ++at) at->second->SetSettings(settings);
}

void ServingWorker::RemoveListener(uint64_t id) {
  const auto [begin, end] = acceptors_.equal_range(id);
  for (auto at = begin; at != end; ++at) at->second->Stop();
  acceptors_.erase(begin, end);
  sessions_.Drain(id);
}

void ServingWorker::StopAccepting() {
  for (const auto& [id, acceptor] : acceptors_) acceptor->Stop();
}

void ServingWorker::LeaveListeners() {
  for (const auto& [id, acceptor] : acceptors_) acceptor->Leave();
}

std::vector<std::pair<uint64_t, UniqueFd>> ServingWorker::ListeningSockets() const {
  std::vector<std::pair<uint64_t, UniqueFd>> sockets;
  for (const auto& [id, acceptor] : acceptors_) sockets.emplace_back(id, acceptor->Duplicate());
  return sockets;
}

void ServingWorker::Start() {
  started_ = true;
  worker_.Start();
}

void ServingWorker::StopAndJoin() {
  if (!started_) return;
  std::promise<void> closed;
  Run([this, &closed] {
    sessions_.CloseAll();
    closed.set_value();
  });
  closed.get_future().wait();
  // A task of its own, behind what closing the sessions left for the end of its turn.
  Run([this] { worker_.Stop(); });
  worker_.Join();
  started_ = false;
}

}  // namespace meshhost
