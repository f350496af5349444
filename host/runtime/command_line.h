// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace meshhost {

// Parses the command line, runs the subcommand, and returns the exit code (exit_codes.h).
int RunCommandLine(int argc, const char* const* argv);

}  // namespace meshhost
