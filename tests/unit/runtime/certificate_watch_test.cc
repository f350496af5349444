// SPDX-License-Identifier: Apache-2.0
//
// S45: operators see in time when certificates end. Contexts are made with certificates of a known
// life; scrapes and log lines are read.
#include "host/runtime/certificate_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>

#include "host/telemetry/exposition.h"
#include "host/telemetry/registry.h"
#include "issued_certificates.h"

namespace meshhost {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr int64_t kHour = 3600;
constexpr int64_t kDay = 24 * kHour;

// Keeps "LEVEL text subject" of each line.
class FakeLog final : public Log {
 public:
  bool Enabled(LogLevel) const override { return true; }
  void Write(LogLevel level, std::string_view text, std::span<const LogField> fields) override {
    std::string line(level == LogLevel::kError ? "error " : "warn ");
    line += text;
    for (const LogField& field : fields) {
      if (field.name() != "subject" && field.name() != "warning") continue;
      line += " ";
      line += std::get<std::string_view>(field.value());
    }
    lines_.push_back(line);
  }
  std::vector<std::string> Take() { return std::exchange(lines_, {}); }

 private:
  std::vector<std::string> lines_;
};

class CertificateWatchTest : public testing::Test {
 protected:
  std::shared_ptr<const TlsContext> Context(const CertificateOrder& order) {
    const Issued leaf = Issue(order, &root_);
    config_.certificate = files_.Write("server.crt", leaf.pem());
    config_.key = files_.Write("server.key", leaf.key_pem());
    auto tls = TlsContext::Create(config_, ProtocolSet());
    EXPECT_TRUE(tls.ok()) << tls.status();
    return tls.ok() ? *tls : nullptr;
  }
  void Use(const std::string& listener, std::shared_ptr<const TlsContext> tls) {
    ASSERT_TRUE(watch_.Replace(listener, std::move(tls)).ok());
  }
  // The lines of the gauge, without its comments.
  std::vector<std::string> Gauges() const {
    std::vector<std::string> lines;
    std::istringstream page(Expose(registry_, ExpositionFormat::kText));
    for (std::string line; std::getline(page, line);) {
      if (line.starts_with("meshhost_tls_certificate_expiry_seconds{")) lines.push_back(line);
    }
    return lines;
  }
  static double ValueOf(const std::string& line) {
    return std::stod(line.substr(line.rfind(' ') + 1));
  }

  CertificateFolder files_;
  TlsConfig config_;
  Registry registry_{Registry::Options{}};
  FakeLog log_;
  CertificateWatch watch_{registry_, log_};
  Issued root_ = Issue({.name = "root", .authority = true, .to = 3650 * kDay}, nullptr);
  const int64_t now_ = std::time(nullptr);
};

TEST_F(CertificateWatchTest, S45_EachCertificateAndListHasAGauge) {
  config_.client_auth = TlsConfig::ClientAuth::kRequire;
  config_.client_ca = {files_.Write("ca.crt", root_.pem())};
  config_.client_crl = {files_.Write("ca.crl", IssueCrl(root_, {.number = 0x2a}))};
  Use("a", Context({.name = "server", .to = 10 * kDay}));
  const std::vector<std::string> lines = Gauges();
  ASSERT_THAT(lines,
              ElementsAre(HasSubstr("{listener=\"a\",role=\"client_ca\",file=\"" +
                                    files_.path("ca.crt") + "\",subject=\"CN=root\",serial=\""),
                          HasSubstr("{listener=\"a\",role=\"crl\",file=\"" + files_.path("ca.crl") +
                                    "\",subject=\"CN=root\",serial=\"2A\"}"),
                          HasSubstr("{listener=\"a\",role=\"server\",file=\"" +
                                    files_.path("server.crt") + "\",subject=\"CN=server\"")));
  EXPECT_NEAR(ValueOf(lines[0]), 3650.0 * kDay, 60);
  EXPECT_NEAR(ValueOf(lines[1]), 7.0 * kDay, 60);
  EXPECT_NEAR(ValueOf(lines[2]), 10.0 * kDay, 60);
}

TEST_F(CertificateWatchTest, S75_AReplacedContextTakesItsGaugesAlong) {
  Use("a", Context({.name = "old"}));
  Use("b", Context({.name = "other"}));
  Use("a", Context({.name = "new"}));
  EXPECT_THAT(Gauges(), ElementsAre(HasSubstr("subject=\"CN=new\""), HasSubstr("\"CN=other\"")));
  Use("a", nullptr);
  EXPECT_THAT(Gauges(), ElementsAre(HasSubstr("subject=\"CN=other\"")));
  Use("b", nullptr);
  EXPECT_THAT(Gauges(), IsEmpty());
}

TEST_F(CertificateWatchTest, AContextThatStaysKeepsItsGauges) {
  const auto tls = Context({.name = "same"});
  Use("a", tls);
  Use("a", tls);
  EXPECT_THAT(Gauges(), ElementsAre(HasSubstr("\"CN=same\"")));
}

TEST_F(CertificateWatchTest, S45_WarnsAMonthAheadAndAWeekAheadOnceADay) {
  Use("a", Context({.name = "server", .to = 365 * kDay}));
  const int64_t end = now_ + 365 * kDay;
  watch_.WarnOfExpiry(end - 31 * kDay);
  EXPECT_THAT(log_.Take(), IsEmpty());
  watch_.WarnOfExpiry(end - 30 * kDay);
  watch_.WarnOfExpiry(end - 30 * kDay + kHour);
  EXPECT_THAT(log_.Take(), ElementsAre("warn certificate expires soon CN=server"));
  watch_.WarnOfExpiry(end - 29 * kDay);
  EXPECT_THAT(log_.Take(), ElementsAre("warn certificate expires soon CN=server"));
  watch_.WarnOfExpiry(end - 7 * kDay);
  watch_.WarnOfExpiry(end - 7 * kDay + kHour);
  EXPECT_THAT(log_.Take(), ElementsAre("error certificate expires soon CN=server"));
  watch_.WarnOfExpiry(end + 60);
  EXPECT_THAT(log_.Take(), ElementsAre("error certificate has expired CN=server"));
}

TEST_F(CertificateWatchTest, WhatLivesShortlyIsSoonInProportion) {
  Use("a", Context({.name = "server", .from = 0, .to = 30 * kHour}));
  watch_.WarnOfExpiry(now_ + 19 * kHour);
  EXPECT_THAT(log_.Take(), IsEmpty());
  watch_.WarnOfExpiry(now_ + 21 * kHour);
  EXPECT_THAT(log_.Take(), ElementsAre("warn certificate expires soon CN=server"));
  watch_.WarnOfExpiry(now_ + 28 * kHour);
  EXPECT_THAT(log_.Take(), ElementsAre("error certificate expires soon CN=server"));
}

TEST_F(CertificateWatchTest, ACertificateOfSeveralListenersIsOneLine) {
  const auto tls = Context({.name = "server", .from = -99 * kDay, .to = kDay});
  Use("a", tls);
  Use("b", tls);
  watch_.WarnOfExpiry(now_);
  EXPECT_THAT(log_.Take(), ElementsAre("error certificate expires soon CN=server"));
}

TEST_F(CertificateWatchTest, S75_AfterARotationTheOldCertificateIsForgotten) {
  Use("a", Context({.name = "old", .from = -99 * kDay, .to = kDay}));
  watch_.WarnOfExpiry(now_);
  EXPECT_THAT(log_.Take(), Not(IsEmpty()));
  Use("a", Context({.name = "new"}));
  watch_.WarnOfExpiry(now_ + 2 * kDay);
  EXPECT_THAT(log_.Take(), IsEmpty());
}

TEST_F(CertificateWatchTest, S45_AListThatRunsOutIsWarnedOf) {
  config_.client_auth = TlsConfig::ClientAuth::kRequire;
  config_.client_ca = {files_.Write("ca.crt", root_.pem())};
  config_.client_crl = {files_.Write("ca.crl", IssueCrl(root_))};
  Use("a", Context({.name = "server", .to = 365 * kDay}));
  watch_.WarnOfExpiry(now_ + 6 * kDay);
  EXPECT_THAT(log_.Take(), ElementsAre("warn revocation list expires soon CN=root"));
  watch_.WarnOfExpiry(now_ + 8 * kDay);
  EXPECT_THAT(log_.Take(), ElementsAre("error revocation list has expired CN=root"));
}

TEST_F(CertificateWatchTest, WarningsOfANewContextAreLoggedOnce) {
  config_.client_auth = TlsConfig::ClientAuth::kRequire;
  const Issued old =
      Issue({.name = "old", .authority = true, .from = -2 * kDay, .to = -kDay}, nullptr);
  config_.client_ca = {files_.Write("ca.crt", root_.pem() + old.pem())};
  const auto tls = Context({.name = "server"});
  Use("a", tls);
  EXPECT_THAT(log_.Take(), ElementsAre(HasSubstr("warn certificates client_ca \"")));
  Use("a", tls);
  EXPECT_THAT(log_.Take(), IsEmpty());
}

}  // namespace
}  // namespace meshhost
