// SPDX-License-Identifier: Apache-2.0
//
// Check and List answer at once. A Watch is a small object on its call's worker: the registry's
// listener only posts it a task, and the task sends the state if it differs from the last one sent,
// so a slow reader sees the newest state and never a queue of old ones.
#include "host/grpc/health_service.h"

#include <atomic>
#include <optional>
#include <string>

#include "grpc/health/v1/health.pb.h"
#include "host/call/exchange.h"
#include "host/grpc/message_codec.h"

namespace meshhost {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using grpc::health::v1::HealthListResponse;

HealthCheckResponse::ServingStatus ToStatus(bool serving) {
  return serving ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
}

void FinishWith(Exchange& exchange, const google::protobuf::MessageLite& response) {
  WithSerialized(response, [&exchange](const Message& message) {
    return exchange.Finish(&message, Outcome{});
  });
}

// Deletes itself when the call has ended and no task is on its way.
class Watcher final : public Receiver {
 public:
  Watcher(Exchange& exchange, HealthRegistry& registry, std::string service)
      : exchange_(exchange),
        loop_(exchange.loop()),
        registry_(registry),
        service_(std::move(service)),
        update_(this) {
    exchange.SetReceiver(*this);
    token_ = registry.AddListener([this] { PostUpdate(); });
    SendState();
  }

  void OnMessage(const Message&) override {}
  void OnHalfClose() override {}
  void OnWritable() override { SendState(); }

  void OnCancel(CancelReason reason) override {
    if (reason == CancelReason::kDrain) SendState();
    exchange_.Finish(nullptr, Refusal(Reason::kDraining));
  }

  void OnEnd(const Final&) override {
    registry_.RemoveListener(token_);
    ended_ = true;
    if (!posted_.load(std::memory_order_acquire)) delete this;
  }

 private:
  struct Update : Task {
    explicit Update(Watcher* owner) : Task(&Update::Run), watcher(owner) {}
    static void Run(Task* task) { static_cast<Update*>(task)->watcher->OnUpdate(); }
    Watcher* watcher;
  };

  // Any thread.
  void PostUpdate() {
    if (!posted_.exchange(true, std::memory_order_acq_rel)) loop_.Post(update_);
  }

  void OnUpdate() {
    posted_.store(false, std::memory_order_release);
    if (ended_) {
      delete this;
      return;
    }
    SendState();
  }

  void SendState() {
    const std::optional<bool> serving = registry_.Get(service_);
    const auto status = serving ? ToStatus(*serving) : HealthCheckResponse::SERVICE_UNKNOWN;
    if (sent_ == status) return;
    HealthCheckResponse response;
    response.set_status(status);
    const Sent sent = WithSerialized(
        response, [this](const Message& message) { return exchange_.Send(message); });
    if (sent == Sent::kTaken) sent_ = status;  // else OnWritable tries again
  }

  Exchange& exchange_;
  Loop& loop_;
  HealthRegistry& registry_;
  const std::string service_;
  Update update_;
  uint64_t token_ = 0;
  std::optional<HealthCheckResponse::ServingStatus> sent_;
  std::atomic<bool> posted_{false};
  bool ended_ = false;
};

bool ParseService(Exchange& exchange, const Message* first, std::string& service) {
  HealthCheckRequest request;
  if (!Parse(*first, request)) {
    exchange.Finish(nullptr, Refusal(Reason::kMalformedMessage));
    return false;
  }
  service = request.service();
  return true;
}

}  // namespace

void HealthCheckHandler::OnCall(Exchange& exchange, const Message* first) {
  std::string service;
  if (!ParseService(exchange, first, service)) return;
  const std::optional<bool> serving = registry_.Get(service);
  if (!serving) {
    Outcome outcome;
    outcome.code = Code::kNotFound;
    outcome.message = "unknown service";
    exchange.Finish(nullptr, outcome);
    return;
  }
  HealthCheckResponse response;
  response.set_status(ToStatus(*serving));
  FinishWith(exchange, response);
}

void HealthListHandler::OnCall(Exchange& exchange, const Message*) {
  HealthListResponse response;
  for (const auto& [service, serving] : registry_.All()) {
    (*response.mutable_statuses())[service].set_status(ToStatus(serving));
  }
  FinishWith(exchange, response);
}

void HealthWatchHandler::OnCall(Exchange& exchange, const Message* first) {
  std::string service;
  if (!ParseService(exchange, first, service)) return;
  new Watcher(exchange, registry_, std::move(service));
}

}  // namespace meshhost
