// SPDX-License-Identifier: Apache-2.0
//
// What a shared object says about itself, read from its bytes without loading it.
//
// The file is untrusted: every offset, size and count in it is checked before it is followed, and
// the work is bounded by the file's size. Only what the dynamic linker acts on is believed (program
// headers and the dynamic section); section headers serve for nothing but the note, because some
// toolchains place it in a section that no PT_NOTE covers. Texts are not copied: a hostile file
// could otherwise turn one long string into as many copies as it has symbols.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace meshhost {

// One entry of the dynamic symbol table. Plain value.
struct ElfSymbol {
  enum class Binding { kLocal, kGlobal, kWeak, kUnique, kOther };

  std::string_view name;
  Binding binding = Binding::kOther;
  bool defined = false;   // in a section of this file
  bool exported = false;  // defined and visible to others
};

// "libc.so.6" and the versions wanted from it, "GLIBC_2.34". Plain value.
struct ElfVersionNeed {
  std::string_view library;
  std::vector<std::string_view> versions;
};

// The facts of one shared object. Plain value whose texts are views into the bytes that were read.
struct ElfFile {
  std::uint16_t type = 0;
  std::uint16_t machine = 0;
  std::string_view soname;
  std::vector<std::string_view> needed;
  std::vector<std::string_view> run_paths;  // DT_RPATH and DT_RUNPATH
  bool no_delete = false;                   // DF_1_NODELETE
  bool static_tls = false;                  // DF_STATIC_TLS
  bool text_relocations = false;            // DT_TEXTREL, DF_TEXTREL
  bool executable_stack = false;  // asked for, or left to the default by a missing PT_GNU_STACK
  bool writable_code = false;     // a PT_LOAD that is both writable and executable
  std::vector<ElfSymbol> symbols;
  std::vector<ElfVersionNeed> version_needs;
  std::string_view note;  // the whole entry of section .note.meshhost, header included; empty: none
};

// The ELF machine number that this host was compiled for (EM_X86_64, EM_AARCH64).
std::uint16_t HostElfMachine();

// Fails when `bytes` is not a well-formed 64-bit little-endian ELF file. Any thread.
[[nodiscard]] absl::StatusOr<ElfFile> ReadElfFile(std::span<const std::uint8_t> bytes);

}  // namespace meshhost
