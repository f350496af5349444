// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace meshhost {

// The subcommands that ask a running host, by its admin server. `config`: the file that it runs
// with, which names the admin address. Each returns the exit code.
int PlanReload(const std::string& config, bool json);
// `confirm`: a duration like "60s", or empty.
int ReloadHost(const std::string& config, const std::string& confirm, bool json);
int ConfirmReload(const std::string& config);
int RollBackReload(const std::string& config);
// Waits until the new process serves, or the old one serves on.
int UpgradeHost(const std::string& config);

}  // namespace meshhost
