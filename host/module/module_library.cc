// SPDX-License-Identifier: Apache-2.0
//
// The order is what makes loading safe: read once, check those bytes, write those bytes to a
// private copy, map that copy. What is checked is what runs, whatever happens to the operator's
// file meanwhile. dlmopen (16 namespaces, a second libc), RTLD_DEEPBIND (splits allocators) and
// memfd (the linker mistakes one /proc/self/fd/N for another) were tried and dropped.
#include "host/module/module_library.h"

#include <link.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <exception>
#include <utility>

#include "absl/status/status.h"
#include "host/base/concat.h"
#include "host/base/status_macros.h"
#include "host/module/module_bytes.h"

namespace meshhost {
namespace {

absl::Status ModuleError(const ModuleReport& report, std::string_view what) {
  return absl::FailedPreconditionError(
      Concat({"module \"", report.note.module, "\" (", report.path, "): ", what}));
}

int FindByName(dl_phdr_info* info, std::size_t, void* path) {
  return *static_cast<const std::string*>(path) == info->dlpi_name;
}

}  // namespace

bool IsMapped(const std::string& path) {
  std::string name = path;
  return ::dl_iterate_phdr(FindByName, &name) != 0;
}

absl::StatusOr<std::unique_ptr<ModuleLibrary>> ModuleLibrary::Load(const ModuleSource& source) {
  absl::StatusOr<ModuleBytes> file = ReadModuleBytes(source.path);
  if (!file.ok()) {
    return absl::FailedPreconditionError(
        Concat({"module \"", source.name, "\": ", std::string(file.status().message())}));
  }
  ModuleReport report = CheckModule(source.path, *file, source.policy);
  // Messages and the private copy carry the configured name: one file may serve under two.
  report.note.module = source.name;
  if (!report.ok()) return ModuleError(report, report.ErrorText());
  if (!source.sha256.empty() && report.sha256 != source.sha256) {
    return ModuleError(report,
                       Concat({"SHA-256 is ", report.sha256, ", configured is ", source.sha256}));
  }
  ASSIGN_OR_RETURN(ModuleCopy copy, ModuleCopy::Create(source.run_directory, source.name,
                                                       report.sha256, file->bytes));
  std::unique_ptr<ModuleLibrary> library(new ModuleLibrary(std::move(report), std::move(copy)));
  RETURN_IF_ERROR(library->Map());
  RETURN_IF_ERROR(library->ShakeHands());
  return library;
}

ModuleLibrary::ModuleLibrary(ModuleReport report, ModuleCopy copy)
    : report_(std::move(report)), copy_(std::move(copy)) {}

ModuleLibrary::~ModuleLibrary() = default;

absl::Status ModuleLibrary::Map() {
  try {
    library_.load(copy_.path(),
                  boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
  } catch (const std::exception& error) {
    return ModuleError(report_, error.what());
  }
  return absl::OkStatus();
}

absl::Status ModuleLibrary::ShakeHands() {
  mh_err err = {};
  err.size = sizeof(err);
  const mh_module* table = nullptr;
  try {
    auto entry =
        library_.get<const mh_module*(std::uint16_t, std::uint16_t, mh_err*)>(MH_MODULE_ENTRY_NAME);
    table = entry(MH_ABI_MAJOR, MH_ABI_MINOR, &err);
  } catch (const std::exception& error) {
    return ModuleError(report_, Concat({MH_MODULE_ENTRY_NAME ": ", error.what()}));
  }
  err.text[sizeof(err.text) - 1] = '\0';
  if (table == nullptr) return ModuleError(report_, Concat({"refuses this host: ", err.text}));
  // destroy, the last member that an instance cannot do without.
  if (table->size < offsetof(mh_module, fini)) {
    return ModuleError(report_, "its mh_module table is too short");
  }
  std::memcpy(&table_, table, std::min<std::size_t>(table->size, sizeof(table_)));
  if (table_.create == nullptr || table_.destroy == nullptr) {
    return ModuleError(report_, "its mh_module table lacks create or destroy");
  }
  return absl::OkStatus();
}

bool ModuleLibrary::Unload() {
  if (table_.fini != nullptr) table_.fini();
  table_ = {};
  library_.unload();
  if (!IsMapped(copy_.path())) return true;
  copy_.Keep();
  return false;
}

void ModuleLibrary::Retain() {
  copy_.Keep();
  // Boost.DLL offers no release of the handle: the object that would close it is kept instead.
  static auto& retained = *new std::deque<boost::dll::shared_library>;
  retained.push_back(std::move(library_));
}

}  // namespace meshhost
