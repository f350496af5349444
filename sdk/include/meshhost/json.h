// SPDX-License-Identifier: Apache-2.0
//
// JSON bodies through Boost.JSON. Link Boost's headers only: put
//   #include <boost/json/src.hpp>
// into one source of the module, which keeps the library inside it. Numbers: Boost.JSON 1.81 may
// round the 17th digit of a double; carry money and ids as integers or strings.
#pragma once

#include <meshhost/http.h>

#include <boost/json.hpp>
#include <string>
#include <string_view>

namespace mh {

// The request's body, which must be one JSON object.
inline Status ReadJson(const Request& request, boost::json::object& out) {
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(
      boost::json::string_view(request.body().data(), request.body().size()), error);
  if (error) return InvalidArgument("the body is not JSON: " + error.message());
  if (!value.is_object()) return InvalidArgument("the body must be a JSON object");
  out = std::move(value.as_object());
  return Status();
}

// Answers `value` as application/json.
inline Status SendJson(Response& response, const boost::json::value& value) {
  return response.Send("application/json", boost::json::serialize(value));
}

// A member of a JSON object: absent leaves `out` as it is, another type is an error.
inline Status ReadMember(const boost::json::object& object, std::string_view key,
                         std::string& out) {
  const boost::json::value* member = object.if_contains({key.data(), key.size()});
  if (member == nullptr) return Status();
  if (!member->is_string()) return InvalidArgument("\"" + std::string(key) + "\" must be text");
  out.assign(member->as_string().data(), member->as_string().size());
  return Status();
}

inline Status ReadMember(const boost::json::object& object, std::string_view key, int64_t& out) {
  const boost::json::value* member = object.if_contains({key.data(), key.size()});
  if (member == nullptr) return Status();
  boost::system::error_code error;
  const int64_t number = member->to_number<int64_t>(error);
  if (error) return InvalidArgument("\"" + std::string(key) + "\" must be an integer");
  out = number;
  return Status();
}

inline Status ReadMember(const boost::json::object& object, std::string_view key, bool& out) {
  const boost::json::value* member = object.if_contains({key.data(), key.size()});
  if (member == nullptr) return Status();
  if (!member->is_bool()) {
    return InvalidArgument("\"" + std::string(key) + "\" must be true or false");
  }
  out = member->as_bool();
  return Status();
}

}  // namespace mh
