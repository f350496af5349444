// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "host/admin/admin_operations.h"

namespace meshhost {

// Notes what it was asked for. Any thread, once it is set up.
class FakeOperations final : public AdminOperations {
 public:
  OperationResult Plan() override { return Note("plan"); }
  OperationResult Reload(std::chrono::nanoseconds confirm) override {
    confirm_ = confirm;
    return Note("reload");
  }
  OperationResult Confirm() override { return Note("confirm"); }
  OperationResult RollBack() override { return Note("rollback"); }
  OperationResult Upgrade() override {
    if (during_upgrade_) during_upgrade_();
    return Note("upgrade");
  }

  const std::string& asked() const { return asked_; }
  std::chrono::nanoseconds confirm() const { return confirm_; }
  void set_during_upgrade(std::function<void()> what) { during_upgrade_ = std::move(what); }
  void set_result(OperationResult result) { result_ = std::move(result); }

 private:
  OperationResult Note(const char* what) {
    const absl::MutexLock lock(&mutex_);
    asked_ = what;
    return result_;
  }

  absl::Mutex mutex_;
  std::function<void()> during_upgrade_;
  std::string asked_;
  std::chrono::nanoseconds confirm_{-1};
  OperationResult result_{200, "{}"};
};

}  // namespace meshhost
