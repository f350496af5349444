// SPDX-License-Identifier: Apache-2.0
//
// Goal: close codes and close reasons are what RFC 6455 allows to be sent.
#include "host/http/websocket_handshake.h"

#include <gtest/gtest.h>

#include <string>

#include "host/http/websocket_close.h"

namespace meshhost {
namespace {

TEST(WebSocketClose, S06_CodesThatAreNeverSentBecomeInternalError) {
  Outcome outcome;
  for (const int code : {1004, 1005, 1006, 1014, 1015, 2000, 2999, 5000}) {
    outcome.http_status = code;
    EXPECT_EQ(CloseCodeOf(outcome, Reason::kNone), 1011) << code;
  }
  for (const int code : {1000, 1001, 1003, 1013, 3000, 4999}) {
    outcome.http_status = code;
    EXPECT_EQ(CloseCodeOf(outcome, Reason::kNone), code);
  }
}

TEST(WebSocketClose, S06_RefusalsHaveTheirCodes) {
  EXPECT_EQ(CloseCodeOf({}, Reason::kNone), 1000);
  EXPECT_EQ(CloseCodeOf({}, Reason::kDraining), 1001);
  EXPECT_EQ(CloseCodeOf({}, Reason::kModuleRetired), 1012);
  EXPECT_EQ(CloseCodeOf({.http_status = 1001}, Reason::kModuleRetired), 1012);
  EXPECT_EQ(CloseCodeOf({.http_status = 1001}, Reason::kNone), 1001);
  EXPECT_EQ(CloseCodeOf(Refusal(Reason::kMessageTooLarge), Reason::kNone), 1009);
  EXPECT_EQ(CloseCodeOf(Refusal(Reason::kModuleRetired), Reason::kNone), 1012);
  EXPECT_EQ(CloseCodeOf(Refusal(Reason::kModuleQueueFull), Reason::kNone), 1013);
  EXPECT_EQ(CloseCodeOf(Refusal(Reason::kStreamIdle), Reason::kNone), 1001);
  EXPECT_EQ(CloseCodeOf(Refusal(Reason::kModuleFailed), Reason::kNone), 1011);
}

TEST(WebSocketClose, S06_AReasonIsCutBetweenCharacters) {
  EXPECT_EQ(CloseReasonOf("short"), "short");
  std::string text;
  for (int i = 0; i < 62; ++i) text += "\xC3\xA4";
  EXPECT_EQ(CloseReasonOf(text).size(), 122u);
  EXPECT_EQ(CloseReasonOf("no UTF-8: \xff"), "");
}

TEST(WebSocketHandshake, S06_UpgradeIsAList) {
  EXPECT_TRUE(IsWebSocketUpgrade("websocket"));
  EXPECT_TRUE(IsWebSocketUpgrade("h2c, WebSocket"));
  EXPECT_FALSE(IsWebSocketUpgrade("websockets"));
  EXPECT_FALSE(IsWebSocketUpgrade(""));
}

}  // namespace
}  // namespace meshhost
