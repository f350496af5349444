// SPDX-License-Identifier: Apache-2.0
#include "host/module/module_bytes.h"

#include <fcntl.h>
#include <openssl/sha.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "host/base/concat.h"
#include "host/base/unique_fd.h"

namespace meshhost {
namespace {

constexpr off_t kMaxModuleBytes = off_t{1} << 30;

absl::Status ReadError(const std::string& path, std::string_view what) {
  return absl::NotFoundError(Concat({"module file ", path, ": ", what}));
}

}  // namespace

absl::StatusOr<ModuleBytes> ReadModuleBytes(const std::string& path) {
  // O_NONBLOCK: opening a FIFO by mistake must not hang the reload.
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return ReadError(path, std::strerror(errno));
  ModuleBytes file;
  if (::fstat(fd.get(), &file.status) != 0) return ReadError(path, std::strerror(errno));
  if (!S_ISREG(file.status.st_mode)) return ReadError(path, "not a regular file");
  if (file.status.st_size > kMaxModuleBytes) return ReadError(path, "larger than 1 GiB");
  file.bytes.resize(static_cast<std::size_t>(file.status.st_size));
  std::size_t filled = 0;
  while (filled < file.bytes.size()) {
    const ssize_t n = ::read(fd.get(), file.bytes.data() + filled, file.bytes.size() - filled);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ReadError(path, std::strerror(errno));
    if (n == 0) return ReadError(path, "became shorter while it was read");
    filled += static_cast<std::size_t>(n);
  }
  return file;
}

std::string Sha256Hex(std::span<const std::uint8_t> bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(bytes.data(), bytes.size(), digest.data());
  constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (unsigned char byte : digest) {
    text.push_back(kHex[byte >> 4]);
    text.push_back(kHex[byte & 15]);
  }
  return text;
}

}  // namespace meshhost
