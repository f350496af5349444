// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/json_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>

namespace meshhost {
namespace {

std::string Escape(std::string_view text) {
  std::string out(text.size() * kMaxJsonEscape, '?');
  out.resize(static_cast<std::size_t>(WriteJsonText(out.data(), text) - out.data()));
  return out;
}

TEST(JsonText, LeavesPlainTextAndUtf8Alone) {
  EXPECT_EQ(Escape(""), "");
  EXPECT_EQ(Escape("/v1/items/42?x=y~"), "/v1/items/42?x=y~");
  EXPECT_EQ(Escape("gr\u00fc\u00df \u20ac \U0001f600 and more"),
            "gr\u00fc\u00df \u20ac \U0001f600 and more");
}

TEST(JsonText, EscapesWhatWouldEndAStringOrALine) {
  EXPECT_EQ(Escape("a\"b\\c\nd\re\tf"), R"(a\"b\\c\nd\re\tf)");
  EXPECT_EQ(Escape(std::string_view("\0\x1b\x7f", 3)), R"(\u0000\u001b\u007f)");
  EXPECT_EQ(Escape("01234567\"01234567\n"), R"(01234567\"01234567\n)");
}

TEST(JsonText, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(Escape("\xff"), R"(\ufffd)");
  EXPECT_EQ(Escape("\xc3"), R"(\ufffd)");                                // cut
  EXPECT_EQ(Escape("\xc0\xaf"), R"(\ufffd\ufffd)");                      // overlong
  EXPECT_EQ(Escape("\xe0\x80\xaf"), R"(\ufffd\ufffd\ufffd)");            // overlong
  EXPECT_EQ(Escape("\xed\xa0\x80"), R"(\ufffd\ufffd\ufffd)");            // surrogate
  EXPECT_EQ(Escape("\xf4\x90\x80\x80"), R"(\ufffd\ufffd\ufffd\ufffd)");  // above U+10FFFF
  EXPECT_EQ(Escape("\xc2\x9b[31m"), R"(\ufffd\ufffd[31m)");              // C1 control
  EXPECT_EQ(Escape("a\x80z"), R"(a\ufffdz)");
}

// Whatever the bytes, a strict JSON parser accepts the result, and no control character is left.
TEST(JsonText, GivesValidJsonForAnyBytes) {
  std::mt19937 random(7);
  std::uniform_int_distribution<int> any_byte(0, 255);
  for (int round = 0; round < 20'000; ++round) {
    std::string text(static_cast<std::size_t>(round % 40), '\0');
    const bool mostly_plain = round % 2 == 0;
    for (char& c : text)
      c = static_cast<char>(mostly_plain && any_byte(random) > 20 ? 'a' + any_byte(random) % 26
                                                                  : any_byte(random));
    const std::string escaped = Escape(text);
    for (char c : escaped) ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
    const auto parsed = nlohmann::json::parse("\"" + escaped + "\"", nullptr, false);
    ASSERT_FALSE(parsed.is_discarded()) << escaped;
  }
}

}  // namespace
}  // namespace meshhost
