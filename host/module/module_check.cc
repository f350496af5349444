// SPDX-License-Identifier: Apache-2.0
#include "host/module/module_check.h"

#include <elf.h>
#include <gnu/libc-version.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "host/base/concat.h"
#include "host/module/elf_file.h"
#include "meshhost/abi/config.h"
#include "meshhost/abi/exec.h"
#include "meshhost/abi/grpc.h"
#include "meshhost/abi/http.h"
#include "meshhost/abi/metrics.h"
#include "meshhost/abi/module.h"
#include "meshhost/abi/ws.h"

namespace meshhost {
namespace {

using Severity = Finding::Severity;

// Imports that a module may have but whose use outlives or overreaches it (abi/module.h).
struct SuspectImport {
  std::string_view symbol;
  std::string_view rule;
  std::string_view text;
};
constexpr std::array<SuspectImport, 13> kSuspectImports = {{
    {"__cxa_thread_atexit", "import.thread_local",
     "thread_local objects with destructors keep the module mapped while a thread that touched "
     "them "
     "lives; touch them only in pool handlers and threads of mh.exec/1"},
    {"__cxa_thread_atexit_impl", "import.thread_local",
     "thread_local objects with destructors keep the module mapped while a thread that touched "
     "them "
     "lives; touch them only in pool handlers and threads of mh.exec/1"},
    {"pthread_key_create", "import.thread_key",
     "a thread key whose destructor is still registered after unloading crashes the thread that "
     "ends; delete every key in fini"},
    {"pthread_create", "import.thread",
     "a thread that still runs at unloading crashes the host; use mh.exec/1 thread, or join it in "
     "destroy"},
    {"sigaction", "import.process_state", "signal handlers belong to the host"},
    {"signal", "import.process_state", "signal handlers belong to the host"},
    {"setlocale", "import.process_state", "the locale is the host's; use newlocale and uselocale"},
    {"umask", "import.process_state", "the umask is the host's"},
    {"chdir", "import.process_state", "the working directory is the host's; use openat"},
    {"setenv", "import.process_state", "changing the environment races with every getenv"},
    {"putenv", "import.process_state", "changing the environment races with every getenv"},
    {"fork", "import.process_state", "fork copies one thread and every lock; use posix_spawn"},
    {"exit", "import.process_state", "exit ends the host; return an error"},
}};

std::string Number(std::uint64_t value) { return std::to_string(value); }

// Runs the rules over one file. Lives for one check.
class ModuleChecker final {
 public:
  ModuleChecker(const ModulePolicy& policy, ModuleReport* report)
      : policy_(policy), report_(*report) {}

  void CheckBytes(std::span<const std::uint8_t> bytes);
  void CheckStatus(const struct stat& status);

 private:
  void Error(std::string_view rule, std::string text) {
    report_.findings.push_back({Severity::kError, std::string(rule), std::move(text)});
  }
  void Warn(std::string_view rule, std::string text) {
    report_.findings.push_back({Severity::kWarning, std::string(rule), std::move(text)});
  }

  bool CheckKind(const ElfFile& elf);
  void CheckNote(std::string_view note);
  void CheckAbi(const ModuleNote& note);
  void CheckSymbols(const ElfFile& elf);
  void CheckImports(const ElfFile& elf);
  void CheckNeeded(const ElfFile& elf);
  void CheckFlags(const ElfFile& elf);
  void CheckGlibc(const ElfFile& elf);

  const ModulePolicy& policy_;
  ModuleReport& report_;
};

void ModuleChecker::CheckBytes(std::span<const std::uint8_t> bytes) {
  absl::StatusOr<ElfFile> elf = ReadElfFile(bytes);
  if (!elf.ok()) {
    Error("elf.format", std::string(elf.status().message()));
    return;
  }
  if (!CheckKind(*elf)) return;
  CheckNote(elf->note);
  CheckSymbols(*elf);
  CheckImports(*elf);
  CheckNeeded(*elf);
  CheckFlags(*elf);
  CheckGlibc(*elf);
}

bool ModuleChecker::CheckKind(const ElfFile& elf) {
  if (elf.type != ET_DYN) {
    Error("elf.type", "not a shared object; link it with -shared");
    return false;
  }
  if (elf.machine != HostElfMachine()) {
    Error("elf.machine", Concat({"built for ELF machine ", Number(elf.machine), ", this host is ",
                                 Number(HostElfMachine())}));
    return false;
  }
  return true;
}

void ModuleChecker::CheckNote(std::string_view note) {
  if (note.empty()) {
    Error("note.missing",
          "no ELF note .note.meshhost, so not a meshhost module; put MH_MODULE_NOTE at file scope");
    return;
  }
  absl::StatusOr<ModuleNote> parsed = ParseModuleNote(note);
  if (!parsed.ok()) {
    Error("note.format", std::string(parsed.status().message()));
    return;
  }
  report_.note = *std::move(parsed);
  CheckAbi(report_.note);
}

void ModuleChecker::CheckAbi(const ModuleNote& note) {
  if (note.major != policy_.abi_major) {
    Error("note.major", Concat({"note field major: the module speaks ABI ", Number(note.major),
                                ", this host speaks ", Number(policy_.abi_major)}));
  }
  if (note.needs_minor > policy_.abi_minor) {
    Error("note.needs_minor",
          Concat({"note field needs_minor: the module needs ABI ", Number(note.major), ".",
                  Number(note.needs_minor), ", this host has ", Number(policy_.abi_major), ".",
                  Number(policy_.abi_minor),
                  "; update the host or build with a lower MH_TARGET_MINOR"}));
  }
  for (const std::string& need : note.needs) {
    const auto& offered = policy_.interfaces;
    if (std::find(offered.begin(), offered.end(), need) != offered.end()) continue;
    Error("note.interface", Concat({"note field needs: the module needs interface \"", need,
                                    "\", which this host does "
                                    "not have"}));
  }
  if (!IsModuleName(note.module)) {
    Error("note.name", Concat({"note field module: \"", note.module, "\" is not of [a-z0-9_-]+"}));
  }
}

void ModuleChecker::CheckSymbols(const ElfFile& elf) {
  bool has_entry = false;
  std::size_t unique = 0;
  std::size_t others = 0;
  std::string_view first_unique;
  std::string_view first_other;
  for (const ElfSymbol& symbol : elf.symbols) {
    if (!symbol.exported) continue;
    if (symbol.binding == ElfSymbol::Binding::kUnique) {
      if (unique++ == 0) first_unique = symbol.name;
    } else if (symbol.name == MH_MODULE_ENTRY_NAME) {
      has_entry = true;
    } else if (others++ == 0) {
      first_other = symbol.name;
    }
  }
  if (!has_entry) {
    Error("symbol.entry", "does not export " MH_MODULE_ENTRY_NAME
                          "; define it with MH_EXPORT and name it in the version script");
  }
  if (unique > 0) {
    Error(
        "symbol.unique",
        Concat({"exports ", Number(unique), " STB_GNU_UNIQUE symbols (", first_unique,
                " ...): the next version would use this one's objects and never be unmapped; link "
                "with a version script that has `local: *`, as meshhost_add_module() does"}));
  }
  if (others > 0) {
    Error(
        "symbol.exported",
        Concat({"exports ", Number(others), " symbols besides its entry (", first_other,
                " ...), which may collide with those of the host's libraries; link with a version "
                "script that has `local: *`, as meshhost_add_module() does"}));
  }
}

void ModuleChecker::CheckImports(const ElfFile& elf) {
  for (const SuspectImport& suspect : kSuspectImports) {
    const bool imported =
        std::any_of(elf.symbols.begin(), elf.symbols.end(), [&suspect](const ElfSymbol& symbol) {
          return !symbol.defined && symbol.binding == ElfSymbol::Binding::kGlobal &&
                 symbol.name == suspect.symbol;
        });
    if (imported) Warn(suspect.rule, Concat({"imports ", suspect.symbol, ": ", suspect.text}));
  }
}

void ModuleChecker::CheckNeeded(const ElfFile& elf) {
  for (std::string_view library : elf.needed) {
    report_.needed.emplace_back(library);
    const auto& allowed = policy_.allowed_libraries;
    if (std::find(allowed.begin(), allowed.end(), library) != allowed.end()) continue;
    if (library.starts_with("libprotobuf.so")) {
      Error("needed.protobuf",
            Concat({"needs ", library,
                    ": two modules with one .proto file in the full shared runtime abort the "
                    "process; generate with protoc --cpp_out=lite: and link libprotobuf-lite"}));
      continue;
    }
    Error("needed.library",
          Concat({"needs ", library,
                  ", which a second version of the module would share with this one; link it "
                  "statically, or name it in allowed_libraries of the module's configuration"}));
  }
}

void ModuleChecker::CheckFlags(const ElfFile& elf) {
  for (std::string_view path : elf.run_paths) {
    Error("dynamic.run_path", Concat({"carries the library search path \"", path,
                                      "\" (DT_RPATH or DT_RUNPATH), which could change what it is "
                                      "linked with; link without -rpath"}));
  }
  if (elf.no_delete) {
    Warn("dynamic.no_delete",
         "is marked NODELETE: it stays mapped after each upgrade and counts as retained; link "
         "without -z nodelete");
  }
  if (elf.static_tls) {
    Warn("dynamic.static_tls",
         "uses static thread-local storage (DF_STATIC_TLS), of which a process has little: loading "
         "may fail; compile with -fPIC and without -ftls-model=initial-exec");
  }
  if (elf.text_relocations) {
    Error("dynamic.text_relocations", "has text relocations; compile everything with -fPIC");
  }
  if (elf.executable_stack) {
    Error("segment.executable_stack",
          "asks for executable stacks, which would make those of the host's threads executable; "
          "link with -z noexecstack");
  }
  if (elf.writable_code) {
    Error("segment.writable_code", "has a segment that is both writable and executable");
  }
}

// "2.34" as numbers that compare; none when it is not of that form (GLIBC_PRIVATE).
std::optional<std::pair<unsigned, unsigned>> ParseGlibcVersion(std::string_view text) {
  unsigned parts[2] = {0, 0};
  std::size_t part = 0;
  std::size_t digits = 0;
  for (char c : text) {
    if (c == '.' && digits > 0) {
      if (++part == 2) break;
      digits = 0;
    } else if (c >= '0' && c <= '9' && ++digits <= 5) {
      parts[part] = parts[part] * 10 + static_cast<unsigned>(c - '0');
    } else {
      return std::nullopt;
    }
  }
  if (part == 0) return std::nullopt;
  return std::pair{parts[0], parts[1]};
}

void ModuleChecker::CheckGlibc(const ElfFile& elf) {
  constexpr std::string_view kPrefix = "GLIBC_";
  std::pair<unsigned, unsigned> highest = {0, 0};
  for (const ElfVersionNeed& need : elf.version_needs) {
    for (std::string_view version : need.versions) {
      if (!version.starts_with(kPrefix)) continue;
      std::optional<std::pair<unsigned, unsigned>> parsed =
          ParseGlibcVersion(version.substr(kPrefix.size()));
      if (!parsed || *parsed <= highest) continue;
      highest = *parsed;
      report_.glibc_version = Concat({Number(parsed->first), ".", Number(parsed->second)});
    }
  }
  std::optional<std::pair<unsigned, unsigned>> host = ParseGlibcVersion(policy_.glibc_version);
  if (host && highest > *host) {
    Error("glibc.version", Concat({"needs glibc ", report_.glibc_version, ", this host runs on ",
                                   policy_.glibc_version, "; build it on an older system"}));
  }
}

void ModuleChecker::CheckStatus(const struct stat& status) {
  if (status.st_mode & S_IWOTH) {
    Error("file.mode",
          "is writable by everybody, so anybody could run code in the host; chmod o-w");
  }
  if ((status.st_mode & S_IWGRP) == 0) return;
  // Who builds and runs as the same user often has a group of that user's own (umask 002).
  if (status.st_gid == ::getegid()) {
    Warn("file.mode", "is writable by the group that the host runs as; chmod g-w");
  } else {
    Error("file.mode",
          "is writable by a group that the host is not in, so others could run code in it; "
          "chmod g-w");
  }
}

// Libraries of the sanitizer that the host itself runs under: its modules cannot but need them.
std::vector<std::string> SanitizerLibraries() {
#if defined(__SANITIZE_ADDRESS__)
  return {"libasan.so.8", "libubsan.so.1"};
#elif defined(__SANITIZE_THREAD__)
  return {"libtsan.so.2"};
#else
  return {};
#endif
}

}  // namespace

ModulePolicy HostModulePolicy(std::vector<std::string> extra_libraries) {
  ModulePolicy policy;
  policy.abi_major = MH_ABI_MAJOR;
  policy.abi_minor = MH_ABI_MINOR;
  policy.interfaces = {MH_GRPC_1, MH_HTTP_1, MH_WS_1, MH_EXEC_1, MH_METRICS_1, MH_CONFIG_1};
  policy.allowed_libraries = {
      "libc.so.6",      "libm.so.6",     "ld-linux-x86-64.so.2",  "ld-linux-aarch64.so.1",
      "libstdc++.so.6", "libgcc_s.so.1", "libprotobuf-lite.so.32"};
  for (std::string& library : SanitizerLibraries()) {
    policy.allowed_libraries.push_back(std::move(library));
  }
  for (std::string& library : extra_libraries) {
    policy.allowed_libraries.push_back(std::move(library));
  }
  policy.glibc_version = gnu_get_libc_version();
  return policy;
}

ModuleReport CheckModuleBytes(std::string_view path, std::span<const std::uint8_t> bytes,
                              const ModulePolicy& policy) {
  ModuleReport report;
  report.path = path;
  ModuleChecker(policy, &report).CheckBytes(bytes);
  return report;
}

ModuleReport CheckModule(std::string_view path, const ModuleBytes& file,
                         const ModulePolicy& policy) {
  ModuleReport report = CheckModuleBytes(path, file.bytes, policy);
  report.sha256 = Sha256Hex(file.bytes);
  ModuleChecker(policy, &report).CheckStatus(file.status);
  return report;
}

ModuleReport CheckModuleFile(const std::string& path, const ModulePolicy& policy) {
  absl::StatusOr<ModuleBytes> file = ReadModuleBytes(path);
  if (file.ok()) return CheckModule(path, *file, policy);
  ModuleReport report;
  report.path = path;
  report.findings.push_back({Severity::kError, "file.read", std::string(file.status().message())});
  return report;
}

}  // namespace meshhost
