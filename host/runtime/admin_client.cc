// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/admin_client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "host/base/concat.h"

namespace meshhost {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

absl::Status Failure(const BindAddress& address, const boost::system::error_code& error) {
  return absl::UnavailableError(
      Concat({"admin server at ", address.ToString(), ": ", error.message()}));
}

}  // namespace

absl::StatusOr<AdminReply> PostToAdmin(const BindAddress& address, const std::string& path,
                                       const std::string& json) {
  boost::system::error_code error;
  asio::io_context io(1);
  asio::ip::tcp::socket socket(io);
  const auto ip = asio::ip::make_address(address.host, error);
  if (!error) socket.connect({ip, address.port}, error);
  if (error) return Failure(address, error);
  http::request<http::string_body> request(http::verb::post, path, 11);
  request.set(http::field::host, "localhost");
  request.set(http::field::content_type, "application/json");
  request.set(http::field::connection, "close");
  request.body() = json;
  request.prepare_payload();
  http::write(socket, request, error);
  if (error) return Failure(address, error);
  boost::beast::flat_buffer buffer;
  http::response<http::string_body> response;
  http::read(socket, buffer, response, error);
  if (error) return Failure(address, error);
  return AdminReply{static_cast<int>(response.result_int()), response.body()};
}

}  // namespace meshhost
