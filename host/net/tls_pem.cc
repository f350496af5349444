// SPDX-License-Identifier: Apache-2.0
#include "host/net/tls_pem.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "host/base/concat.h"
#include "host/base/status_macros.h"
#include "host/base/unique_fd.h"

namespace meshhost {
namespace {

// Lists of a large authority have some megabytes.
constexpr size_t kMaxFileBytes = size_t{64} << 20;

// The bytes of one file, wiped at the end: it may hold a key.
class FileBytes final {
 public:
  FileBytes() = default;
  ~FileBytes() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;

  absl::Status Read(std::string_view what, const std::string& path) {
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (!file.valid() || ::fstat(file.get(), &status) != 0) return Failed(what, path);
    if (!S_ISREG(status.st_mode)) return RefuseFile(what, path, "not a regular file");
    if (static_cast<size_t>(status.st_size) > kMaxFileBytes) {
      return RefuseFile(what, path, "larger than 64 MiB");
    }
    // One size, so that the vector never moves and leaves a copy behind.
    bytes_.resize(static_cast<size_t>(status.st_size));
    size_t have = 0;
    while (have < bytes_.size()) {
      const ssize_t n = ::read(file.get(), bytes_.data() + have, bytes_.size() - have);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return Failed(what, path);
      if (n == 0) return RefuseFile(what, path, "became shorter while it was read");
      have += static_cast<size_t>(n);
    }
    if (bytes_.empty()) return RefuseFile(what, path, "the file is empty");
    return absl::OkStatus();
  }

  std::string_view text() const { return {bytes_.data(), bytes_.size()}; }

 private:
  static absl::Status Failed(std::string_view what, const std::string& path) {
    return RefuseFile(what, path, std::generic_category().message(errno));
  }

  std::vector<char> bytes_;
};

// One block between BEGIN and END. The memory is wiped when it is given back.
struct PemBlock {
  PemBlock() = default;
  ~PemBlock() {
    OPENSSL_secure_free(name);
    OPENSSL_secure_clear_free(header,
                              header == nullptr ? 0 : std::char_traits<char>::length(header));
    OPENSSL_secure_clear_free(data, size < 0 ? 0 : static_cast<size_t>(size));
  }
  PemBlock(const PemBlock&) = delete;
  PemBlock& operator=(const PemBlock&) = delete;

  bool encrypted() const {
    return std::string_view(name) == PEM_STRING_PKCS8 ||
           std::string_view(header).find("ENCRYPTED") != std::string_view::npos;
  }

  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
};

// Walks the blocks of a file.
class PemBlocks final {
 public:
  PemBlocks(std::string_view what, const std::string& path) : what_(what), path_(path) {}

  absl::Status Open() {
    RETURN_IF_ERROR(bytes_.Read(what_, path_));
    bio_.reset(BIO_new_mem_buf(bytes_.text().data(), static_cast<int>(bytes_.text().size())));
    if (bio_ == nullptr) return Refuse(OpenSslReason());
    return absl::OkStatus();
  }

  // False at the end of the file.
  absl::StatusOr<bool> Next(PemBlock& block) {
    ERR_clear_error();
    const int left_before = BIO_pending(bio_.get());
    if (PEM_read_bio_ex(bio_.get(), &block.name, &block.header, &block.data, &block.size,
                        PEM_FLAG_SECURE | PEM_FLAG_EAY_COMPATIBLE) == 1) {
      return true;
    }
    const int reason = ERR_GET_REASON(ERR_peek_last_error());
    const std::string text = OpenSslReason();
    if (reason != PEM_R_NO_START_LINE)
      return Refuse(Concat({"broken or half-written PEM: ", text}));
    // A header line that is cut off is no start line either.
    const std::string_view all = bytes_.text();
    const std::string_view rest = all.substr(all.size() - static_cast<size_t>(left_before));
    const size_t newline = rest.rfind('\n');
    const std::string_view last = rest.substr(newline == std::string_view::npos ? 0 : newline + 1);
    if (last.starts_with("-") || rest.find("-----BEGIN") != std::string_view::npos) {
      return Refuse("broken or half-written PEM: it ends in the middle of a header line");
    }
    return false;
  }

  absl::Status Refuse(std::string_view cause) const { return RefuseFile(what_, path_, cause); }

 private:
  const std::string_view what_;
  const std::string& path_;
  FileBytes bytes_;
  BioPtr bio_;
};

X509* ParseCertificate(const PemBlock& block) {
  const std::string_view name = block.name;
  const unsigned char* at = block.data;
  // The trusted form has settings of OpenSSL's own behind the certificate.
  if (name == PEM_STRING_X509_TRUSTED) return d2i_X509_AUX(nullptr, &at, block.size);
  X509* certificate = d2i_X509(nullptr, &at, block.size);
  if (certificate == nullptr || at == block.data + block.size) return certificate;
  X509_free(certificate);
  return nullptr;
}

bool IsCertificate(std::string_view name) {
  return name == PEM_STRING_X509 || name == PEM_STRING_X509_OLD || name == PEM_STRING_X509_TRUSTED;
}

}  // namespace

absl::Status RefuseFile(std::string_view what, std::string_view path, std::string_view cause) {
  return absl::InvalidArgumentError(Concat({what, " \"", path, "\": ", cause}));
}

std::string OpenSslReason() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return reason == nullptr ? "unknown reason" : reason;
}

absl::StatusOr<std::vector<X509Ptr>> ReadPemCertificates(std::string_view what,
                                                         const std::string& path) {
  PemBlocks blocks(what, path);
  RETURN_IF_ERROR(blocks.Open());
  std::vector<X509Ptr> certificates;
  while (true) {
    PemBlock block;
    ASSIGN_OR_RETURN(const bool found, blocks.Next(block));
    if (!found) break;
    if (!IsCertificate(block.name)) continue;
    X509Ptr certificate(ParseCertificate(block));
    if (certificate == nullptr) {
      return blocks.Refuse(Concat({"certificate ", std::to_string(certificates.size() + 1),
                                   " is broken: ", OpenSslReason()}));
    }
    certificates.push_back(std::move(certificate));
  }
  if (certificates.empty()) return blocks.Refuse("no certificate in it (expected PEM)");
  return certificates;
}

absl::StatusOr<std::vector<X509CrlPtr>> ReadPemCrls(std::string_view what,
                                                    const std::string& path) {
  PemBlocks blocks(what, path);
  RETURN_IF_ERROR(blocks.Open());
  std::vector<X509CrlPtr> crls;
  while (true) {
    PemBlock block;
    ASSIGN_OR_RETURN(const bool found, blocks.Next(block));
    if (!found) break;
    if (std::string_view(block.name) != PEM_STRING_X509_CRL) continue;
    const unsigned char* at = block.data;
    X509CrlPtr crl(d2i_X509_CRL(nullptr, &at, block.size));
    if (crl == nullptr) {
      return blocks.Refuse(
          Concat({"list ", std::to_string(crls.size() + 1), " is broken: ", OpenSslReason()}));
    }
    crls.push_back(std::move(crl));
  }
  if (crls.empty()) return blocks.Refuse("no revocation list in it (expected PEM, X509 CRL)");
  return crls;
}

absl::StatusOr<EvpPkeyPtr> ReadPemKey(const std::string& path) {
  PemBlocks blocks("private key", path);
  RETURN_IF_ERROR(blocks.Open());
  while (true) {
    PemBlock block;
    ASSIGN_OR_RETURN(const bool found, blocks.Next(block));
    if (!found) break;
    if (!std::string_view(block.name).ends_with("PRIVATE KEY")) continue;
    if (block.encrypted()) {
      return blocks.Refuse(
          "it is encrypted, and nobody is there to type a passphrase (expected an unencrypted key; "
          "openssl pkey -in OLD -out NEW decrypts)");
    }
    const unsigned char* at = block.data;
    EvpPkeyPtr key(d2i_AutoPrivateKey(nullptr, &at, block.size));
    if (key == nullptr) return blocks.Refuse(Concat({"the key is broken: ", OpenSslReason()}));
    return key;
  }
  return blocks.Refuse("no private key in it (expected PEM)");
}

}  // namespace meshhost
