// SPDX-License-Identifier: Apache-2.0
//
// Arbitrary bytes behind the HTTP/2 preface, in cuts that the input chooses, against a session
// whose sinks answer, stream, reset or stay silent by the path. Whatever comes, every stream's sink
// is told of its end and every arena returns.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "host/http/http2_server.h"
#include "tests/unit/http/fake_channel.h"

namespace meshhost {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::string_view kSettings("\0\0\0\4\0\0\0\0\0", 9);

// Ends by itself, as the codecs do.
class FuzzSink final : public StreamSink {
 public:
  FuzzSink(ArenaPool& pool, Arena* arena, Transport& transport, int& open, char behaviour)
      : pool_(pool), arena_(arena), transport_(transport), open_(open), behaviour_(behaviour) {
    ++open_;
    if (behaviour_ == 'e') Answer();
    if (behaviour_ == 'r') transport_.Reset(ResetReason::kCancel);
  }
  void OnBody(const Slice& bytes) override {
    if (behaviour_ != 'k') transport_.Consume(bytes.n);
  }
  void OnBodyEnd(std::span<const Header>) override {
    if (behaviour_ != 's') Answer();
  }
  void OnBodyRefused(const Outcome&) override { Answer(); }
  void OnWritable() override { Answer(); }
  void OnClosed(CloseCause) override {
    --open_;
    ArenaPool& pool = pool_;
    Arena* arena = arena_;
    this->~FuzzSink();
    pool.Give(arena);
  }

 private:
  ~FuzzSink() override = default;
  void Answer() {
    const Header field{"x-behaviour", {&behaviour_, 1}};
    const std::string large(behaviour_ == 'l' ? 300'000 : 3, 'a');
    const Slice body = BorrowedSlice(large);
    transport_.SendHead(200, {&field, 1}, -1);
    transport_.SendBody({&body, 1});
    transport_.End({&field, 1});
  }

  ArenaPool& pool_;
  Arena* arena_;
  Transport& transport_;
  int& open_;
  char behaviour_;
};

class FuzzDispatcher final : public Dispatcher {
 public:
  FuzzDispatcher(ArenaPool& pool, int& open) : pool_(pool), open_(open) {}
  StreamSink* Open(Transport& transport, Arena* arena, const RequestHead& head,
                   const PeerRef&) override {
    const char behaviour = head.path.size() > 1 ? head.path[1] : 'a';
    return new (arena->Allocate(sizeof(FuzzSink)))
        FuzzSink(pool_, arena, transport, open_, behaviour);
  }

 private:
  ArenaPool& pool_;
  int& open_;
};

void Run(const uint8_t* data, size_t size) {
  FakeLoop loop;
  int open = 0;
  FuzzDispatcher dispatcher(loop.arenas(), open);
  HttpSettings settings;
  settings.h2_max_resets = 20;
  settings.h2_max_concurrent_streams = 50;
  {
    Http2Server server(
        loop, [&loop]() -> Block& { return loop.read_block(); }, dispatcher, settings);
    boost::intrusive_ptr<FakeChannel> channel(new FakeChannel);
    channel->SetReadSize(size > 0 ? size_t{data[0]} * 16 + 1 : 1);
    if (size > 1 && data[1] % 4 == 0) channel->SetWritable(data[1] * 100);
    server.Serve(channel, {}, true);
    std::string bytes;
    if (size > 2 && data[2] % 8 != 0) bytes.append(kPreface).append(kSettings);
    if (size > 3) bytes.append(reinterpret_cast<const char*>(data + 3), size - 3);
    channel->Feed(bytes);
    loop.RunUntilIdle();
    channel->SetWritable(SIZE_MAX);
    loop.RunUntilIdle();
    if (size > 1 && data[1] % 8 == 0) server.Drain();
    loop.Advance(3'000'000'000);
    channel->CloseByPeer();
    loop.RunUntilIdle();
    if (server.size() != 0) std::abort();
  }
  if (open != 0) std::abort();
}

}  // namespace
}  // namespace meshhost

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  meshhost::Run(data, size);
  return 0;
}
