// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "host/admin/admin_operations.h"

namespace meshhost {

// Notes what it was asked for.
class FakeOperations final : public AdminOperations {
 public:
  OperationResult Plan() override { return Note("plan"); }
  OperationResult Reload(std::chrono::nanoseconds confirm) override {
    confirm_ = confirm;
    return Note("reload");
  }
  OperationResult Confirm() override { return Note("confirm"); }
  OperationResult RollBack() override { return Note("rollback"); }

  const std::string& asked() const { return asked_; }
  std::chrono::nanoseconds confirm() const { return confirm_; }
  void set_result(OperationResult result) { result_ = std::move(result); }

 private:
  OperationResult Note(const char* what) {
    asked_ = what;
    return result_;
  }

  std::string asked_;
  std::chrono::nanoseconds confirm_{-1};
  OperationResult result_{200, "{}"};
};

}  // namespace meshhost
