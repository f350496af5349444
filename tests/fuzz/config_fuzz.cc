// SPDX-License-Identifier: Apache-2.0
//
// Any text is either refused with errors that can be printed, or gives a Config that prints to TOML
// that loads to the same Config.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "host/config/load.h"
#include "host/config/print.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using meshhost::FileChecks;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto first = meshhost::ParseConfig(text, "fuzz.toml", "/etc/meshhost", FileChecks::kOff);
  Require(first.ok() == first.errors.empty());
  if (!first.ok()) {
    Require(!meshhost::FormatErrors(first.errors).empty());
    return 0;
  }
  const std::string printed = meshhost::ToToml(*first.config);
  const auto second = meshhost::ParseConfig(printed, "printed", "/etc/meshhost", FileChecks::kOff);
  Require(second.ok());
  Require(meshhost::ToJson(*first.config) == meshhost::ToJson(*second.config));
  return 0;
}
