// SPDX-License-Identifier: Apache-2.0
#include "host/module/stray_threads.h"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

namespace meshhost {
namespace {

// struct pthread of glibc, rounded up, and how it is aligned.
constexpr std::size_t kControlBlock = 2304;
constexpr std::uintptr_t kAlignment = 64;
using Word = std::uintptr_t;

struct Range {
  std::uintptr_t begin;
  std::uintptr_t end;
  bool Contains(std::uintptr_t address) const { return address >= begin && address < end; }
};

struct Mappings {
  std::vector<Range> object;
  std::vector<Range> writable;
};

Mappings ReadMappings(const std::string& path) {
  Mappings mappings;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::istringstream text(line);
    Range range{};
    char dash = 0;
    std::string rights;
    if (!(text >> std::hex >> range.begin >> dash >> range.end >> rights)) continue;
    if (!path.empty() && line.ends_with(" " + path)) mappings.object.push_back(range);
    if (rights.starts_with("rw")) mappings.writable.push_back(range);
  }
  return mappings;
}

const Range* Find(const std::vector<Range>& ranges, std::uintptr_t address) {
  const auto found = std::find_if(ranges.begin(), ranges.end(), [address](const Range& range) {
    return range.Contains(address);
  });
  return found == ranges.end() ? nullptr : &*found;
}

// "NUMBER ARGUMENTS... SP PC", or "running".
std::optional<std::uintptr_t> StackPointer(const std::filesystem::path& task) {
  std::ifstream file(task / "syscall");
  std::vector<std::string> words;
  for (std::string word; file >> word;) words.push_back(word);
  if (words.size() < 3) return std::nullopt;
  return std::strtoull(words[words.size() - 2].c_str(), nullptr, 16);
}

// Another thread's memory, which may be unmapped while it is read.
std::vector<Word> Copy(std::uintptr_t begin, std::uintptr_t end) {
  std::vector<Word> words((end - begin) / sizeof(Word));
  const iovec local{words.data(), words.size() * sizeof(Word)};
  const iovec remote{reinterpret_cast<void*>(begin), local.iov_len};
  const ssize_t n = ::process_vm_readv(::getpid(), &local, 1, &remote, 1, 0);
  words.resize(n < 0 ? 0 : static_cast<std::size_t>(n) / sizeof(Word));
  return words;
}

// The first words of a control block are its address, its table of thread-locals, its address.
bool BeganIn(const Mappings& mappings, std::uintptr_t stack_pointer) {
  const Range* stack = Find(mappings.writable, stack_pointer);
  if (stack == nullptr) return false;
  const std::uintptr_t begin = stack_pointer & ~(kAlignment - 1);
  const std::vector<Word> words = Copy(std::max(begin, stack->begin), stack->end);
  constexpr std::size_t kStep = kAlignment / sizeof(Word);
  constexpr std::size_t kSize = kControlBlock / sizeof(Word);
  for (std::size_t i = 0; i + kSize <= words.size(); i += kStep) {
    const std::uintptr_t address = begin + i * sizeof(Word);
    if (words[i] != address || words[i + 2] != address) continue;
    return std::any_of(&words[i], &words[i] + kSize,
                       [&mappings](Word word) { return Find(mappings.object, word) != nullptr; });
  }
  return false;
}

}  // namespace

std::size_t StrayThreads(const std::string& path) {
#if defined(__x86_64__)
  const Mappings mappings = ReadMappings(path);
  std::size_t count = 0;
  std::error_code ignored;
  const std::string self = std::to_string(::gettid());
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", ignored)) {
    if (task.path().filename() == self) continue;
    const std::optional<std::uintptr_t> stack_pointer = StackPointer(task.path());
    if (stack_pointer && BeganIn(mappings, *stack_pointer)) ++count;
  }
  return count;
#else
  (void)path;
  return 0;
#endif
}

}  // namespace meshhost
