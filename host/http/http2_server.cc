// SPDX-License-Identifier: Apache-2.0
#include "host/http/http2_server.h"

#include <utility>

#include "host/http/http2_callbacks.h"

namespace meshhost {

Http2Server::Http2Server(Loop& loop, ReadBlock read_block, Dispatcher& dispatcher,
                         const HttpSettings& settings)
    : loop_(loop),
      read_block_(std::move(read_block)),
      dispatcher_(dispatcher),
      settings_(settings),
      callbacks_(MakeHttp2Callbacks()),
      option_(MakeHttp2Option(settings)),
      date_(loop) {
  idle_streams_.reserve(kMaxIdleStreams);
}

Http2Server::~Http2Server() { sessions_.clear_and_dispose(std::default_delete<Http2Session>()); }

void Http2Server::Serve(ChannelRef channel, std::span<const uint8_t> already_read, bool websocket) {
  auto session = std::make_unique<Http2Session>(*this, std::move(channel), websocket);
  Http2Session& serving = *session.release();
  sessions_.push_back(serving);
  serving.Start(already_read);
  if (draining_) serving.Drain();
}

void Http2Server::Drain() {
  draining_ = true;
  for (Http2Session& session : sessions_) session.Drain();
}

void Http2Server::Drain(uint64_t listener_id) {
  for (Http2Session& session : sessions_) {
    if (session.peer().listener_id == listener_id) session.Drain();
  }
}

void Http2Server::CloseAll() {
  for (Http2Session& session : sessions_) session.CloseNow();
}

void Http2Server::Remove(Http2Session& session) {
  sessions_.erase_and_dispose(sessions_.iterator_to(session), std::default_delete<Http2Session>());
}

nghttp2_session* Http2Server::NewNative(Http2Session* session, void** table_page) {
  nghttp2_session* native = nullptr;
  memory_.BeginSession();
  const int result = nghttp2_session_server_new3(&native, callbacks_.get(), session, option_.get(),
                                                 memory_.table());
  *table_page = memory_.EndSession();
  return result == 0 ? native : nullptr;
}

Http2Stream* Http2Server::TakeStream() {
  if (idle_streams_.empty()) return std::make_unique<Http2Stream>().release();
  Http2Stream* stream = idle_streams_.back().release();
  idle_streams_.pop_back();
  return stream;
}

void Http2Server::GiveStream(Http2Stream* stream) {
  std::unique_ptr<Http2Stream> owned(stream);
  if (idle_streams_.size() >= kMaxIdleStreams) return;
  owned->Recycle();
  idle_streams_.push_back(std::move(owned));
}

}  // namespace meshhost
