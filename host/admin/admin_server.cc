// SPDX-License-Identifier: Apache-2.0
#include "host/admin/admin_server.h"

#include <netdb.h>
#include <pistache/endpoint.h>
#include <pistache/http.h>
#include <pistache/peer.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <ostream>
#include <string>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "host/admin/admin_pages.h"
#include "host/base/concat.h"
#include "host/base/status_macros.h"

namespace meshhost {
namespace {

namespace Http = Pistache::Http;

constexpr std::size_t kMaxRequestBytes = 8 * 1024;
constexpr int kBacklog = 64;
// With a peer that says nothing. Pistache takes the time that an operation takes for that of the
// next request, and would answer 408 in its place, so it is longer than modules may keep a reload.
constexpr std::chrono::minutes kPatience{10};

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

// Servers share their port (SO_REUSEPORT), so that a new process can begin before the old one ends.
// A bind without it tells whether it belongs to anybody else. 0: it does not; else the errno.
int ErrorOfBinding(const BindAddress& address) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(address.port);
  if (::getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found) != 0) return EINVAL;
  const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const int error = ::bind(fd, found->ai_addr, found->ai_addrlen) == 0 ? 0 : errno;
  if (fd >= 0) ::close(fd);
  ::freeaddrinfo(found);
  return error;
}

// Where to listen: with the predecessor, where that is configured or any port will do.
absl::StatusOr<BindAddress> Choose(BindAddress address, const BindAddress* predecessor) {
  if (predecessor != nullptr && predecessor->host == address.host &&
      (address.port == 0 || address.port == predecessor->port)) {
    return *predecessor;
  }
  if (const int error = ErrorOfBinding(address); error != 0) {
    return absl::UnavailableError(
        Concat({"admin address ", address.ToString(), ": ", std::strerror(error)}));
  }
  return address;
}

// Threads for what takes a while, a reload or an upgrade: the web server answers others meanwhile.
// Any thread.
class OperationThreads final {
 public:
  // Takes no more and waits for those that run.
  void Stop() {
    const absl::MutexLock lock(&mutex_);
    stopped_ = true;
    for (Slot& slot : slots_) {
      if (slot.thread.joinable()) slot.thread.join();
    }
  }

  // False: too many run.
  template <typename Operation>
  bool Run(Operation&& operation) {
    const absl::MutexLock lock(&mutex_);
    for (Slot& slot : slots_) {
      if (slot.busy || stopped_) continue;
      if (slot.thread.joinable()) slot.thread.join();
      slot.busy = true;
      slot.thread = std::thread([&slot, work = std::forward<Operation>(operation)]() mutable {
        work();
        slot.busy = false;
      });
      return true;
    }
    return false;
  }

 private:
  struct Slot {
    std::thread thread;
    std::atomic<bool> busy{false};
  };

  absl::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::array<Slot, 4> slots_ ABSL_GUARDED_BY(mutex_);
};

// A request as Pistache has it, kept for longer than that keeps it.
struct OwnedRequest {
  explicit OwnedRequest(const Http::Request& request)
      : method(Http::methodString(request.method())),
        path(request.resource()),
        host(FieldOf(request, "Host")),
        accept(FieldOf(request, "Accept")),
        content_type(FieldOf(request, "Content-Type")),
        body(request.body()),
        is_head(request.method() == Http::Method::Head),
        close(WantsClose(request)) {}

  AdminRequest View() const { return {method, path, host, accept, content_type, body}; }

  std::string method;
  std::string path;
  std::string host;
  std::string accept;
  std::string content_type;
  std::string body;
  bool is_head;
  bool close;
};

// Turns Pistache's requests into ours and our answers into its own. Several threads at a time.
class PagesHandler final : public Http::Handler {
 public:
  HTTP_PROTOTYPE(PagesHandler)

  PagesHandler(std::shared_ptr<const AdminPages> pages,
               std::shared_ptr<std::atomic<std::size_t>> answering, OperationThreads& operations)
      : pages_(std::move(pages)), answering_(std::move(answering)), operations_(operations) {}

  void onRequest(const Http::Request& request, Http::ResponseWriter writer) override {
    answering_->fetch_add(1);
    OwnedRequest owned(request);
    if (request.method() != Http::Method::Post) return Answer(owned, writer);
    const bool close = owned.close;
    auto later = std::make_shared<Http::ResponseWriter>(std::move(writer));
    const bool runs =
        operations_.Run([this, later, owned = std::move(owned)] { Answer(owned, *later); });
    if (!runs) Send(AdminPages::TooManyOperations(), close, *later);
  }

 private:
  void Answer(const OwnedRequest& request, Http::ResponseWriter& writer) {
    AdminAnswer answer = pages_->Answer(request.View());
    if (request.is_head) answer.body.clear();
    Send(answer, request.close, writer);
  }

  void Send(const AdminAnswer& answer, bool close, Http::ResponseWriter& writer) {
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
        [close, peer, answering = answering_](ssize_t) {
          if (close) HalfClose(peer);
          answering->fetch_sub(1);
        },
        [answering = answering_](const std::exception_ptr&) { answering->fetch_sub(1); });
  }

  const std::shared_ptr<const AdminPages> pages_;
  const std::shared_ptr<std::atomic<std::size_t>> answering_;
  OperationThreads& operations_;
};

}  // namespace

struct AdminServer::Web {
  explicit Web(const Pistache::Address& address) : endpoint(address) {}
  ~Web() {
    operations.Stop();  // they write through the endpoint
    endpoint.shutdown();
  }
  OperationThreads operations;
  Http::Endpoint endpoint;
  const std::shared_ptr<std::atomic<std::size_t>> answering =
      std::make_shared<std::atomic<std::size_t>>(0);
};

AdminServer::AdminServer(std::unique_ptr<Web> web) : web_(std::move(web)) {}

AdminServer::~AdminServer() = default;

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::Start(const AdminConfig& config,
                                                                const Registry& registry,
                                                                const AdminSource& source,
                                                                AdminOperations& operations,
                                                                const BindAddress* predecessor) {
  const std::string name = config.address.ToString();
  if (!config.address.IsLoopback())
    return absl::InvalidArgumentError(
        Concat({"admin address ", name, " is not a loopback address"}));
  ASSIGN_OR_RETURN(const BindAddress address, Choose(config.address, predecessor));
  const bool is_ipv6 = address.family == BindAddress::Family::kIpv6;
  try {
    auto web = std::make_unique<Web>(Pistache::Address(
        is_ipv6 ? Concat({"[", address.host, "]"}) : address.host, Pistache::Port(address.port)));
    using Option = Pistache::Tcp::Options;
    web->endpoint.init(Http::Endpoint::options()
                           .threads(static_cast<int>(config.threads))
                           .threadsName("admin")
                           .flags(Pistache::Flags<Option>(Option::ReuseAddr) | Option::ReusePort |
                                  Option::CloseOnExec | Option::NoDelay)
                           .backlog(kBacklog)
                           .maxRequestSize(kMaxRequestBytes)
                           .headerTimeout(kPatience)
                           .bodyTimeout(kPatience)
                           .keepaliveTimeout(kPatience));
    web->endpoint.setHandler(std::make_shared<PagesHandler>(
        std::make_shared<const AdminPages>(registry, source, operations, config.address.host),
        web->answering, web->operations));
    web->endpoint.serveThreaded();
    return std::unique_ptr<AdminServer>(new AdminServer(std::move(web)));
  } catch (const std::exception& error) {
    return absl::UnavailableError(Concat({"admin address ", name, ": ", error.what()}));
  }
}

std::uint16_t AdminServer::port() const { return web_->endpoint.getPort(); }

std::size_t AdminServer::answering() const { return web_->answering->load(); }

}  // namespace meshhost
