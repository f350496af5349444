// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/call/url_client.h"

namespace meshhost {

// UrlClient by libcurl. Without state but for the library's own; any thread, each call by itself.
class CurlUrlClient final : public UrlClient {
 public:
  // Before other threads are made: libcurl's initialisation is not safe beside them.
  CurlUrlClient();
  ~CurlUrlClient() override;
  CurlUrlClient(const CurlUrlClient&) = delete;
  CurlUrlClient& operator=(const CurlUrlClient&) = delete;

  absl::StatusOr<UrlReply> Send(const UrlRequest& request) override;
};

}  // namespace meshhost
