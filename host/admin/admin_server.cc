// SPDX-License-Identifier: Apache-2.0
#include "host/admin/admin_server.h"

#include <pistache/endpoint.h>
#include <pistache/http.h>
#include <pistache/peer.h>
#include <sys/socket.h>

#include <chrono>
#include <exception>
#include <ostream>
#include <string>
#include <utility>

#include "host/admin/admin_pages.h"
#include "host/base/concat.h"

namespace meshhost {
namespace {

namespace Http = Pistache::Http;

constexpr std::size_t kMaxRequestBytes = 8 * 1024;
constexpr int kBacklog = 64;

std::string FieldOf(const Http::Request& request, const char* name) {
  const auto field = request.headers().tryGetRaw(name);
  return field ? field->value() : std::string();
}

// A response field. Pistache writes typed headers only, and would rewrite ours if it knew their
// type.
class Field final : public Http::Header::Header {
 public:
  Field(const char* name, std::string value) : name_(name), value_(std::move(value)) {}
  const char* name() const override { return name_; }
  void write(std::ostream& out) const override { out << value_; }
  // Pistache's key for downcasts, which nobody does with these.
  std::uint64_t hash() const override { return 0; }

 private:
  const char* const name_;
  const std::string value_;
};

bool WantsClose(const Http::Request& request) {
  const auto connection = request.headers().tryGet<Http::Header::Connection>();
  if (connection == nullptr) return request.version() == Http::Version::Http10;
  return connection->control() == Http::ConnectionControl::Close;
}

// Pistache announces "Connection: Close" and then keeps the connection. Half-closing it makes the
// client end it.
void HalfClose(const std::weak_ptr<Pistache::Tcp::Peer>& weak_peer) {
  if (const auto peer = weak_peer.lock()) ::shutdown(peer->fd(), SHUT_WR);
}

// Turns Pistache's requests into ours and our answers into its own. Several threads at a time.
class PagesHandler final : public Http::Handler {
 public:
  HTTP_PROTOTYPE(PagesHandler)

  explicit PagesHandler(std::shared_ptr<const AdminPages> pages) : pages_(std::move(pages)) {}

  void onRequest(const Http::Request& request, Http::ResponseWriter writer) override {
    const std::string method = Http::methodString(request.method());
    const std::string host = FieldOf(request, "Host");
    const std::string accept = FieldOf(request, "Accept");
    const std::string content_type = FieldOf(request, "Content-Type");
    AdminAnswer answer = pages_->Answer({.method = method,
                                         .path = request.resource(),
                                         .host = host,
                                         .accept = accept,
                                         .content_type = content_type,
                                         .body = request.body()});
    if (request.method() == Http::Method::Head) answer.body.clear();
    Send(answer, WantsClose(request), writer);
  }

 private:
  static void Send(const AdminAnswer& answer, bool close, Http::ResponseWriter& writer) {
    auto& headers = writer.headers();
    headers.remove<Http::Header::Connection>();
    const auto add = [&headers](const char* name, const std::string& value) {
      headers.add(std::make_shared<Field>(name, value));
    };
    add("Connection", close ? "close" : "keep-alive");
    add("Content-Type", answer.content_type);
    add("Cache-Control", "no-store");
    add("X-Content-Type-Options", "nosniff");
    if (!answer.allow.empty()) add("Allow", answer.allow);
    const std::weak_ptr<Pistache::Tcp::Peer> peer = writer.getPeer();
    auto sent = writer.send(static_cast<Http::Code>(answer.status), answer.body);
    // Whether the peer got it is the peer's business.
    sent.then(
        [close, peer](ssize_t) {
          if (close) HalfClose(peer);
        },
        Pistache::Async::IgnoreException);
  }

  const std::shared_ptr<const AdminPages> pages_;
};

}  // namespace

struct AdminServer::Web {
  explicit Web(const Pistache::Address& address) : endpoint(address) {}
  Http::Endpoint endpoint;
};

AdminServer::AdminServer(std::unique_ptr<Web> web) : web_(std::move(web)) {}

AdminServer::~AdminServer() { web_->endpoint.shutdown(); }

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::Start(const AdminConfig& config,
                                                                const Registry& registry,
                                                                const AdminSource& source,
                                                                AdminOperations& operations) {
  const std::string name = config.address.ToString();
  if (!config.address.IsLoopback())
    return absl::InvalidArgumentError(
        Concat({"admin address ", name, " is not a loopback address"}));
  try {
    using Family = BindAddress::Family;
    auto web = std::make_unique<Web>(Pistache::Address(config.address.family == Family::kIpv6
                                                           ? Concat({"[", config.address.host, "]"})
                                                           : config.address.host,
                                                       Pistache::Port(config.address.port)));
    using Option = Pistache::Tcp::Options;
    web->endpoint.init(Http::Endpoint::options()
                           .threads(static_cast<int>(config.threads))
                           .threadsName("admin")
                           .flags(Pistache::Flags<Option>(Option::ReuseAddr) | Option::CloseOnExec |
                                  Option::NoDelay)
                           .backlog(kBacklog)
                           .maxRequestSize(kMaxRequestBytes)
                           .headerTimeout(std::chrono::seconds(5))
                           .bodyTimeout(std::chrono::seconds(5))
                           .keepaliveTimeout(std::chrono::seconds(75)));
    web->endpoint.setHandler(std::make_shared<PagesHandler>(
        std::make_shared<const AdminPages>(registry, source, operations, config.address.host)));
    web->endpoint.serveThreaded();
    return std::unique_ptr<AdminServer>(new AdminServer(std::move(web)));
  } catch (const std::exception& error) {
    return absl::UnavailableError(Concat({"admin address ", name, ": ", error.what()}));
  }
}

std::uint16_t AdminServer::port() const { return web_->endpoint.getPort(); }

}  // namespace meshhost
