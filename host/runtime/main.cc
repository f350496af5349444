// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/command_line.h"

int main(int argc, char** argv) { return meshhost::RunCommandLine(argc, argv); }
