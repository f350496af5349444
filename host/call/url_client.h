// SPDX-License-Identifier: Apache-2.0
//
// UrlClient: one HTTP request to somewhere, for the host's own background threads (key sets of
// token issuers, export of traces). Calls of modules do not go this way.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace meshhost {

struct UrlRequest {
  std::string method = "GET";
  std::string url;  // http or https
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string ca_file;  // empty: the system's
  std::chrono::milliseconds timeout{5000};
  size_t max_body = 1024 * 1024;  // of the reply; a longer one is an error
};

struct UrlReply {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;

  // Empty: absent.
  std::string Header(const std::string& name) const {
    for (const auto& [own, value] : headers) {
      if (own == name) return value;
    }
    return {};
  }
};

class UrlClient {
 public:
  virtual ~UrlClient() = default;
  // Blocks until the reply is complete or `timeout` has passed: never on a worker. Any status is a
  // reply; errors are what kept it from coming. Follows no redirections. https verifies chain and
  // name. Any thread.
  virtual absl::StatusOr<UrlReply> Send(const UrlRequest& request) = 0;
};

}  // namespace meshhost
