// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/reloader.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <future>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_join.h"
#include "host/base/concat.h"
#include "host/base/status_macros.h"
#include "host/base/units.h"
#include "host/config/diff.h"
#include "host/config/load.h"
#include "host/runtime/plan.h"

namespace meshhost {
namespace {

constexpr std::chrono::milliseconds kStopPoll{50};
constexpr std::chrono::seconds kConfirmTick{1};
constexpr int kNotReadyTicks = 2;
// A certificate and its key are two files: a reload in between finds a pair that does not match.
constexpr int kRetries = 3;
constexpr std::chrono::seconds kFirstRetry{1};
constexpr std::chrono::seconds kWatchInterval{1};

OperationResult Failed(int status, std::string_view error) {
  return {status, nlohmann::json{{"error", error}}.dump(-1, ' ', false,
                                                        nlohmann::json::error_handler_t::replace)};
}

std::string_view TextOf(const absl::Status& error) {
  return {error.message().data(), error.message().size()};
}

OperationResult Failed(int status, const absl::Status& error) {
  return Failed(status, TextOf(error));
}

OperationResult Stopping() { return Failed(503, "the host is stopping"); }

// Errors of a whole file stand on one line of the log and of an answer.
absl::StatusOr<std::shared_ptr<const Config>> Load(const std::string& file) {
  const ConfigResult loaded = LoadConfig(file);
  if (loaded.ok()) return loaded.config;
  return loaded.status();
}

}  // namespace

Reloader::Reloader(boost::asio::io_context& control, const Config& first,
                   const ServiceNotifier& notifier)
    : control_(control),
      file_(first.file),
      notifier_(notifier),
      confirm_timer_(control),
      retry_timer_(control),
      files_(control, kWatchInterval, [this](const std::vector<std::string>& files) {
        host_->log().Info("files have changed", {{"files", absl::StrJoin(files, ", ")}});
        Request();
      }) {
  Watch(first);
}

// ---- Triggers.

void Reloader::Watch(const Config& config) {
  files_.Watch(config.reload.watch ? FilesOf(config) : std::vector<std::string>{});
}

void Reloader::Request() {
  retries_ = 0;
  Begin({});
}

OperationResult Reloader::OnControl(std::function<void(Done)> operation) {
  const auto answer = std::make_shared<std::promise<OperationResult>>();
  std::future<OperationResult> answered = answer->get_future();
  boost::asio::post(control_, [operation = std::move(operation), answer] {
    operation([answer](OperationResult result) { answer->set_value(std::move(result)); });
  });
  // The control loop may end before it comes to this.
  while (answered.wait_for(kStopPoll) != std::future_status::ready) {
    if (!stopped_.load(std::memory_order_acquire)) continue;
    // An upgrade that has succeeded stops the host right behind its answer.
    if (answered.wait_for(std::chrono::seconds(0)) == std::future_status::ready) break;
    return Stopping();
  }
  return answered.get();
}

OperationResult Reloader::Reload(std::chrono::nanoseconds confirm) {
  return OnControl([this, confirm](Done done) { Begin({confirm, std::move(done)}); });
}

OperationResult Reloader::Plan() {
  // The control thread may be inside of a module for long.
  if (host_->preparing()) return Failed(409, "a reload is under way");
  return OnControl([this](const Done& done) {
    if (busy_) return done(Failed(409, "a reload is under way"));
    const auto plan = [this]() -> absl::StatusOr<std::string> {
      ASSIGN_OR_RETURN(std::shared_ptr<const Config> config, Load(file_));
      const std::vector<ConfigChange> changes = Diff(host_->config(), *config);
      RETURN_IF_ERROR(CheckAllHot(changes, config->file));
      ASSIGN_OR_RETURN(std::unique_ptr<Generation> next, host_->PlanNext(config));
      return PlanJson(host_->current(), *next, changes);
    }();
    done(plan.ok() ? OperationResult{200, *plan} : Failed(422, plan.status()));
  });
}

OperationResult Reloader::Confirm() {
  return OnControl([this](const Done& done) {
    if (before_ == nullptr) return done(Failed(409, "no reload waits for confirmation"));
    Keep();
    done({200, nlohmann::json{{"generation", host_->current().number()}}.dump()});
  });
}

OperationResult Reloader::RollBack() {
  return OnControl([this](const Done& done) {
    if (before_ == nullptr) return done(Failed(409, "no reload waits for confirmation"));
    GoBack("asked for", done);
  });
}

OperationResult Reloader::Upgrade() {
  return OnControl([this](const Done& done) { BeginUpgrade(done); });
}

void Reloader::RequestUpgrade() {
  BeginUpgrade([](const OperationResult&) {});
}

void Reloader::BeginUpgrade(const Done& done) {
  const auto refuse = [this, &done](int status, const std::string& why) {
    host_->log().Error("upgrade refused", {{"error", why}});
    done(Failed(status, why));
  };
  if (stopped_.load(std::memory_order_relaxed)) return refuse(503, "the host is stopping");
  if (busy_) return refuse(409, "a reload is under way");
  if (before_ != nullptr) return refuse(409, "the last reload waits for its confirmation");
  if (upgrade_->under_way()) return refuse(409, "an upgrade is under way");
  retry_timer_.cancel();
  upgrade_->Begin([done](const absl::StatusOr<pid_t>& pid) {
    done(pid.ok() ? OperationResult{200, nlohmann::json{{"pid", *pid}}.dump()}
                  : Failed(422, pid.status()));
  });
}

void Reloader::Stop() {
  retry_timer_.cancel();
  files_.Watch({});
  if (before_ != nullptr) Keep();
  stopped_.store(true, std::memory_order_release);
}

// ---- One reload.

void Reloader::Begin(Wish wish) {
  if (stopped_.load(std::memory_order_relaxed)) {
    if (wish.done) wish.done(Stopping());
    return;
  }
  if (busy_) return waiting_.push_back(std::move(wish));
  if (upgrade_->under_way()) {
    return Refuse(absl::FailedPreconditionError("an upgrade of the binary is under way"), wish);
  }
  if (before_ != nullptr) {
    return Refuse(absl::FailedPreconditionError("the last reload waits for its confirmation"),
                  wish);
  }
  retry_timer_.cancel();
  notifier_.Reloading();
  const absl::StatusOr<std::string> changed = Change(wish);
  if (!changed.ok()) Refuse(changed.status(), wish);
}

void Reloader::Refuse(const absl::Status& error, const Wish& wish) {
  host_->metrics().shared().Add(host_->reload_counters().failed);
  host_->log().Error("reload refused: the configuration from before serves on",
                     {{"error", TextOf(error)}, {"generation", host_->current().number()}});
  notifier_.Ready(Concat({"serving generation ", std::to_string(host_->current().number()),
                          ", the last reload was refused"}));
  if (wish.done) wish.done(Failed(422, error));
  if (!wish.done && absl::IsDataLoss(error)) RetryLater();
}

absl::StatusOr<std::string> Reloader::Change(Wish& wish) {
  files_.Accept();
  ASSIGN_OR_RETURN(std::shared_ptr<const Config> config, Load(file_));
  Watch(*config);
  const std::vector<ConfigChange> changes = Diff(host_->config(), *config);
  RETURN_IF_ERROR(CheckAllHot(changes, config->file));
  ASSIGN_OR_RETURN(std::unique_ptr<Generation> next, host_->PrepareNext(config));
  std::string plan = PlanJson(host_->current(), *next, changes);
  if (wish.confirm.count() > 0) {
    const Vitals now = Vitals::Read(host_->metrics());
    was_ = now.Since(began_);
  }
  busy_ = true;
  host_->Commit(std::move(next),
                [this, wish = std::move(wish), plan](std::unique_ptr<Generation> before) {
                  OnSwitched(std::move(before), wish, plan);
                });
  return plan;
}

void Reloader::OnSwitched(std::unique_ptr<Generation> before, const Wish& wish,
                          const std::string& plan) {
  busy_ = false;
  retries_ = 0;
  began_ = Vitals::Read(host_->metrics());
  host_->metrics().shared().Add(host_->reload_counters().ok);
  const uint64_t generation = host_->current().number();
  host_->log().Info("reloaded", {{"generation", generation},
                                 {"before", before->number()},
                                 {"confirm", FormatDuration(wish.confirm)}});
  // A host that stops asks nobody any more.
  if (wish.confirm.count() > 0 && !stopped_.load(std::memory_order_relaxed)) {
    before_ = std::move(before);
    AwaitConfirmation(wish.confirm);
  } else {
    host_->Retire(std::move(before));
  }
  notifier_.Ready(Concat({"serving generation ", std::to_string(generation)}));
  if (wish.done) wish.done({200, plan});
  BeginNext();
}

// All that came in the meantime is one more reload; the answers are the same.
void Reloader::BeginNext() {
  if (waiting_.empty()) return;
  Wish all;
  std::vector<Done> answers;
  for (Wish& wish : waiting_) {
    all.confirm = std::max(all.confirm, wish.confirm);
    if (wish.done) answers.push_back(std::move(wish.done));
  }
  waiting_.clear();
  if (!answers.empty()) {
    all.done = [answers = std::move(answers)](const OperationResult& result) {
      for (const Done& answer : answers) answer(result);
    };
  }
  Begin(std::move(all));
}

void Reloader::RetryLater() {
  if (retries_ == kRetries) return;
  retry_timer_.expires_after(kFirstRetry * (1 << retries_));
  ++retries_;
  retry_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) Begin({});
  });
}

// ---- Confirmation.

void Reloader::AwaitConfirmation(std::chrono::nanoseconds confirm) {
  confirm_until_ = std::chrono::steady_clock::now() + confirm;
  not_ready_ = 0;
  OnConfirmTick();
}

void Reloader::OnConfirmTick() {
  const auto now = std::chrono::steady_clock::now();
  if (now >= confirm_until_) return GoBack("nobody confirmed it in time", nullptr);
  if (now > confirm_until_ - kConfirmTick / 2) {
    confirm_timer_.expires_at(confirm_until_);
  } else {
    confirm_timer_.expires_after(
        std::min<std::chrono::nanoseconds>(kConfirmTick, confirm_until_ - now));
  }
  not_ready_ = host_->state().Health().ready ? 0 : not_ready_ + 1;
  if (not_ready_ >= kNotReadyTicks) return GoBack("the host is not ready", nullptr);
  const auto worse = Worse(*was_, Vitals::Read(host_->metrics()).Since(began_));
  if (worse) return GoBack(*worse, nullptr);
  confirm_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) OnConfirmTick();
  });
}

void Reloader::Keep() {
  confirm_timer_.cancel();
  host_->log().Info("reload confirmed", {{"generation", host_->current().number()}});
  host_->Retire(std::move(before_));
}

void Reloader::GoBack(const std::string& why, const Done& done) {
  confirm_timer_.cancel();
  busy_ = true;
  host_->UndoReconfiguration(host_->current());
  host_->log().Warn(
      "reload rolled back",
      {{"why", why}, {"generation", before_->number()}, {"given_up", host_->current().number()}});
  host_->Commit(std::move(before_), [this, done](std::unique_ptr<Generation> failed) {
    busy_ = false;
    began_ = Vitals::Read(host_->metrics());
    host_->metrics().shared().Add(host_->reload_counters().rolled_back);
    host_->Retire(std::move(failed));
    notifier_.Ready(Concat({"serving generation ", std::to_string(host_->current().number()),
                            ", the last reload was rolled back"}));
    if (done) done({200, nlohmann::json{{"generation", host_->current().number()}}.dump()});
    BeginNext();
  });
}

}  // namespace meshhost
