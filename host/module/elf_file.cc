// SPDX-License-Identifier: Apache-2.0
#include "host/module/elf_file.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "absl/status/status.h"
#include "host/base/concat.h"
#include "meshhost/abi/note.h"

namespace meshhost {
namespace {

// No real module comes near; the lists that follow links inside the file end here.
constexpr std::size_t kMaxVersionEntries = 65536;
constexpr std::size_t kMaxNameLength = 4096;

absl::Status Malformed(std::string_view what) {
  return absl::InvalidArgumentError(Concat({"malformed ELF file: ", what}));
}

// The bytes with checked access. Offsets come from the file, so each may be anything.
class ElfBytes final {
 public:
  explicit ElfBytes(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  bool Has(std::uint64_t offset, std::uint64_t size) const {
    return offset <= bytes_.size() && size <= bytes_.size() - offset;
  }

  template <typename T>
  std::optional<T> At(std::uint64_t offset) const {
    if (!Has(offset, sizeof(T))) return std::nullopt;
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }

  std::string_view Range(std::uint64_t offset, std::uint64_t size) const {
    if (!Has(offset, size)) return {};
    return {reinterpret_cast<const char*>(bytes_.data()) + offset, static_cast<std::size_t>(size)};
  }

  std::uint64_t size() const { return bytes_.size(); }

 private:
  std::span<const std::uint8_t> bytes_;
};

// The tables that the dynamic section points to, as file offsets.
struct DynamicTables {
  std::string_view strings;
  std::optional<std::uint64_t> symbols;
  std::optional<std::uint64_t> hash;
  std::optional<std::uint64_t> gnu_hash;
  std::optional<std::uint64_t> version_needs;
  std::uint64_t version_need_count = 0;
};

// Fills one ElfFile from the bytes. Lives for one ReadElfFile.
class ElfReader final {
 public:
  explicit ElfReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  absl::StatusOr<ElfFile> Read();

 private:
  absl::Status ReadHeader();
  absl::Status ReadSegments();
  absl::Status ReadDynamic();
  absl::Status ReadDynamicEntry(const Elf64_Dyn& entry, DynamicTables* tables);
  void ReadDynamicStrings(const DynamicTables& tables);
  absl::Status ReadSymbols(const DynamicTables& tables);
  absl::Status ReadVersionNeeds(const DynamicTables& tables);
  void ReadNotes(std::uint64_t offset, std::uint64_t size);
  void ReadNoteSection();
  std::optional<std::uint64_t> SymbolCount(const DynamicTables& tables) const;
  std::optional<std::uint64_t> GnuSymbolCount(std::uint64_t table) const;
  std::optional<std::uint64_t> FileOffset(std::uint64_t address) const;
  std::optional<std::string_view> Text(std::string_view strings, std::uint64_t offset) const;

  ElfBytes bytes_;
  Elf64_Ehdr header_ = {};
  std::vector<Elf64_Phdr> loads_;
  std::optional<Elf64_Phdr> dynamic_;
  std::vector<Elf64_Dyn> entries_;
  ElfFile file_;
};

absl::StatusOr<ElfFile> ElfReader::Read() {
  if (absl::Status s = ReadHeader(); !s.ok()) return s;
  if (absl::Status s = ReadSegments(); !s.ok()) return s;
  if (absl::Status s = ReadDynamic(); !s.ok()) return s;
  if (file_.note.empty()) ReadNoteSection();
  return std::move(file_);
}

absl::Status ElfReader::ReadHeader() {
  std::optional<Elf64_Ehdr> header = bytes_.At<Elf64_Ehdr>(0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) {
    return absl::InvalidArgumentError("not an ELF file");
  }
  header_ = *header;
  if (header_.e_ident[EI_CLASS] != ELFCLASS64 || header_.e_ident[EI_DATA] != ELFDATA2LSB) {
    return absl::InvalidArgumentError("not a 64-bit little-endian ELF file");
  }
  file_.type = header_.e_type;
  file_.machine = header_.e_machine;
  return absl::OkStatus();
}

absl::Status ElfReader::ReadSegments() {
  if (header_.e_phnum == 0) return Malformed("no program headers");
  if (header_.e_phentsize != sizeof(Elf64_Phdr)) return Malformed("program header size");
  file_.executable_stack = true;
  for (std::uint64_t i = 0; i < header_.e_phnum; ++i) {
    if (header_.e_phoff > bytes_.size()) return Malformed("program headers outside the file");
    std::optional<Elf64_Phdr> segment =
        bytes_.At<Elf64_Phdr>(header_.e_phoff + i * sizeof(Elf64_Phdr));
    if (!segment) return Malformed("program headers outside the file");
    if (!bytes_.Has(segment->p_offset, segment->p_filesz)) {
      return Malformed("a segment reaches outside the file");
    }
    if (segment->p_type == PT_LOAD) {
      loads_.push_back(*segment);
      if ((segment->p_flags & PF_W) && (segment->p_flags & PF_X)) file_.writable_code = true;
    }
    if (segment->p_type == PT_DYNAMIC) dynamic_ = *segment;
    if (segment->p_type == PT_NOTE) ReadNotes(segment->p_offset, segment->p_filesz);
    if (segment->p_type == PT_GNU_STACK) file_.executable_stack = (segment->p_flags & PF_X) != 0;
  }
  return absl::OkStatus();
}

absl::Status ElfReader::ReadDynamic() {
  if (!dynamic_) return Malformed("no dynamic section, so not a shared object");
  DynamicTables tables;
  for (std::uint64_t at = 0; at + sizeof(Elf64_Dyn) <= dynamic_->p_filesz;
       at += sizeof(Elf64_Dyn)) {
    const Elf64_Dyn entry = *bytes_.At<Elf64_Dyn>(dynamic_->p_offset + at);
    if (entry.d_tag == DT_NULL) break;
    entries_.push_back(entry);
  }
  std::uint64_t strings_size = 0;
  for (const Elf64_Dyn& entry : entries_) {
    if (entry.d_tag == DT_STRSZ) strings_size = entry.d_un.d_val;
  }
  for (const Elf64_Dyn& entry : entries_) {
    if (entry.d_tag != DT_STRTAB) continue;
    std::optional<std::uint64_t> offset = FileOffset(entry.d_un.d_ptr);
    if (!offset || !bytes_.Has(*offset, strings_size)) return Malformed("dynamic strings");
    tables.strings = bytes_.Range(*offset, strings_size);
  }
  for (const Elf64_Dyn& entry : entries_) {
    if (absl::Status s = ReadDynamicEntry(entry, &tables); !s.ok()) return s;
  }
  if (absl::Status s = ReadSymbols(tables); !s.ok()) return s;
  return ReadVersionNeeds(tables);
}

absl::Status ElfReader::ReadDynamicEntry(const Elf64_Dyn& entry, DynamicTables* tables) {
  const std::uint64_t value = entry.d_un.d_val;
  const bool is_text = entry.d_tag == DT_NEEDED || entry.d_tag == DT_SONAME ||
                       entry.d_tag == DT_RPATH || entry.d_tag == DT_RUNPATH;
  if (is_text) {
    std::optional<std::string_view> text = Text(tables->strings, value);
    if (!text) return Malformed("a dynamic string");
    if (entry.d_tag == DT_NEEDED)
      file_.needed.push_back(*text);
    else if (entry.d_tag == DT_SONAME)
      file_.soname = *text;
    else
      file_.run_paths.push_back(*text);
    return absl::OkStatus();
  }
  switch (entry.d_tag) {
    case DT_SYMTAB:
      tables->symbols = FileOffset(value);
      break;
    case DT_HASH:
      tables->hash = FileOffset(value);
      break;
    case DT_GNU_HASH:
      tables->gnu_hash = FileOffset(value);
      break;
    case DT_VERNEED:
      tables->version_needs = FileOffset(value);
      break;
    case DT_VERNEEDNUM:
      tables->version_need_count = value;
      break;
    case DT_TEXTREL:
      file_.text_relocations = true;
      break;
    case DT_FLAGS:
      if (value & DF_STATIC_TLS) file_.static_tls = true;
      if (value & DF_TEXTREL) file_.text_relocations = true;
      break;
    case DT_FLAGS_1:
      if (value & DF_1_NODELETE) file_.no_delete = true;
      break;
    default:
      break;
  }
  return absl::OkStatus();
}

absl::Status ElfReader::ReadSymbols(const DynamicTables& tables) {
  if (!tables.symbols) return absl::OkStatus();
  std::optional<std::uint64_t> count = SymbolCount(tables);
  if (!count) return Malformed("symbol hash table");
  for (std::uint64_t i = 1; i < *count; ++i) {
    std::optional<Elf64_Sym> symbol = bytes_.At<Elf64_Sym>(*tables.symbols + i * sizeof(Elf64_Sym));
    if (!symbol) return Malformed("symbol table outside the file");
    std::optional<std::string_view> name = Text(tables.strings, symbol->st_name);
    if (!name) return Malformed("a symbol's name");
    ElfSymbol entry;
    entry.name = *name;
    switch (ELF64_ST_BIND(symbol->st_info)) {
      case STB_LOCAL:
        entry.binding = ElfSymbol::Binding::kLocal;
        break;
      case STB_GLOBAL:
        entry.binding = ElfSymbol::Binding::kGlobal;
        break;
      case STB_WEAK:
        entry.binding = ElfSymbol::Binding::kWeak;
        break;
      case STB_GNU_UNIQUE:
        entry.binding = ElfSymbol::Binding::kUnique;
        break;
      default:
        break;
    }
    // SHN_ABS holds the names of version nodes, which are no code or data.
    entry.defined = symbol->st_shndx != SHN_UNDEF && symbol->st_shndx != SHN_ABS;
    const unsigned visibility = ELF64_ST_VISIBILITY(symbol->st_other);
    entry.exported = entry.defined && entry.binding != ElfSymbol::Binding::kLocal &&
                     (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
    file_.symbols.push_back(std::move(entry));
  }
  return absl::OkStatus();
}

// The dynamic section does not say how long the symbol table is; its hash table implies it.
std::optional<std::uint64_t> ElfReader::SymbolCount(const DynamicTables& tables) const {
  std::optional<std::uint64_t> count;
  if (tables.hash) {
    std::optional<std::uint32_t> chains = bytes_.At<std::uint32_t>(*tables.hash + 4);
    if (chains) count = *chains;
  } else if (tables.gnu_hash) {
    count = GnuSymbolCount(*tables.gnu_hash);
  }
  if (!count || *count > bytes_.size() / sizeof(Elf64_Sym)) return std::nullopt;
  return count;
}

std::optional<std::uint64_t> ElfReader::GnuSymbolCount(std::uint64_t table) const {
  std::optional<std::uint32_t> buckets = bytes_.At<std::uint32_t>(table);
  std::optional<std::uint32_t> first = bytes_.At<std::uint32_t>(table + 4);
  std::optional<std::uint32_t> bloom = bytes_.At<std::uint32_t>(table + 8);
  if (!buckets || !first || !bloom) return std::nullopt;
  const std::uint64_t bucket_table = table + 16 + std::uint64_t{*bloom} * 8;
  if (!bytes_.Has(bucket_table, std::uint64_t{*buckets} * 4)) return std::nullopt;
  std::uint32_t last = 0;
  for (std::uint64_t i = 0; i < *buckets; ++i) {
    last = std::max(last, *bytes_.At<std::uint32_t>(bucket_table + i * 4));
  }
  // Nothing defined: the undefined symbols before `first` are all there are.
  if (last < *first) return *first;
  const std::uint64_t chains = bucket_table + std::uint64_t{*buckets} * 4;
  for (std::uint64_t i = last;; ++i) {
    std::optional<std::uint32_t> hash = bytes_.At<std::uint32_t>(chains + (i - *first) * 4);
    if (!hash) return std::nullopt;
    if (*hash & 1) return i + 1;
  }
}

absl::Status ElfReader::ReadVersionNeeds(const DynamicTables& tables) {
  if (!tables.version_needs) return absl::OkStatus();
  std::size_t budget = kMaxVersionEntries;
  std::uint64_t at = *tables.version_needs;
  for (std::uint64_t i = 0; i < tables.version_need_count; ++i) {
    std::optional<Elf64_Verneed> need = bytes_.At<Elf64_Verneed>(at);
    if (!need || budget-- == 0) return Malformed("version needs");
    std::optional<std::string_view> library = Text(tables.strings, need->vn_file);
    if (!library) return Malformed("version needs: library name");
    ElfVersionNeed entry{*library, {}};
    std::uint64_t aux_at = at + need->vn_aux;
    for (unsigned j = 0; j < need->vn_cnt; ++j) {
      std::optional<Elf64_Vernaux> aux = bytes_.At<Elf64_Vernaux>(aux_at);
      if (!aux || budget-- == 0) return Malformed("version needs");
      std::optional<std::string_view> version = Text(tables.strings, aux->vna_name);
      if (!version) return Malformed("version needs: version name");
      entry.versions.push_back(*version);
      if (aux->vna_next == 0) break;
      aux_at += aux->vna_next;
    }
    file_.version_needs.push_back(std::move(entry));
    if (need->vn_next == 0) break;
    at += need->vn_next;
  }
  return absl::OkStatus();
}

void ElfReader::ReadNotes(std::uint64_t offset, std::uint64_t size) {
  const std::uint64_t end = offset + size;
  while (file_.note.empty() && end - offset >= sizeof(Elf64_Nhdr)) {
    const Elf64_Nhdr note = *bytes_.At<Elf64_Nhdr>(offset);
    const std::uint64_t name_size = (std::uint64_t{note.n_namesz} + 3) & ~std::uint64_t{3};
    const std::uint64_t body_size = (std::uint64_t{note.n_descsz} + 3) & ~std::uint64_t{3};
    const std::uint64_t total = sizeof(Elf64_Nhdr) + name_size + body_size;
    if (total > end - offset) return;
    if (note.n_type == MH_NOTE_TYPE) file_.note = bytes_.Range(offset, total);
    offset += total;
  }
}

void ElfReader::ReadNoteSection() {
  if (header_.e_shentsize != sizeof(Elf64_Shdr) || header_.e_shoff > bytes_.size()) return;
  const auto section_at = [this](std::uint64_t index) {
    return bytes_.At<Elf64_Shdr>(header_.e_shoff + index * sizeof(Elf64_Shdr));
  };
  std::optional<Elf64_Shdr> names = section_at(header_.e_shstrndx);
  if (!names || !bytes_.Has(names->sh_offset, names->sh_size)) return;
  const std::string_view strings = bytes_.Range(names->sh_offset, names->sh_size);
  for (std::uint64_t i = 0; i < header_.e_shnum; ++i) {
    std::optional<Elf64_Shdr> section = section_at(i);
    if (!section) return;
    if (section->sh_type == SHT_NOBITS || Text(strings, section->sh_name) != MH_NOTE_SECTION) {
      continue;
    }
    if (bytes_.Has(section->sh_offset, section->sh_size)) {
      ReadNotes(section->sh_offset, section->sh_size);
    }
  }
}

std::optional<std::uint64_t> ElfReader::FileOffset(std::uint64_t address) const {
  for (const Elf64_Phdr& load : loads_) {
    if (address >= load.p_vaddr && address - load.p_vaddr < load.p_filesz) {
      return load.p_offset + (address - load.p_vaddr);
    }
  }
  return std::nullopt;
}

std::optional<std::string_view> ElfReader::Text(std::string_view strings,
                                                std::uint64_t offset) const {
  if (offset >= strings.size()) return std::nullopt;
  const std::string_view rest = strings.substr(offset, kMaxNameLength);
  const std::size_t end = rest.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  return rest.substr(0, end);
}

}  // namespace

std::uint16_t HostElfMachine() {
#if defined(__x86_64__)
  return EM_X86_64;
#elif defined(__aarch64__)
  return EM_AARCH64;
#else
#error "meshhost knows x86_64 and aarch64"
#endif
}

absl::StatusOr<ElfFile> ReadElfFile(std::span<const std::uint8_t> bytes) {
  return ElfReader(bytes).Read();
}

}  // namespace meshhost
