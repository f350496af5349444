// SPDX-License-Identifier: Apache-2.0
#include "host/net/socket_poller.h"

#include <sys/epoll.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/intrusive/list.hpp>
#include <cerrno>
#include <system_error>
#include <utility>

namespace meshhost {
namespace {

constexpr size_t kEventsPerTurn = 64;
constexpr uint32_t kReadEvents = EPOLLIN | EPOLLRDHUP | EPOLLET;

UniqueFd NewEpoll() {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  return epoll;
}

}  // namespace

struct SocketPoller::Lists {
  template <PolledSocket::Hook PolledSocket::*hook>
  using List =
      boost::intrusive::list<PolledSocket,
                             boost::intrusive::member_hook<PolledSocket, PolledSocket::Hook, hook>,
                             boost::intrusive::constant_time_size<false>>;

  List<&PolledSocket::open_hook_> open;
  List<&PolledSocket::ready_hook_> ready;
};

SocketPoller::SocketPoller(boost::asio::io_context& io)
    : epoll_(io, NewEpoll().release()), lists_(std::make_unique<Lists>()) {
  Await();
}

SocketPoller::~SocketPoller() {
  // Who waits may destroy its socket and others with it, so always the first that is left.
  while (!lists_->open.empty()) {
    PolledSocket& socket = lists_->open.front();
    SocketWaiter* waiter = socket.reader_ != nullptr ? socket.reader_ : socket.writer_;
    socket.Close();
    if (waiter != nullptr) waiter->OnPollerGone();
  }
}

void SocketPoller::Await() {
  epoll_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                    [this](const boost::system::error_code& error) {
                      if (error) return;
                      TakeEvents();
                      RunReady();
                      Await();
                    });
}

void SocketPoller::TakeEvents() {
  std::array<epoll_event, kEventsPerTurn> events;
  const int n = ::epoll_wait(epoll_.native_handle(), events.data(), kEventsPerTurn, 0);
  for (int i = 0; i < n; ++i) {
    auto& socket = *static_cast<PolledSocket*>(events[i].data.ptr);
    socket.OnEvents(events[i].events);
    if (socket.Due() && !socket.ready_hook_.is_linked()) lists_->ready.push_back(socket);
  }
}

// One delivery for each socket that is ready now; those that still are afterwards take their next
// turn behind whatever else the loop has to do.
void SocketPoller::RunReady() {
  decltype(Lists::ready) batch;
  batch.swap(lists_->ready);
  running_ = true;
  while (!batch.empty()) {
    PolledSocket& socket = batch.front();
    batch.pop_front();
    socket.Deliver();
  }
  running_ = false;
  if (!lists_->ready.empty()) boost::asio::post(epoll_.get_executor(), [this] { RunReady(); });
}

void SocketPoller::MakeReady(PolledSocket& socket) {
  if (socket.ready_hook_.is_linked()) return;
  const bool first = lists_->ready.empty();
  lists_->ready.push_back(socket);
  if (first && !running_) boost::asio::post(epoll_.get_executor(), [this] { RunReady(); });
}

PolledSocket::PolledSocket(SocketPoller& poller, UniqueFd socket)
    : poller_(poller), socket_(std::move(socket)) {
  epoll_event event{kReadEvents, {.ptr = this}};
  if (::epoll_ctl(poller_.epoll_.native_handle(), EPOLL_CTL_ADD, fd(), &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
  poller_.lists_->open.push_back(*this);
}

PolledSocket::~PolledSocket() { Close(); }

void PolledSocket::AwaitReadable(SocketWaiter& waiter) {
  if (!is_open()) return;
  reader_ = &waiter;
  if (readable_) poller_.MakeReady(*this);
}

void PolledSocket::AwaitWritable(SocketWaiter& waiter) {
  if (!is_open()) return;
  writer_ = &waiter;
  if (!watches_writable_) {
    watches_writable_ = true;
    epoll_event event{kReadEvents | EPOLLOUT, {.ptr = this}};  // reports at once what is so already
    ::epoll_ctl(poller_.epoll_.native_handle(), EPOLL_CTL_MOD, fd(), &event);
  }
  if (writable_) poller_.MakeReady(*this);
}

void PolledSocket::OnEvents(uint32_t events) {
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) hung_up_ = true;
  if ((events & EPOLLIN) != 0 || hung_up_) readable_ = true;
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) writable_ = true;
}

bool PolledSocket::Due() const {
  return (readable_ && reader_ != nullptr) || (writable_ && writer_ != nullptr);
}

// The waiter may destroy this socket, so nothing of it is touched after the call.
void PolledSocket::Deliver() {
  if (readable_ && reader_ != nullptr) {
    SocketWaiter* waiter = std::exchange(reader_, nullptr);
    if (Due()) poller_.MakeReady(*this);
    waiter->OnSocketReadable();
  } else if (writable_ && writer_ != nullptr) {
    SocketWaiter* waiter = std::exchange(writer_, nullptr);
    waiter->OnSocketWritable();
  }
}

void PolledSocket::Close() {
  if (!is_open()) return;
  open_hook_.unlink();
  ready_hook_.unlink();
  // Closing ends the registration, unless a child process holds a copy of the descriptor.
  ::epoll_ctl(poller_.epoll_.native_handle(), EPOLL_CTL_DEL, fd(), nullptr);
  socket_.reset();
  reader_ = nullptr;
  writer_ = nullptr;
}

}  // namespace meshhost
