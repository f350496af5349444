// SPDX-License-Identifier: Apache-2.0
//
// S75: a context is tried before it serves, and compared with the one that it replaces.
#include "host/net/tls_rehearsal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "issued_certificates.h"

namespace meshhost {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class TlsRehearsalTest : public testing::Test {
 protected:
  using Context = std::shared_ptr<const TlsContext>;

  TlsRehearsalTest() { UseLeaf({.name = "server", .san = "DNS:a.example"}); }

  void UseLeaf(const CertificateOrder& order) {
    const Issued leaf = Issue(order, &middle_);
    config_.certificate = files_.Write("server.crt", leaf.pem() + middle_.pem());
    config_.key = files_.Write("server.key", leaf.key_pem());
  }
  void AddSni(std::vector<std::string> names, const CertificateOrder& order) {
    const std::string file = "sni" + std::to_string(config_.sni.size());
    const Issued leaf = Issue(order, &root_);
    config_.sni.push_back({std::move(names),
                           files_.Write(file + ".crt", leaf.pem()),
                           files_.Write(file + ".key", leaf.key_pem()),
                           {}});
  }
  Context Create() const {
    auto tls = TlsContext::Create(config_, ProtocolSet());
    EXPECT_TRUE(tls.ok()) << tls.status();
    return tls.ok() ? *tls : nullptr;
  }
  std::string Error(const TlsContext* current = nullptr) const {
    const auto rehearsal = Rehearse(*Create(), current);
    return rehearsal.ok() ? "" : std::string(rehearsal.status().message());
  }
  static std::vector<std::string> Shown(const TlsRehearsal& rehearsal) {
    std::vector<std::string> texts;
    for (const CertificateChange& change : rehearsal.changes) texts.push_back(change.ToString());
    return texts;
  }

  CertificateFolder files_;
  Issued root_ = Issue({.name = "root", .authority = true}, nullptr);
  Issued middle_ = Issue({.name = "middle", .authority = true}, &root_);
  TlsConfig config_;
};

TEST_F(TlsRehearsalTest, S75_ShakesHandsForEachCertificateInEachVersion) {
  AddSni({"b.example", "*.c.example"}, {.name = "b", .san = "DNS:b.example,DNS:*.c.example"});
  EXPECT_EQ(Rehearse(*Create(), nullptr)->handshakes, 6u);
  config_.min_version = TlsConfig::Version::kTls13;
  EXPECT_EQ(Rehearse(*Create(), nullptr)->handshakes, 3u);
}

TEST_F(TlsRehearsalTest, S75_ClientAuthenticationDoesNotHinderIt) {
  config_.client_auth = TlsConfig::ClientAuth::kRequire;
  config_.client_ca = {files_.Write("ca.crt", root_.pem())};
  config_.client_crl = {files_.Write("ca.crl", IssueCrl(root_))};
  EXPECT_EQ(Rehearse(*Create(), nullptr)->handshakes, 2u);
}

TEST_F(TlsRehearsalTest, CertificatesOfAnyKindOfKeyAndNamePass) {
  for (const CertificateOrder& order :
       {CertificateOrder{.name = "rsa", .san = "DNS:a.example", .key_type = "RSA"},
        CertificateOrder{.name = "spiffe", .san = "URI:spiffe://a/b"},
        CertificateOrder{.name = "address", .san = "IP:127.0.0.1"},
        CertificateOrder{.name = "wild", .san = "DNS:*.A.example"},
        CertificateOrder{.name = "nameless"}}) {
    UseLeaf(order);
    EXPECT_EQ(Error(), "") << order.name;
  }
  const Issued alone = Issue({.name = "alone", .san = "DNS:a.example"}, nullptr);
  files_.Write("server.crt", alone.pem());
  files_.Write("server.key", alone.key_pem());
  EXPECT_EQ(Error(), "");
}

TEST_F(TlsRehearsalTest, S75_ACertificateForClientsIsRefused) {
  UseLeaf({.name = "client", .usage = "clientAuth"});
  EXPECT_EQ(Error(), "certificate \"" + files_.path("server.crt") +
                         "\": a TLS 1.2 client refuses it: unsuitable certificate purpose");
}

TEST_F(TlsRehearsalTest, S75_AServerNameThatTheCertificateLacksIsRefused) {
  AddSni({"b.example"}, {.name = "other", .san = "DNS:c.example,DNS:d.example"});
  EXPECT_EQ(Error(), "certificate \"" + files_.path("sni0.crt") +
                         "\": it is not for the server name \"b.example\" that the configuration "
                         "gives it (it is for c.example, d.example)");
}

TEST_F(TlsRehearsalTest, ACertificateWithSomeNamesUnderAPatternPasses) {
  AddSni({"*.b.example"}, {.name = "other", .san = "DNS:x.b.example"});
  AddSni({"*.local"}, {.name = "other", .san = "DNS:*.local"});
  EXPECT_EQ(Error(), "");
}

TEST_F(TlsRehearsalTest, S75_TellsWhatChanges) {
  config_.client_auth = TlsConfig::ClientAuth::kRequest;
  config_.client_ca = {files_.Write("ca.crt", root_.pem())};
  const Context current = Create();
  EXPECT_THAT(Shown(*Rehearse(*Create(), current.get())), ElementsAre());
  const Issued next = Issue({.name = "next", .authority = true}, nullptr);
  files_.Write("ca.crt", next.pem());
  UseLeaf({.name = "server", .san = "DNS:a.example"});
  const Context after = Create();
  EXPECT_THAT(
      Shown(*Rehearse(*after, current.get())),
      ElementsAre("server \"default\" (CN=server): serial " + current->certificates()[0].serial +
                      " -> " + after->certificates()[0].serial + ", until " +
                      UtcText(current->certificates()[0].not_after) + " -> " +
                      UtcText(after->certificates()[0].not_after),
                  testing::StartsWith("client_ca (CN=next): added, serial "),
                  testing::StartsWith("client_ca (CN=root): removed, serial ")));
}

TEST_F(TlsRehearsalTest, S75_AnAuthorityThatRenewsItsKeyIsReplacedUnderItsName) {
  config_.client_auth = TlsConfig::ClientAuth::kRequest;
  config_.client_ca = {files_.Write("ca.crt", root_.pem())};
  const Context current = Create();
  files_.Write("ca.crt", Issue({.name = "root", .authority = true}, nullptr).pem());
  EXPECT_THAT(Shown(*Rehearse(*Create(), current.get())),
              ElementsAre(HasSubstr("client_ca (CN=root): serial ")));
}

TEST_F(TlsRehearsalTest, S75_ServerNamesThatWouldBeLostAreRefusedUnlessAllowed) {
  UseLeaf({.name = "server", .san = "DNS:a.example,DNS:b.example,DNS:*.c.example"});
  const Context current = Create();
  UseLeaf({.name = "server", .san = "DNS:a.example,DNS:x.c.example"});
  const std::string lost = "certificate \"" + files_.path("server.crt") +
                           "\": server names that are served now would be lost: *.c.example, "
                           "b.example";
  EXPECT_EQ(Error(current.get()), lost + " (lost_names = \"warn\" allows it)");
  config_.lost_names = TlsConfig::LostNames::kWarn;
  const auto rehearsal = Rehearse(*Create(), current.get());
  ASSERT_TRUE(rehearsal.ok()) << rehearsal.status();
  EXPECT_THAT(rehearsal->warnings, ElementsAre(lost));
}

TEST_F(TlsRehearsalTest, ANameThatMovesToAWiderOrAnotherCertificateIsNotLost) {
  UseLeaf({.name = "server", .san = "DNS:a.example,DNS:b.example"});
  const Context current = Create();
  UseLeaf({.name = "server", .san = "DNS:*.example"});
  EXPECT_EQ(Error(current.get()), "");
  UseLeaf({.name = "server", .san = "DNS:a.example"});
  AddSni({"b.example"}, {.name = "b", .san = "DNS:b.example"});
  EXPECT_EQ(Error(current.get()), "");
}

TEST_F(TlsRehearsalTest, AnEntryThatTheConfigurationDropsLosesNothing) {
  AddSni({"b.example"}, {.name = "b", .san = "DNS:b.example"});
  const Context current = Create();
  config_.sni.clear();
  EXPECT_EQ(Error(current.get()), "");
}

TEST_F(TlsRehearsalTest, S75_AChainThatLostItsIssuerIsRefused) {
  const Context current = Create();
  const Issued leaf = Issue({.name = "server", .san = "DNS:a.example"}, &middle_);
  files_.Write("server.crt", leaf.pem());
  files_.Write("server.key", leaf.key_pem());
  EXPECT_EQ(Error(current.get()),
            "certificate \"" + files_.path("server.crt") +
                "\": incomplete chain: the certificate of its issuer (CN=middle) is sent now and "
                "would be missing");
  const Issued other = Issue({.name = "server", .san = "DNS:a.example"}, &root_);
  files_.Write("server.crt", other.pem());
  files_.Write("server.key", other.key_pem());
  EXPECT_EQ(Error(current.get()), "");
}

TEST_F(TlsRehearsalTest, S45_AnOlderRevocationListIsAWarning) {
  config_.client_auth = TlsConfig::ClientAuth::kRequire;
  config_.client_ca = {files_.Write("ca.crt", root_.pem())};
  config_.client_crl = {files_.Write("ca.crl", IssueCrl(root_, {.number = 0x100}))};
  const Context current = Create();
  files_.Write("ca.crl", IssueCrl(root_, {.number = 0xff}));
  EXPECT_THAT(Rehearse(*Create(), current.get())->warnings,
              ElementsAre(HasSubstr("the list of CN=root is older than the one in use: FF after "
                                    "0100")));
  files_.Write("ca.crl", IssueCrl(root_, {.number = 0x101}));
  EXPECT_THAT(Rehearse(*Create(), current.get())->warnings, ElementsAre());
}

}  // namespace
}  // namespace meshhost
