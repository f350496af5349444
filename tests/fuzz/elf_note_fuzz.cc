// SPDX-License-Identifier: Apache-2.0
//
// Any bytes are either refused or read: the reader and every rule over it stay inside the file, and
// a report can be printed. Bytes that do not begin as ELF are tried as a bare note as well.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "host/module/module_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const meshhost::ModulePolicy policy = meshhost::HostModulePolicy();
  const meshhost::ModuleReport report = meshhost::CheckModuleBytes("fuzz.so", {data, size}, policy);
  if (meshhost::ToText(report).empty() || meshhost::ToJson(report).empty()) std::abort();
  // A file that passes has a note that this host understands.
  if (report.ok() && !meshhost::IsModuleName(report.note.module)) std::abort();
  const auto note = meshhost::ParseModuleNote({reinterpret_cast<const char*>(data), size});
  if (note.ok() && note->module.size() >= 48) std::abort();
  return 0;
}
