// SPDX-License-Identifier: Apache-2.0
#include "host/http/http1_server.h"

#include <ctime>
#include <utility>

#include "host/base/clock.h"
#include "host/http/http1_session.h"

namespace meshhost {

struct Http1Server::Sessions {
  boost::intrusive::list<Http1Session, boost::intrusive::constant_time_size<false>> list;
};

Http1Server::Http1Server(Loop& loop, ReadBlock read_block, Dispatcher& dispatcher,
                         const HttpSettings& settings)
    : loop_(loop),
      read_block_(std::move(read_block)),
      dispatcher_(dispatcher),
      settings_(settings),
      sessions_(std::make_unique<Sessions>()) {}

Http1Server::~Http1Server() {
  CloseAll();
  while (!sessions_->list.empty()) delete &sessions_->list.front();
}

void Http1Server::Serve(ChannelRef channel, std::span<const uint8_t> already_read) {
  auto* session = new Http1Session(*this, std::move(channel));
  sessions_->list.push_back(*session);
  session->Start(already_read);
}

void Http1Server::Drain() {
  draining_ = true;
  // A session that closes leaves the list at the end of the turn.
  for (Http1Session& session : sessions_->list) session.Drain();
}

void Http1Server::CloseAll() {
  for (Http1Session& session : sessions_->list) session.Kill();
}

std::string_view Http1Server::Date() {
  constexpr uint64_t kSecond = 1'000'000'000;
  constexpr size_t kLength = sizeof("Sun, 06 Nov 1994 08:49:37 GMT") - 1;
  if (loop_.now_ns() >= date_until_ns_) {
    const uint64_t wall = WallNs();
    const time_t seconds = static_cast<time_t>(wall / kSecond);
    tm parts;
    gmtime_r(&seconds, &parts);
    strftime(date_, sizeof date_, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    date_until_ns_ = loop_.now_ns() + kSecond - wall % kSecond;
  }
  return {date_, kLength};
}

}  // namespace meshhost
