// SPDX-License-Identifier: Apache-2.0
#include "host/http/http1_server.h"

#include <utility>

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
      sessions_(std::make_unique<Sessions>()),
      date_(loop) {}

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
  closes_idle_ = true;
  // A session that closes leaves the list at the end of the turn.
  for (Http1Session& session : sessions_->list) session.Drain();
}

void Http1Server::Drain(uint64_t listener_id) {
  for (Http1Session& session : sessions_->list) {
    if (session.peer().listener_id == listener_id) session.Drain();
  }
}

void Http1Server::CloseAll() {
  for (Http1Session& session : sessions_->list) session.Kill();
}

}  // namespace meshhost
