// SPDX-License-Identifier: Apache-2.0
//
// Arbitrary bytes, in cuts that the input chooses, on an HTTP/1.1 connection to REST endpoints.
// Whatever comes, every call ends and the connection closes when its peer has gone.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "host/http/http1_server.h"
#include "tests/unit/http/http_fixture.h"

namespace meshhost {
namespace {

class FuzzHost final : public Dispatcher {
 public:
  FuzzHost() {
    directory_.Add("GET", "/a/{id}", [](Exchange& e, const Message*) { FinishWith(e, "hello"); });
    directory_.Add("POST", "/e", [](Exchange& e, const Message* m) { FinishWith(e, TextOf(*m)); });
    Endpoint& stream = directory_.Add("POST", "/s", [this](Exchange& e, const Message*) {
      if (call_.exchange != nullptr) {
        e.Finish(nullptr, {});
        return;
      }
      call_.exchange = &e;
      e.SetReceiver(call_);
      e.Pull(1000);
    });
    stream.client_stream = stream.server_stream = true;
    directory_.Compile();
  }

  void Run(const uint8_t* data, size_t size) {
    Http1Server server(
        loop_, [this]() -> Block& { return loop_.read_block(); }, *this, settings_);
    boost::intrusive_ptr<FakeChannel> channel(new FakeChannel);
    server.Serve(channel, {});
    const size_t cut = size > 0 ? 1 + data[0] * data[0] : 1;
    for (size_t at = 1; at < size; at += cut) {
      channel->Feed({reinterpret_cast<const char*>(data) + at, std::min(cut, size - at)});
      loop_.RunUntilIdle();
    }
    channel->CloseByPeer();
    loop_.RunUntilIdle();
    while (call_.exchange != nullptr) {
      call_.exchange->Finish(nullptr, {});
      loop_.RunUntilIdle();
      channel->SignalReadable();  // what waited behind that call
      loop_.RunUntilIdle();
    }
    loop_.Advance(5'000'000'000);
    if (server.size() != 0 || directory_.calls().calls() != 0) std::abort();
  }

  StreamSink* Open(Transport& transport, Arena* arena, const RequestHead& head,
                   const PeerRef& peer) override {
    return OpenRestStream(loop_, directory_, settings_, transport, arena, head, peer);
  }

 private:
  FakeLoop loop_;
  HttpSettings settings_;
  TestDirectory directory_;
  RecordingReceiver call_;
};

}  // namespace
}  // namespace meshhost

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  meshhost::FuzzHost host;
  host.Run(data, size);
  return 0;
}
