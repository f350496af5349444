// SPDX-License-Identifier: Apache-2.0
//
// S38, S75, S79: what a listener's certificates must be. Each test changes one thing in a set that
// loads, and reads the error: it names the file and the cause.
#include "host/net/tls_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>

#include "issued_certificates.h"

namespace meshhost {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr int64_t kDay = 86400;

class TlsContextTest : public testing::Test {
 protected:
  TlsContextTest() {
    config_.certificate = files_.Write("server.crt", server_.pem() + middle_.pem());
    config_.key = files_.Write("server.key", server_.key_pem());
    config_.client_auth = TlsConfig::ClientAuth::kRequire;
    config_.client_ca = {files_.Write("ca.crt", root_.pem())};
  }

  absl::StatusOr<std::shared_ptr<const TlsContext>> Create() const {
    return TlsContext::Create(config_, ProtocolSet());
  }
  std::string Error() const {
    const auto tls = Create();
    return tls.ok() ? "" : std::string(tls.status().message());
  }
  // The error, the folder's name shown as DIR.
  std::string ShownError() const {
    std::string error = Error();
    const std::string folder = files_.path("");
    for (size_t at; (at = error.find(folder)) != error.npos;)
      error.replace(at, folder.size(), "DIR/");
    return error;
  }
  // A leaf with this order instead of the good one.
  void UseLeaf(CertificateOrder order) {
    const Issued leaf = Issue(order, &middle_);
    files_.Write("server.crt", leaf.pem() + middle_.pem());
    files_.Write("server.key", leaf.key_pem());
  }

  CertificateFolder files_;
  Issued root_ = Issue({.name = "root", .authority = true}, nullptr);
  Issued middle_ = Issue({.name = "middle", .authority = true}, &root_);
  Issued server_ = Issue({.name = "server", .san = "DNS:a.example"}, &middle_);
  TlsConfig config_;
};

TEST_F(TlsContextTest, LoadsAPairWithItsChain) { EXPECT_EQ(Error(), ""); }

TEST_F(TlsContextTest, S38_AKeyOfAnotherCertificateIsRefusedWithBothFiles) {
  files_.Write("server.key", middle_.key_pem());
  EXPECT_EQ(ShownError(),
            "private key \"DIR/server.key\" does not match certificate \"DIR/server.crt\" "
            "(CN=server); if both are being replaced, one of them is still the old one");
}

TEST_F(TlsContextTest, S75_AFileCutOffAnywhereIsRefused) {
  const std::string whole = server_.pem() + middle_.pem();
  // Between the two certificates it is a whole file with a shorter chain: the rehearsal sees that.
  for (size_t size = 0; size + 1 < whole.size(); size += 3) {
    if (size + 1 >= server_.pem().size() && size <= server_.pem().size()) continue;
    files_.Write("server.crt", whole.substr(0, size));
    EXPECT_THAT(ShownError(), StartsWith("certificate \"DIR/server.crt\": ")) << size;
  }
  files_.Write("server.crt", whole);
  const std::string key = server_.key_pem();
  for (size_t size = 0; size + 1 < key.size(); ++size) {
    files_.Write("server.key", key.substr(0, size));
    EXPECT_THAT(ShownError(), StartsWith("private key \"DIR/server.key\": ")) << size;
  }
}

TEST_F(TlsContextTest, S75_WhatIsWrongWithAFileIsSaid) {
  files_.Write("server.crt", "");
  EXPECT_EQ(ShownError(), "certificate \"DIR/server.crt\": the file is empty");
  files_.Write("server.crt", "hello\n");
  EXPECT_EQ(ShownError(), "certificate \"DIR/server.crt\": no certificate in it (expected PEM)");
  files_.Write("server.crt", server_.pem().substr(0, 200));
  EXPECT_EQ(ShownError(),
            "certificate \"DIR/server.crt\": broken or half-written PEM: bad end line");
  files_.Write("server.crt", server_.pem() + "-----BEGIN CERTIF");
  EXPECT_EQ(ShownError(),
            "certificate \"DIR/server.crt\": broken or half-written PEM: it ends in the middle of "
            "a header line");
  config_.certificate.path = files_.path("absent.crt");
  EXPECT_EQ(ShownError(), "certificate \"DIR/absent.crt\": No such file or directory");
  config_.certificate.path = files_.path("");
  EXPECT_EQ(ShownError(), "certificate \"DIR/\": not a regular file");
}

TEST_F(TlsContextTest, S79_AnEncryptedKeyIsRefusedWithoutAskingForAPassphrase) {
  files_.Write("server.key", server_.encrypted_key_pem());
  EXPECT_THAT(ShownError(), AllOf(StartsWith("private key \"DIR/server.key\": it is encrypted"),
                                  HasSubstr("openssl pkey")));
}

TEST_F(TlsContextTest, ACertificateIsNoKey) {
  files_.Write("server.key", server_.pem());
  EXPECT_EQ(ShownError(), "private key \"DIR/server.key\": no private key in it (expected PEM)");
}

TEST_F(TlsContextTest, CertificateAndKeyMayShareAFile) {
  config_.certificate = config_.key =
      files_.Write("both.pem", server_.key_pem() + server_.pem() + middle_.pem());
  EXPECT_EQ(Error(), "");
}

TEST_F(TlsContextTest, S45_AnExpiredCertificateIsRefusedWithItsDates) {
  UseLeaf({.name = "late", .from = -2 * kDay, .to = -kDay});
  EXPECT_THAT(ShownError(),
              testing::MatchesRegex(
                  "certificate \"DIR/server.crt\": certificate 1 of it \\(CN=late\\) has expired: "
                  "valid from 20..-..-..T..:..:..Z to 20..-..-..T..:..:..Z, now 20.*"));
  UseLeaf({.name = "early", .from = kDay, .to = 2 * kDay});
  EXPECT_THAT(ShownError(), HasSubstr("(CN=early) is not valid yet: valid from 20"));
}

TEST_F(TlsContextTest, S45_AnExpiredIssuerInTheChainIsRefused) {
  middle_ = Issue({.name = "middle", .authority = true, .from = -2 * kDay, .to = -kDay}, &root_);
  UseLeaf({.name = "server"});
  EXPECT_THAT(ShownError(), HasSubstr("certificate 2 of it (CN=middle) has expired"));
}

TEST_F(TlsContextTest, S75_AChainInTheWrongOrderIsRefused) {
  files_.Write("server.crt", middle_.pem() + server_.pem());
  EXPECT_EQ(ShownError(),
            "certificate \"DIR/server.crt\": broken chain: certificate 2 of it (CN=server) did not "
            "issue certificate 1 of it (CN=middle): subject issuer mismatch (expected the leaf "
            "first, then each issuer of the one before)");
}

TEST_F(TlsContextTest, S75_AnIssuerOfTheSameNameWithAnotherKeyIsRefused) {
  const Issued other = Issue({.name = "middle", .authority = true}, &root_);
  files_.Write("server.crt", server_.pem() + other.pem());
  EXPECT_THAT(ShownError(), HasSubstr("broken chain: certificate 2 of it (CN=middle) did not issue "
                                      "certificate 1 of it (CN=server)"));
}

TEST_F(TlsContextTest, WeakKeysAndSignaturesAreRefused) {
  UseLeaf({.name = "small", .key_type = "RSA", .key_bits = 1024});
  EXPECT_EQ(ShownError(),
            "certificate \"DIR/server.crt\": certificate 1 of it (CN=small) has a weak key: RSA of "
            "1024 bits (expected RSA of 2048 bits, EC of 224, or stronger)");
  UseLeaf({.name = "sha1", .digest = EVP_sha1()});
  EXPECT_EQ(ShownError(),
            "certificate \"DIR/server.crt\": certificate 1 of it (CN=sha1) has a weak signature: "
            "SHA1 (expected SHA-256 or stronger)");
}

TEST_F(TlsContextTest, ClientAuthoritiesMayBeABundleOrSeveralFiles) {
  const Issued next = Issue({.name = "next", .authority = true}, nullptr);
  config_.client_ca = {files_.Write("ca.crt", root_.pem() + next.pem())};
  EXPECT_EQ(Error(), "");
  config_.client_ca = {files_.Write("old.crt", root_.pem()), files_.Write("new.crt", next.pem())};
  const auto tls = Create();
  ASSERT_TRUE(tls.ok()) << tls.status();
  EXPECT_EQ((*tls)->certificates().size(), 4u);
}

TEST_F(TlsContextTest, WhatIsNoAuthorityIsRefusedAsOne) {
  files_.Write("ca.crt", root_.pem() + server_.pem());
  EXPECT_EQ(ShownError(),
            "client_ca \"DIR/ca.crt\": CN=server is not the certificate of an authority");
}

TEST_F(TlsContextTest, AnExpiredAuthorityIsAWarningAsLongAsAnotherOneIsGood) {
  const Issued old =
      Issue({.name = "old", .authority = true, .from = -2 * kDay, .to = -kDay}, nullptr);
  files_.Write("ca.crt", old.pem() + root_.pem());
  const auto tls = Create();
  ASSERT_TRUE(tls.ok()) << tls.status();
  ASSERT_EQ((*tls)->warnings().size(), 1u);
  EXPECT_THAT((*tls)->warnings()[0], HasSubstr("CN=old has expired: valid from"));
  files_.Write("ca.crt", old.pem());
  EXPECT_THAT(ShownError(), StartsWith("client_ca \"DIR/ca.crt\": CN=old has expired: valid from"));
}

TEST_F(TlsContextTest, S45_EveryAuthorityNeedsAListOnceThereIsOne) {
  const Issued next = Issue({.name = "next", .authority = true}, nullptr);
  files_.Write("ca.crt", root_.pem() + next.pem());
  config_.client_crl = {files_.Write("ca.crl", IssueCrl(root_))};
  EXPECT_EQ(ShownError(),
            "client_ca \"DIR/ca.crt\": no list of CN=next in client_crl: all its clients would be "
            "refused (expected a list of each authority, or client_crl_check = \"leaf\")");
  config_.client_crl.push_back(files_.Write("next.crl", IssueCrl(next)));
  EXPECT_EQ(Error(), "");
}

TEST_F(TlsContextTest, S45_ListsOfTheClientsIssuerAloneAreEnoughIfAskedFor) {
  files_.Write("ca.crt", root_.pem() + middle_.pem());
  config_.client_crl = {files_.Write("ca.crl", IssueCrl(middle_))};
  EXPECT_THAT(ShownError(), HasSubstr("no list of CN=root"));
  config_.client_crl_check = TlsConfig::CrlCheck::kLeaf;
  const auto tls = Create();
  ASSERT_TRUE(tls.ok()) << tls.status();
  EXPECT_THAT((*tls)->warnings(), testing::ElementsAre(HasSubstr("no list of CN=root")));
}

TEST_F(TlsContextTest, S45_AnAuthorityWithoutItsIssuerCannotHaveItsWholeChainChecked) {
  files_.Write("ca.crt", middle_.pem());
  EXPECT_EQ(Error(), "");
  config_.client_crl = {files_.Write("ca.crl", IssueCrl(middle_))};
  EXPECT_THAT(ShownError(), HasSubstr("nobody in client_ca could have revoked CN=middle"));
  config_.client_crl_check = TlsConfig::CrlCheck::kLeaf;
  EXPECT_EQ(Error(), "");
}

TEST_F(TlsContextTest, S45_ListsThatCannotBeTrueAreRefused) {
  const Issued impostor = Issue({.name = "root", .authority = true}, nullptr);
  config_.client_crl = {files_.Write("ca.crl", IssueCrl(impostor))};
  EXPECT_EQ(ShownError(),
            "client_crl \"DIR/ca.crl\": the list of CN=root is not signed by that authority of "
            "client_ca");
  files_.Write("ca.crl", IssueCrl(root_, {.from = 3600}));
  EXPECT_THAT(ShownError(), HasSubstr("the list of CN=root is not valid yet: last update 20"));
  files_.Write("ca.crl", root_.pem());
  EXPECT_EQ(ShownError(),
            "client_crl \"DIR/ca.crl\": no revocation list in it (expected PEM, X509 CRL)");
  const std::string whole = IssueCrl(root_);
  for (size_t size = 0; size + 1 < whole.size(); size += 3) {
    files_.Write("ca.crl", whole.substr(0, size));
    EXPECT_THAT(ShownError(), StartsWith("client_crl \"DIR/ca.crl\": ")) << size;
  }
}

TEST_F(TlsContextTest, S75_ListsOfAuthoritiesOfOneNameMustSayWhoseTheyAre) {
  const Issued next = Issue({.name = "root", .authority = true}, nullptr);
  files_.Write("ca.crt", root_.pem() + next.pem());
  config_.client_crl = {files_.Write("ca.crl", IssueCrl(root_) + IssueCrl(next))};
  EXPECT_EQ(Error(), "");
  files_.Write("ca.crl", IssueCrl(root_) + IssueCrl(next, {.key_identifier = false}));
  EXPECT_EQ(ShownError(),
            "client_crl \"DIR/ca.crl\": the list of CN=root does not say which of the authorities "
            "of that name in client_ca made it (expected an authority key identifier)");
}

TEST_F(TlsContextTest, S45_AnExpiredListIsRefusedUnlessAccepted) {
  config_.client_crl = {files_.Write("ca.crl", IssueCrl(root_, {.from = -2 * kDay, .to = -kDay}))};
  EXPECT_THAT(ShownError(), HasSubstr("the list of CN=root has expired: last update 20"));
  config_.client_crl_expired = TlsConfig::CrlExpired::kAccept;
  const auto tls = Create();
  ASSERT_TRUE(tls.ok()) << tls.status();
  EXPECT_THAT((*tls)->warnings(), testing::ElementsAre(HasSubstr("has expired and is still used")));
}

TEST_F(TlsContextTest, S45_TellsWhatItHolds) {
  const Issued other = Issue({.name = "other", .san = "DNS:b.example"}, &root_);
  config_.sni = {{{"b.example"},
                  files_.Write("b.crt", other.pem()),
                  files_.Write("b.key", other.key_pem()),
                  {}}};
  config_.client_crl = {files_.Write("ca.crl", IssueCrl(root_, {.number = 0x17}))};
  const auto tls = Create();
  ASSERT_TRUE(tls.ok()) << tls.status();
  const std::vector<CertificateFacts>& facts = (*tls)->certificates();
  std::vector<std::string> shown;
  for (const CertificateFacts& one : facts) {
    shown.push_back(std::string(RoleName(one.role)) + " " + one.slot + " " + one.subject);
  }
  EXPECT_THAT(
      shown, testing::ElementsAre("server default CN=server", "server b.example CN=other",
                                  "chain default CN=middle", "client_ca  CN=root", "crl  CN=root"));
  EXPECT_EQ(facts[0].file, files_.path("server.crt"));
  EXPECT_EQ(facts[0].sans, std::vector<std::string>{"DNS:a.example"});
  EXPECT_NEAR(static_cast<double>(facts[0].not_after - std::time(nullptr)), 90.0 * kDay, 60);
  EXPECT_EQ(facts[0].fingerprint.size(), 64u);
  EXPECT_NE(facts[0].serial, facts[1].serial);
  EXPECT_EQ(facts[4].serial, "17");
  EXPECT_NEAR(static_cast<double>(facts[4].not_after - std::time(nullptr)), 7.0 * kDay, 60);
}

TEST_F(TlsContextTest, AddressesAreShownAsPeopleWriteThem) {
  UseLeaf({.name = "server", .san = "IP:127.0.0.1,IP:::1,URI:spiffe://a/b,email:a@b"});
  const auto tls = Create();
  ASSERT_TRUE(tls.ok()) << tls.status();
  EXPECT_THAT((*tls)->certificates()[0].sans,
              testing::ElementsAre("IP:127.0.0.1", "IP:::1", "URI:spiffe://a/b", "email:a@b"));
}

TEST_F(TlsContextTest, ContextsOfTheSameFilesAndSettingsHaveTheSameDigest) {
  const std::string digest = (*Create())->digest();
  EXPECT_EQ((*Create())->digest(), digest);
  config_.min_version = TlsConfig::Version::kTls13;
  EXPECT_NE((*Create())->digest(), digest);
  config_.min_version = TlsConfig::Version::kTls12;
  config_.client_crl = {files_.Write("ca.crl", IssueCrl(root_))};
  EXPECT_NE((*Create())->digest(), digest);
  config_.client_crl.clear();
  EXPECT_EQ((*Create())->digest(), digest);
  UseLeaf({.name = "server", .san = "DNS:a.example"});
  EXPECT_NE((*Create())->digest(), digest);
}

}  // namespace
}  // namespace meshhost
