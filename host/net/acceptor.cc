// SPDX-License-Identifier: Apache-2.0
#include "host/net/acceptor.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <exception>
#include <thread>
#include <utility>

#include "host/base/concat.h"
#include "host/net/handshake.h"
#include "host/net/socket_poller.h"

namespace meshhost {
namespace {

// Per turn, so that a flood of new connections does not starve the ones that are open.
constexpr int kAcceptsPerTurn = 64;
constexpr int kAcceptsAtStop = 4096;
constexpr uint64_t kPauseNs = 50'000'000;
constexpr int kSpareTries = 50;

struct PeerAddress {
  std::string host;  // without port; empty for unix sockets
  std::string full;
};

PeerAddress Describe(const sockaddr_storage& from) {
  char text[INET6_ADDRSTRLEN] = "";
  if (from.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(from);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return {text, Concat({text, ":", std::to_string(ntohs(v4.sin_port))})};
  }
  if (from.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(from);
    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    return {text, Concat({"[", text, "]:", std::to_string(ntohs(v6.sin6_port))})};
  }
  return {"", "unix:"};
}

}  // namespace

// Worker thread only.
class Acceptor::Core final : private SocketWaiter {
 public:
  Core(Worker& worker, ConnectionSink& sink, UniqueFd socket,
       std::shared_ptr<const AcceptorSettings> settings)
      : worker_(worker),
        sink_(sink),
        settings_(std::move(settings)),
        socket_(worker.sockets(), std::move(socket)),
        spare_(OpenSpare()),
        pause_([](void* self) { static_cast<Core*>(self)->Await(); }, this) {}

  void Await() { socket_.AwaitReadable(*this); }

  void SetSettings(std::shared_ptr<const AcceptorSettings> settings) {
    settings_ = std::move(settings);
  }

  void Stop() {
    // Connections that the kernel has completed already would be reset by the close, and their
    // requests with them.
    if (socket_.is_open()) Accept(kAcceptsAtStop);
    Leave();
  }

  void Leave() {
    pause_.Disarm();
    socket_.Close();
  }

  UniqueFd Duplicate() const { return UniqueFd(::fcntl(socket_.fd(), F_DUPFD_CLOEXEC, 0)); }

 private:
  static int OpenSpare() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

  void OnSocketReadable() override {
    worker_.BeginEvent();
    if (Accept(kAcceptsPerTurn)) return Await();
    ShedForWantOfResources();
  }
  void OnSocketWritable() override {}
  void OnPollerGone() override {}

  // Takes what waits, at most `limit`. False: out of descriptors or memory.
  bool Accept(int limit) {
    for (int i = 0; i < limit; ++i) {
      sockaddr_storage from{};
      socklen_t length = sizeof from;
      UniqueFd socket = AcceptOne(reinterpret_cast<sockaddr*>(&from), &length);
      if (socket.valid()) {
        Admit(std::move(socket), from);
        continue;
      }
      if (accept_error_ == EINTR || accept_error_ == ECONNABORTED || accept_error_ == EPROTO) {
        continue;
      }
      if (accept_error_ != EAGAIN && accept_error_ != EWOULDBLOCK) return false;
      socket_.ReadBlocked();
      return true;
    }
    return true;
  }

  UniqueFd AcceptOne(sockaddr* from, socklen_t* length) {
    const absl::MutexLock lock(&settings_->host_admission->accepting());
    const int fd = ::accept4(socket_.fd(), from, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    accept_error_ = errno;
    return UniqueFd(fd);
  }

  void Admit(UniqueFd socket, const sockaddr_storage& from) {
    Bump(worker_.stats().accepted);
    PeerAddress address = Describe(from);
    auto slot = ConnectionSlot::Take(worker_, settings_, address.host);
    if (slot == nullptr) {
      Bump(worker_.stats().shed_limit);
      return;
    }
    if (from.ss_family != AF_UNIX) {
      const int on = 1;
      ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    boost::intrusive_ptr<Peer> peer(new Peer);
    peer->listener = settings_->listener;
    peer->listener_id = settings_->id;
    peer->address = std::move(address.full);
    peer->serves_http1 = settings_->protocols.http1;
    peer->serves_http2 = settings_->protocols.http2;
    peer->serves_grpc = settings_->protocols.grpc;
    peer->serves_websocket = settings_->protocols.websocket;
    try {
      if (settings_->tls != nullptr) {
        StartHandshake(worker_, sink_, settings_, std::move(socket), std::move(peer),
                       std::move(slot));
      } else {
        StartPlaintext(worker_, sink_, *settings_, std::move(socket), std::move(peer),
                       std::move(slot));
      }
    } catch (const std::exception&) {
      // No memory, or the event queue takes no more descriptors: this connection only.
      Bump(worker_.stats().shed_descriptors);
    }
  }

  // Out of descriptors or memory: the spare descriptor makes room to accept and close the waiting
  // connection, so that its peer learns at once; then a pause, because nothing will be better in
  // the next microsecond and a ready listener would spin.
  void ShedForWantOfResources() {
    {
      const absl::MutexLock lock(&settings_->host_admission->accepting());
      spare_.reset();
      UniqueFd shed(::accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
      if (shed.valid()) Bump(worker_.stats().shed_descriptors);
      shed.reset();
      RegainSpare();
    }
    worker_.timers().Arm(pause_, worker_.now_ns() + kPauseNs);
  }

  // Under the lock no other acceptor takes the descriptor that was given up, but libc may, for the
  // moment in which it reads a file of /proc. Without a spare this listener could shed no more.
  void RegainSpare() {
    for (int i = 0; i < kSpareTries; ++i) {
      spare_.reset(OpenSpare());
      if (spare_.valid()) return;
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
  }

  Worker& worker_;
  ConnectionSink& sink_;
  std::shared_ptr<const AcceptorSettings> settings_;
  PolledSocket socket_;
  UniqueFd spare_;
  int accept_error_ = 0;  // errno of the last accept
  Timer pause_;
};

Acceptor::Acceptor(Worker& worker, ConnectionSink& sink, UniqueFd socket,
                   std::shared_ptr<const AcceptorSettings> settings)
    : core_(std::make_unique<Core>(worker, sink, std::move(socket), std::move(settings))) {}

Acceptor::~Acceptor() { core_->Stop(); }

void Acceptor::Start() { core_->Await(); }

void Acceptor::SetSettings(std::shared_ptr<const AcceptorSettings> settings) {
  core_->SetSettings(std::move(settings));
}

void Acceptor::Stop() { core_->Stop(); }

void Acceptor::Leave() { core_->Leave(); }

UniqueFd Acceptor::Duplicate() const { return core_->Duplicate(); }

}  // namespace meshhost
