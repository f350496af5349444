// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/command_line.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

#include "host/runtime/exit_codes.h"
#include "host/runtime/module_command.h"
#include "host/runtime/reload_command.h"
#include "host/runtime/run_command.h"
#include "host/runtime/version.h"
#include "meshhost/abi/base.h"

namespace meshhost {
namespace {

int PrintVersion() {
  std::cout << "meshhost " << kVersion << " (" << kRevision << "), module ABI " << MH_ABI_MAJOR
            << "." << MH_ABI_MINOR << "\n";
  return kExitOk;
}

// Each subcommand says how it is run by storing the exit code.
struct Arguments {
  Program program;
  std::string config;
  std::string confirm;
  std::string module;
  std::string other_module;
  bool json = false;
  int exit_code = kExitOk;
};

void AddRun(CLI::App& app, Arguments& arguments) {
  CLI::App* run = app.add_subcommand("run", "Serve until a signal ends it");
  run->add_option("--config", arguments.config, "TOML file")->required();
  run->callback(
      [&arguments] { arguments.exit_code = RunHost(arguments.config, arguments.program); });

  CLI::App* check = app.add_subcommand(
      "check", "Check a configuration, its certificates and modules, as a start would");
  check->add_option("--config", arguments.config, "TOML file")->required();
  check->add_flag("--json", arguments.json, "Print the effective configuration, or the errors");
  check->callback(
      [&arguments] { arguments.exit_code = CheckConfig(arguments.config, arguments.json); });
}

CLI::App* AddForRunningHost(CLI::App& app, const char* name, const char* text,
                            Arguments& arguments) {
  CLI::App* command = app.add_subcommand(name, text);
  command->add_option("--config", arguments.config, "TOML file that the host runs with")
      ->required();
  return command;
}

void AddReload(CLI::App& app, Arguments& arguments) {
  CLI::App* plan =
      AddForRunningHost(app, "plan", "What would a reload change and disturb?", arguments);
  plan->add_flag("--json", arguments.json, "For scripts");
  plan->callback(
      [&arguments] { arguments.exit_code = PlanReload(arguments.config, arguments.json); });

  CLI::App* reload = AddForRunningHost(
      app, "reload", "Change the running host to its file, or not at all", arguments);
  reload->add_option("--confirm", arguments.confirm,
                     "Go back unless confirmed in this time (60s), or when the host does worse");
  reload->add_flag("--json", arguments.json, "For scripts");
  reload->callback([&arguments] {
    arguments.exit_code = ReloadHost(arguments.config, arguments.confirm, arguments.json);
  });

  CLI::App* confirm =
      AddForRunningHost(app, "confirm", "Keep what `reload --confirm` brought", arguments);
  confirm->callback([&arguments] { arguments.exit_code = ConfirmReload(arguments.config); });
  CLI::App* rollback =
      AddForRunningHost(app, "rollback", "Give up what `reload --confirm` brought", arguments);
  rollback->callback([&arguments] { arguments.exit_code = RollBackReload(arguments.config); });
}

void AddUpgrade(CLI::App& app, Arguments& arguments) {
  CLI::App* upgrade = AddForRunningHost(
      app, "upgrade", "Replace the running process by its binary as it is now", arguments);
  upgrade->callback([&arguments] { arguments.exit_code = UpgradeHost(arguments.config); });
}

void AddModule(CLI::App& app, Arguments& arguments) {
  CLI::App* module = app.add_subcommand("module", "Look at module files");
  module->require_subcommand(1);
  CLI::App* check = module->add_subcommand("check", "Would the host load this file?");
  check->add_option("FILE", arguments.module, "Shared object")->required();
  check->add_flag("--json", arguments.json, "For scripts");
  check->callback(
      [&arguments] { arguments.exit_code = CheckModuleCommand(arguments.module, arguments.json); });
  CLI::App* diff = module->add_subcommand("diff", "Breaking changes between two versions");
  diff->add_option("OLD", arguments.module, "Shared object")->required();
  diff->add_option("NEW", arguments.other_module, "Shared object")->required();
  diff->add_flag("--json", arguments.json, "For scripts");
  diff->callback([&arguments] {
    arguments.exit_code =
        DiffModulesCommand(arguments.module, arguments.other_module, arguments.json);
  });
  // The host runs it on itself; it is of no use to people, so help does not show it.
  module->add_subcommand("preflight", "Load modules as standard input says")
      ->group("")
      ->callback([] { PreflightCommand(); });
}

}  // namespace

int RunCommandLine(int argc, const char* const* argv) {
  CLI::App app{"meshhost: serves gRPC, REST and WebSocket from loaded modules on one port"};
  app.name("meshhost");
  app.require_subcommand(1);
  Arguments arguments;
  arguments.program = Program::Of(argc, argv);
  AddRun(app, arguments);
  AddReload(app, arguments);
  AddUpgrade(app, arguments);
  AddModule(app, arguments);
  app.add_subcommand("version", "Print the version")->callback([&arguments] {
    arguments.exit_code = PrintVersion();
  });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help is asked for and succeeds; anything else is wrong usage.
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  return arguments.exit_code;
}

}  // namespace meshhost
