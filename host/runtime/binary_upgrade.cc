// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/binary_upgrade.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "host/base/concat.h"
#include "host/base/spawn_plan.h"
#include "host/base/status_macros.h"
#include "host/base/units.h"
#include "host/net/descriptor_message.h"
#include "host/runtime/predecessor.h"
#include "host/runtime/socket_handoff.h"

namespace meshhost {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

// Where the new process finds its end of the pair.
constexpr int kHandoffFd = 3;

absl::Status SystemError(std::string_view what) {
  return absl::InternalError(Concat({what, ": ", std::strerror(errno)}));
}

}  // namespace

BinaryUpgrade::BinaryUpgrade(boost::asio::io_context& control, Program program, Host& host,
                             ServiceNotifier& notifier, std::chrono::nanoseconds watchdog,
                             std::function<void()> on_replaced)
    : program_(std::move(program)),
      host_(host),
      notifier_(notifier),
      watchdog_(watchdog),
      on_replaced_(std::move(on_replaced)),
      pair_(control),
      ended_(control),
      timer_(control) {}

BinaryUpgrade::~BinaryUpgrade() {
  if (under_way()) (void)EndSuccessor();
}

// ---- Starting it.

void BinaryUpgrade::Begin(Done done) {
  // Its end would be the end of all others.
  if (::getpid() == 1) {
    return done(absl::FailedPreconditionError(
        "this is process 1 of a container, which ends with it: start another container"));
  }
  state_ = State::kStarting;
  done_ = std::move(done);
  host_.log().Info("upgrade begins", {{"path", program_.path}});
  notifier_.Status("upgrading");
  host_.CollectSockets([this, attempt = attempt_](const SocketHandoff& handoff) {
    if (attempt != attempt_) return;  // stopped meanwhile
    const absl::Status spawned = Spawn(handoff);
    if (!spawned.ok()) return GiveUp(std::string(spawned.message()));
    AwaitMessage();
    AwaitEnd();
    AwaitTimeout();
  });
}

absl::Status BinaryUpgrade::Spawn(const SocketHandoff& handoff) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return SystemError("socketpair");
  }
  pair_.assign(ends[0]);
  pair_.non_blocking(true);
  const UniqueFd theirs(ends[1]);
  RETURN_IF_ERROR(SendHandoff(ends[0], handoff));
  SpawnPlan plan;
  plan.Place(theirs, kHandoffFd);
  plan.CloseFrom(kHandoffFd + 1);
  ASSIGN_OR_RETURN(pid_, plan.Spawn(program_.path, program_.arguments, Environment()));
  // Not through pidfd_open(), which the C library of Debian 12 does not declare for C++.
  const auto ended = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  if (ended < 0) return SystemError("pidfd_open");
  ended_.assign(ended);
  return absl::OkStatus();
}

std::vector<std::string> BinaryUpgrade::Environment() const {
  std::vector<std::string> environment = CurrentEnvironment();
  environment.push_back(Concat({kHandoffVariable, "=", std::to_string(kHandoffFd)}));
  // Without WATCHDOG_PID, which would name this process.
  const auto usec = std::chrono::duration_cast<std::chrono::microseconds>(watchdog_).count();
  if (usec > 0) environment.push_back(Concat({"WATCHDOG_USEC=", std::to_string(usec)}));
  return environment;
}

// ---- Hearing of it.

void BinaryUpgrade::AwaitMessage() {
  pair_.async_wait(Descriptor::wait_read,
                   [this, attempt = attempt_](const boost::system::error_code& error) {
                     if (!error && attempt == attempt_) OnMessage();
                   });
}

void BinaryUpgrade::AwaitEnd() {
  ended_.async_wait(Descriptor::wait_read,
                    [this, attempt = attempt_](const boost::system::error_code& error) {
                      if (!error && attempt == attempt_) OnEnded();
                    });
}

void BinaryUpgrade::AwaitTimeout() {
  const auto limit = host_.config().reload.upgrade_timeout;
  timer_.expires_after(limit);
  timer_.async_wait([this, limit, attempt = attempt_](const boost::system::error_code& error) {
    if (error || attempt != attempt_) return;
    GiveUp(Concat({program_.path, ": not ready after ", FormatDuration(limit)}));
  });
}

void BinaryUpgrade::OnMessage() {
  auto message = ReceiveDescriptors(pair_.native_handle());
  if (absl::IsDeadlineExceeded(message.status())) return AwaitMessage();
  if (!message.ok()) {
    // Else it gives up, and ends by itself: it may have something to tidy up.
    if (state_ == State::kReleasing) TakenOver();
    return;
  }
  if (message->text == kHandoffReady && state_ == State::kStarting) Release();
  NoteFailure(message->text);
  AwaitMessage();
}

void BinaryUpgrade::NoteFailure(std::string_view text) {
  if (text.starts_with(kHandoffFailed)) failure_ = text.substr(kHandoffFailed.size());
}

// The service manager hears only the main process: this one says which it is from now on.
void BinaryUpgrade::Release() {
  state_ = State::kReleasing;
  notifier_.HandOver(pid_);
  (void)SendDescriptors(pair_.native_handle(), kHandoffReleased);
}

void BinaryUpgrade::TakenOver() {
  // A process that died with the word on its way has closed its end, too.
  if (int status = 0; ::waitpid(pid_, &status, WNOHANG) == pid_) {
    pid_ = 0;
    return GiveUp(Concat({program_.path, ": ", DescribeEnd(status)}));
  }
  state_ = State::kReplaced;
  host_.log().Info("replaced by a new process", {{"pid", pid_}});
  const Done done = std::exchange(done_, nullptr);
  done(pid_);
  Forget();
  on_replaced_();
}

// ---- Its failure.

void BinaryUpgrade::OnEnded() {
  const std::string how = EndSuccessor();
  // Its end may have been noticed before its last words.
  while (true) {
    const auto message = ReceiveDescriptors(pair_.native_handle());
    if (!message.ok()) break;
    NoteFailure(message->text);
  }
  GiveUp(Concat({program_.path, ": ", how, failure_.empty() ? "" : ": ", failure_}));
}

// With all that it has started. Says how it ended.
std::string BinaryUpgrade::EndSuccessor() {
  if (pid_ == 0) return "";
  const pid_t pid = std::exchange(pid_, 0);
  ::kill(-pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return Concat({"was lost: ", std::strerror(errno)});
  }
  return DescribeEnd(status);
}

void BinaryUpgrade::GiveUp(const std::string& why) {
  (void)EndSuccessor();
  state_ = State::kIdle;
  Forget();
  notifier_.BecomeMain();
  notifier_.Status("serving, the last upgrade failed");
  host_.log().Error("upgrade failed: this process serves on", {{"error", why}});
  const Done done = std::exchange(done_, nullptr);
  done(absl::UnavailableError(why));
}

void BinaryUpgrade::Forget() {
  boost::system::error_code ignored;
  pair_.close(ignored);
  ended_.close(ignored);
  timer_.cancel();
  failure_.clear();
  ++attempt_;
}

void BinaryUpgrade::Stop() {
  if (under_way()) GiveUp("the host is stopping");
}

}  // namespace meshhost
