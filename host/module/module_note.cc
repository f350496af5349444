// SPDX-License-Identifier: Apache-2.0
#include "host/module/module_note.h"

#include <algorithm>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_split.h"
#include "host/base/concat.h"
#include "meshhost/abi/note.h"

namespace meshhost {
namespace {

constexpr std::size_t kNoteHeaderSize = 24;  // namesz, descsz, type, name[12]

// A text field: NUL-padded, printable. Nothing else may reach a log line.
absl::StatusOr<std::string> Field(std::string_view what, const char* bytes, std::size_t size) {
  const std::size_t length = strnlen(bytes, size);
  if (length == size) {
    return absl::InvalidArgumentError(Concat({"note: ", what, " is not NUL-terminated"}));
  }
  const std::string_view text(bytes, length);
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; })) {
    return absl::InvalidArgumentError(Concat({"note: ", what, " has unprintable characters"}));
  }
  return std::string(text);
}

}  // namespace

absl::StatusOr<ModuleNote> ParseModuleNote(std::string_view bytes) {
  mh_note raw = {};
  // A later minor of the ABI may append fields to the note; an older one cannot be shorter than
  // v1.0.
  if (bytes.size() < sizeof(raw)) return absl::InvalidArgumentError("note: too short");
  std::memcpy(&raw, bytes.data(), sizeof(raw));
  if (raw.type != MH_NOTE_TYPE || raw.namesz != 9 || std::memcmp(raw.name, "meshhost", 9) != 0) {
    return absl::InvalidArgumentError("note: not one of meshhost");
  }
  if (raw.descsz < sizeof(raw) - kNoteHeaderSize) {
    return absl::InvalidArgumentError("note: description too short");
  }
  absl::StatusOr<std::string> module = Field("module", raw.module, sizeof(raw.module));
  if (!module.ok()) return module.status();
  absl::StatusOr<std::string> version = Field("version", raw.version, sizeof(raw.version));
  if (!version.ok()) return version.status();
  absl::StatusOr<std::string> needs = Field("needs", raw.needs, sizeof(raw.needs));
  if (!needs.ok()) return needs.status();
  return ModuleNote{raw.major,           raw.built_minor,
                    raw.needs_minor,     *std::move(module),
                    *std::move(version), absl::StrSplit(*needs, ' ', absl::SkipEmpty())};
}

bool IsModuleName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

}  // namespace meshhost
