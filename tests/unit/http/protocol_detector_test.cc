// SPDX-License-Identifier: Apache-2.0
//
// Goal: the first bytes decide between HTTP/2 and HTTP/1, however they are cut, and silence ends.
#include "host/http/protocol_detector.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/unit/http/fake_channel.h"

namespace meshhost {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

class DetectorTest : public ::testing::Test, public ProtocolDetector::Owner {
 protected:
  void Begin(bool start = true) {
    constexpr uint64_t timeout_ns = 1'000'000'000;
    channel_ = new FakeChannel;
    detector_ = std::make_unique<ProtocolDetector>(*this, loop_, channel_, timeout_ns, false);
    if (start) detector_->Start();
  }
  Block& ReadBlock() override { return loop_.read_block(); }
  void OnHttp1(ProtocolDetector&, std::span<const uint8_t> bytes) override {
    Decide("http1", bytes);
  }
  void OnHttp2(ProtocolDetector&, std::span<const uint8_t> bytes) override {
    Decide("http2", bytes);
  }
  void OnNothing(ProtocolDetector&) override { Decide("nothing", {}); }
  void Decide(std::string verdict, std::span<const uint8_t> bytes) {
    verdict_ = std::move(verdict);
    bytes_.assign(bytes.begin(), bytes.end());
    channel_->SetEvents(nullptr);
    detector_.reset();
  }

  FakeLoop loop_;
  boost::intrusive_ptr<FakeChannel> channel_;
  std::unique_ptr<ProtocolDetector> detector_;
  std::string verdict_;
  std::string bytes_;
};

TEST_F(DetectorTest, PrefaceIsHttp2AndNothingIsLost) {
  Begin();
  channel_->Feed(std::string(kPreface) + "frames");
  EXPECT_EQ(verdict_, "http2");
  EXPECT_EQ(bytes_, std::string(kPreface) + "frames");
}

TEST_F(DetectorTest, PrefaceMayComeByteByByte) {
  Begin();
  for (char c : kPreface) {
    EXPECT_EQ(verdict_, "");
    channel_->Feed({&c, 1});
  }
  EXPECT_EQ(verdict_, "http2");
  EXPECT_EQ(bytes_, kPreface);
}

TEST_F(DetectorTest, ARequestLineIsHttp1) {
  Begin();
  channel_->Feed("P");
  channel_->Feed("OST /");
  EXPECT_EQ(verdict_, "http1");
  EXPECT_EQ(bytes_, "POST /");
}

TEST_F(DetectorTest, AnAlmostPrefaceIsHttp1) {
  Begin();
  channel_->Feed("PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n");
  EXPECT_EQ(verdict_, "http1");
}

TEST_F(DetectorTest, SilenceEndsAtTheTimeout) {
  Begin();
  channel_->Feed("PRI");
  loop_.Advance(2'000'000'000);
  EXPECT_EQ(verdict_, "nothing");
}

TEST_F(DetectorTest, LastChanceServesWhatHasArrivedAndEndsTheSilent) {
  Begin();
  detector_->LastChance();
  EXPECT_EQ(verdict_, "nothing");
  verdict_.clear();
  Begin(false);  // the loop has not yet told of these bytes
  channel_->Feed("GET / HTTP/1.1");
  detector_->LastChance();
  EXPECT_EQ(verdict_, "http1");
  verdict_.clear();
  Begin();
  channel_->Feed("PRI *");
  detector_->LastChance();
  EXPECT_EQ(verdict_, "");
  channel_->Feed(kPreface.substr(5));
  EXPECT_EQ(verdict_, "http2");
}

TEST_F(DetectorTest, AClosedConnectionIsNothing) {
  Begin();
  channel_->CloseByPeer();
  EXPECT_EQ(verdict_, "nothing");
}

}  // namespace
}  // namespace meshhost
