// SPDX-License-Identifier: Apache-2.0
#include "host/config/text_forms.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "host/base/concat.h"

namespace meshhost {
namespace {

constexpr std::string_view kFilePrefix = "file:";
constexpr std::size_t kMaxIdentifier = 63;
constexpr std::size_t kMaxServerName = 253;
constexpr std::size_t kMaxLabel = 63;
constexpr std::uint32_t kMaxMode = 0777;

bool ConsistsOf(std::string_view text, std::string_view alphabet) {
  return text.find_first_not_of(alphabet) == text.npos;
}

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz0123456789_-";
constexpr std::string_view kHex = "0123456789abcdefABCDEF";
constexpr std::string_view kHost = "abcdefghijklmnopqrstuvwxyz0123456789-.";
constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kWord =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string Same(const std::string& text) { return text; }

std::string Resolve(std::string_view path, const std::filesystem::path& directory) {
  return (directory / std::filesystem::path(path)).lexically_normal().string();
}

absl::Status CheckPrintable(std::string_view text) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::none_of(text.begin(), text.end(), control)) return absl::OkStatus();
  return absl::InvalidArgumentError("contains a control character");
}

absl::StatusOr<std::string> ParsePlainText(std::string_view text, const ValueSource&) {
  if (text.empty()) return absl::InvalidArgumentError("is empty");
  if (absl::Status status = CheckPrintable(text); !status.ok()) return status;
  return std::string(text);
}

absl::StatusOr<std::string> ParseIdentifier(std::string_view text, const ValueSource&) {
  if (text.empty()) return absl::InvalidArgumentError("is empty");
  if (text.size() > kMaxIdentifier) {
    return absl::InvalidArgumentError("is longer than 63 characters");
  }
  if (!ConsistsOf(text, kLower)) return absl::InvalidArgumentError("has other characters");
  return std::string(text);
}

absl::StatusOr<std::string> ParsePath(std::string_view text, const ValueSource& source) {
  if (absl::Status status = CheckPrintable(text); !status.ok()) return status;
  return text.empty() ? std::string() : Resolve(text, source.directory);
}

absl::StatusOr<std::string> ParseRequiredPath(std::string_view text, const ValueSource& source) {
  if (text.empty()) return absl::InvalidArgumentError("is empty");
  return ParsePath(text, source);
}

absl::StatusOr<FilePath> ParseFile(std::string_view text, const ValueSource& source) {
  auto path = ParsePath(text, source);
  if (!path.ok()) return path.status();
  return FilePath{*std::move(path), source.position};
}

absl::StatusOr<FilePath> ParseRequiredFile(std::string_view text, const ValueSource& source) {
  if (text.empty()) return absl::InvalidArgumentError("is empty");
  return ParseFile(text, source);
}

absl::StatusOr<BindAddress> ParseAddress(std::string_view text, const ValueSource& source) {
  auto address = ParseBindAddress(text);
  if (!address.ok() || !address->IsUnix()) return address;
  auto path = ParseRequiredPath(address->path, source);
  if (!path.ok()) return path.status();
  address->path = *std::move(path);
  if (absl::Status status = CheckUnixPathLength(*address); !status.ok()) return status;
  return address;
}

absl::StatusOr<BindAddress> ParseLoopback(std::string_view text, const ValueSource&) {
  auto address = ParseBindAddress(text);
  if (!address.ok() || address->IsLoopback()) return address;
  return absl::InvalidArgumentError(
      "whoever reaches the admin API controls the host, so it listens on loopback only");
}

absl::StatusOr<LogOutput> ParseOutput(std::string_view text, const ValueSource& source) {
  if (text == "off") return LogOutput{LogOutput::Kind::kOff, ""};
  if (text == "stdout") return LogOutput{LogOutput::Kind::kStdout, ""};
  if (text == "stderr") return LogOutput{LogOutput::Kind::kStderr, ""};
  if (!text.starts_with(kFilePrefix)) {
    return absl::InvalidArgumentError("is no known output");
  }
  auto path = ParseRequiredPath(text.substr(kFilePrefix.size()), source);
  if (!path.ok()) return path.status();
  return LogOutput{LogOutput::Kind::kFile, *std::move(path)};
}

absl::StatusOr<std::uint32_t> ParseMode(std::string_view text, const ValueSource&) {
  std::uint32_t mode = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, mode, 8);
  if (error != std::errc() || rest != end || mode > kMaxMode) {
    return absl::InvalidArgumentError("is not an octal file mode");
  }
  return mode;
}

std::string FormatMode(const std::uint32_t& mode) {
  const auto digit = [mode](int shift) { return static_cast<char>('0' + ((mode >> shift) & 7)); };
  return {'0', digit(6), digit(3), digit(0)};
}

absl::StatusOr<std::string> ParseSha256(std::string_view text, const ValueSource&) {
  if (!text.empty() && (text.size() != 64 || !ConsistsOf(text, kHex))) {
    return absl::InvalidArgumentError("is not 64 hexadecimal digits");
  }
  return Lower(text);
}

absl::StatusOr<std::string> ParseServerName(std::string_view text, const ValueSource&) {
  std::string name = Lower(text);
  std::string_view rest = name;
  if (rest.starts_with("*.")) rest.remove_prefix(2);
  const bool dots = rest.starts_with('.') || rest.ends_with('.') || rest.find("..") != rest.npos;
  if (rest.empty() || name.size() > kMaxServerName || dots || !ConsistsOf(rest, kHost)) {
    return absl::InvalidArgumentError(Concat({"\"", text, "\" is not a host name"}));
  }
  return name;
}

bool IsDnsLabel(std::string_view label) {
  return !label.empty() && label.size() <= kMaxLabel && ConsistsOf(label, kHost) &&
         label.front() != '-' && label.back() != '-';
}

// With a last label of letters: what ends in digits is an address, or nothing.
bool IsDnsName(std::string_view name) {
  if (name.size() > kMaxServerName) return false;
  while (true) {
    const std::size_t dot = name.find('.');
    if (!IsDnsLabel(name.substr(0, dot))) return false;
    if (dot == name.npos) return !ConsistsOf(name, "0123456789");
    name.remove_prefix(dot + 1);
  }
}

// Brackets stay: they are part of what a request says.
std::string CanonicalIpv6(std::string_view text) {
  in6_addr binary{};
  char canonical[INET6_ADDRSTRLEN];
  if (!text.starts_with('[') || !text.ends_with(']')) return "";
  const std::string address(text.substr(1, text.size() - 2));
  if (inet_pton(AF_INET6, address.c_str(), &binary) != 1) return "";
  return Concat({"[", inet_ntop(AF_INET6, &binary, canonical, sizeof(canonical)), "]"});
}

bool IsIpv4(const std::string& text) {
  in_addr binary{};
  return inet_pton(AF_INET, text.c_str(), &binary) == 1;
}

absl::StatusOr<std::string> ParseHost(std::string_view text, const ValueSource&) {
  if (absl::Status status = CheckPrintable(text); !status.ok()) return status;
  const std::string name = Lower(text);
  if (std::string address = CanonicalIpv6(name); !address.empty()) return address;
  const bool wildcard = name.starts_with("*.");
  if (IsDnsName(std::string_view(name).substr(wildcard ? 2 : 0)) || IsIpv4(name)) return name;
  return absl::InvalidArgumentError(Concat({"\"", text, "\" is not a host without port"}));
}

absl::StatusOr<std::string> ParseLibraryName(std::string_view text, const ValueSource&) {
  if (absl::Status status = CheckPrintable(text); !status.ok()) return status;
  if (text.empty() || text.find('/') != text.npos) {
    return absl::InvalidArgumentError(Concat({"\"", text, "\" is not a bare file name"}));
  }
  return std::string(text);
}

// A gRPC method is dotted words, a slash, one word.
bool IsGrpcMethod(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == 0 || slash == text.npos || slash + 1 == text.size()) return false;
  std::string service(text.substr(0, slash));
  std::replace(service.begin(), service.end(), '.', '_');
  return ConsistsOf(service, kWord) && ConsistsOf(text.substr(slash + 1), kWord);
}

bool IsRoute(std::string_view text) {
  const std::size_t space = text.find(' ');
  return space != 0 && space != text.npos && ConsistsOf(text.substr(0, space), kUpper) &&
         text.substr(space + 1).starts_with('/') && text.find(' ', space + 1) == text.npos;
}

absl::StatusOr<std::string> ParseMatch(std::string_view text, const ValueSource&) {
  if (absl::Status status = CheckPrintable(text); !status.ok()) return status;
  if (!IsGrpcMethod(text) && !IsRoute(text)) {
    return absl::InvalidArgumentError("names neither a gRPC method nor a route");
  }
  return std::string(text);
}

std::string FormatFile(const FilePath& file) { return file.path; }
std::string FormatAddress(const BindAddress& address) { return address.ToString(); }
std::string FormatOutput(const LogOutput& output) { return output.ToString(); }

}  // namespace

TextForm<std::string> PlainTextForm() { return {"printable text", ParsePlainText, Same}; }

TextForm<std::string> IdentifierForm() {
  return {"lower-case letters, digits, \"_\" and \"-\"", ParseIdentifier, Same};
}

TextForm<std::string> PathForm() { return {"a path, or \"\" for none", ParsePath, Same}; }

TextForm<std::string> RequiredPathForm() { return {"a path", ParseRequiredPath, Same}; }

TextForm<FilePath> RequiredFileForm() {
  return {"the path of a file", ParseRequiredFile, FormatFile};
}

TextForm<BindAddress> AddressForm() {
  return {"\"127.0.0.1:8080\", \"[::1]:8080\" or \"unix:/run/x.sock\"", ParseAddress,
          FormatAddress};
}

TextForm<BindAddress> LoopbackAddressForm() {
  return {"a loopback address like \"127.0.0.1:9901\"", ParseLoopback, FormatAddress};
}

TextForm<LogOutput> OutputForm() {
  return {"\"off\", \"stdout\", \"stderr\" or \"file:PATH\"", ParseOutput, FormatOutput};
}

TextForm<std::uint32_t> FileModeForm() {
  return {"octal digits like \"0660\"", ParseMode, FormatMode};
}

TextForm<std::string> Sha256Form() {
  return {"64 hexadecimal digits, or \"\" for none", ParseSha256, Same};
}

TextForm<std::string> ServerNameForm() {
  return {"a host name like \"a.example\" or \"*.a.example\"", ParseServerName, Same};
}

TextForm<std::string> HostForm() {
  return {"a host like \"a.example\", \"*.a.example\" or \"[::1]\"", ParseHost, Same};
}

TextForm<std::string> LibraryNameForm() {
  return {"a library like \"libsqlite3.so.0\"", ParseLibraryName, Same};
}

TextForm<std::string> MethodMatchForm() {
  return {"\"pkg.Service/Method\" or \"GET /v1/items\"", ParseMatch, Same};
}

}  // namespace meshhost
