// SPDX-License-Identifier: Apache-2.0
//
// The kinds of text that the configuration knows, each as a pair of parse and format with a phrase
// for "expected". Stateless; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "host/config/config.h"
#include "host/config/schema_key.h"

namespace meshhost {

// Printable, not empty.
[[nodiscard]] TextForm<std::string> PlainTextForm();
// Lower-case letters, digits, '_' and '-': used in metrics labels and file names.
[[nodiscard]] TextForm<std::string> IdentifierForm();
// Resolved against the folder of the TOML file; may be empty.
[[nodiscard]] TextForm<std::string> PathForm();
// The same, for a path that must not be empty.
[[nodiscard]] TextForm<std::string> RequiredPathForm();
// A file that has to exist; the check itself is check_files.cc's.
[[nodiscard]] TextForm<FilePath> RequiredFileForm();
// The same for keys and certificates, which systemd may have put into its folder of credentials;
// the first may be empty.
[[nodiscard]] TextForm<FilePath> CredentialForm();
[[nodiscard]] TextForm<FilePath> RequiredCredentialForm();
[[nodiscard]] TextForm<BindAddress> AddressForm();
[[nodiscard]] TextForm<BindAddress> LoopbackAddressForm();
[[nodiscard]] TextForm<LogOutput> OutputForm();
// Access rights in octal: "0660".
[[nodiscard]] TextForm<std::uint32_t> FileModeForm();
// 64 hexadecimal digits, or empty.
[[nodiscard]] TextForm<std::string> Sha256Form();
// "a.example" or "*.a.example", lower-cased.
[[nodiscard]] TextForm<std::string> ServerNameForm();
// What a request may name as its host: a DNS name, "*." and a DNS name, or an IP literal ("[::1]").
// Lower-cased, IPv6 in its canonical spelling.
[[nodiscard]] TextForm<std::string> HostForm();
// File name of a shared library, no folder.
[[nodiscard]] TextForm<std::string> LibraryNameForm();
// "pkg.Service/Method" or "GET /v1/items".
[[nodiscard]] TextForm<std::string> MethodMatchForm();

}  // namespace meshhost
