// SPDX-License-Identifier: Apache-2.0
//
// SocketPoller: readiness of a worker's sockets, edge-triggered (epoll(7)). A socket is registered
// once for its life, where a wait of Boost.Asio is one epoll_ctl(2) each. The poller's own
// descriptor is what the worker's Asio loop waits for: once per turn, however many sockets are
// ready.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/intrusive/list_hook.hpp>
#include <cstdint>
#include <memory>

#include "host/base/unique_fd.h"

namespace boost::asio {
class io_context;
}

namespace meshhost {

// Who waits for a socket; may destroy it in any of these.
class SocketWaiter {
 public:
  virtual void OnSocketReadable() = 0;  // once per AwaitReadable
  virtual void OnSocketWritable() = 0;  // once per AwaitWritable
  virtual void OnPollerGone() = 0;      // the socket was closed under a pending wait

 protected:
  ~SocketWaiter() = default;
};

class PolledSocket;

// Worker thread only. Sockets that are still open when it goes are closed.
class SocketPoller final {
 public:
  explicit SocketPoller(boost::asio::io_context& io);
  ~SocketPoller();
  SocketPoller(const SocketPoller&) = delete;
  SocketPoller& operator=(const SocketPoller&) = delete;

 private:
  friend class PolledSocket;
  struct Lists;

  void Await();
  void TakeEvents();
  void RunReady();
  void MakeReady(PolledSocket& socket);

  boost::asio::posix::stream_descriptor epoll_;
  std::unique_ptr<Lists> lists_;
  bool running_ = false;  // inside RunReady, which sees to what becomes ready meanwhile
};

// A non-blocking socket and what is known of its readiness. Worker thread only.
class PolledSocket final {
 public:
  // Throws std::system_error when the kernel takes no more registrations.
  PolledSocket(SocketPoller& poller, UniqueFd socket);
  ~PolledSocket();

  int fd() const { return socket_.get(); }
  bool is_open() const { return socket_.valid(); }

  // At most one of each pending.
  void AwaitReadable(SocketWaiter& waiter);
  void AwaitWritable(SocketWaiter& waiter);
  // What the last call on the descriptor found: nothing to read (EAGAIN), less than was asked for,
  // no room to write. The next wait is then for a new event. Saying nothing costs a needless
  // wake-up; saying it without cause loses one.
  void ReadBlocked() { readable_ = false; }
  void ReadShort() { readable_ = hung_up_; }
  void WriteBlocked() { writable_ = false; }
  // Forgets pending waits. Idempotent; the destructor does it too.
  void Close();

 private:
  friend class SocketPoller;
  using Hook = boost::intrusive::list_member_hook<
      boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

  void OnEvents(uint32_t events);
  bool Due() const;
  void Deliver();

  SocketPoller& poller_;
  Hook open_hook_;
  Hook ready_hook_;
  UniqueFd socket_;
  SocketWaiter* reader_ = nullptr;
  SocketWaiter* writer_ = nullptr;
  bool readable_ = false;
  bool writable_ = false;
  bool hung_up_ = false;           // no further event will come for what is left to read
  bool watches_writable_ = false;  // most sockets never fill up, so EPOLLOUT is asked for late
};

}  // namespace meshhost
