// SPDX-License-Identifier: Apache-2.0
// Goal: what abi/call.h promises about calls holds, for inline and pool methods. Method: functions
// of this file play the module, FakeCall plays the peer, and the test's thread is the worker.
#include "host/module/module_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "host/module/call_ops.h"
#include "tests/unit/module/fake_call.h"

namespace meshhost {
namespace {

using Flush = FakeCall::Flush;
using testing::ElementsAre;

const mh_call_ops& ops = CallOps();

mh_msg One(const mh_slice& slice) { return {&slice, 1, 0}; }
mh_slice Bytes(std::string_view text) { return BorrowedSlice(text); }

// Plays the module: each function of the ABI is a lambda of the test.
struct Script {
  std::function<void(mh_call*, const mh_msg*)> on_call;
  std::function<void(mh_call*, const mh_msg*)> on_message;
  std::function<void(mh_call*)> on_half_close;
  std::function<void(mh_call*)> on_writable;
  std::function<void(mh_call*, uint32_t)> on_cancel;
  std::vector<std::string> log;
  std::atomic<int> deepest{0};  // how many functions of the module were ever on one thread's stack

  struct Depth {
    explicit Depth(Script& script) {
      if (++depth > script.deepest) script.deepest = depth;
    }
    ~Depth() { --depth; }
    static inline thread_local int depth = 0;
  };
  static Script& Of(void* ud) { return *static_cast<Script*>(ud); }

  static void OnCall(void* ud, mh_call* call, const mh_msg* first) {
    Depth depth(Of(ud));
    Of(ud).on_call(call, first);
  }
  mh_rc Bind(mh_call* call) {
    mh_call_events events = {};
    events.size = sizeof(events);
    events.on_message = [](void* ud, mh_call* c, const mh_msg* message) {
      Depth depth(Of(ud));
      Of(ud).log.push_back("message " + JoinBytes(*message));
      if (Of(ud).on_message) Of(ud).on_message(c, message);
    };
    events.on_half_close = [](void* ud, mh_call* c) {
      Depth depth(Of(ud));
      Of(ud).log.push_back("half_close");
      if (Of(ud).on_half_close) Of(ud).on_half_close(c);
    };
    events.on_writable = [](void* ud, mh_call* c) {
      Depth depth(Of(ud));
      Of(ud).log.push_back("writable");
      if (Of(ud).on_writable) Of(ud).on_writable(c);
    };
    events.on_cancel = [](void* ud, mh_call* c, uint32_t why) {
      Depth depth(Of(ud));
      Of(ud).log.push_back("cancel " + std::to_string(why));
      if (Of(ud).on_cancel) Of(ud).on_cancel(c, why);
    };
    events.on_end = [](void* ud, mh_call*, const mh_status* final) {
      Depth depth(Of(ud));
      Of(ud).log.push_back("end " + std::to_string(final->code));
    };
    return ops.bind(call, &events, this);
  }
};

class ModuleCallTest : public testing::Test {
 protected:
  FakeCall& Open(Kind kind, uint32_t stream_kind, uint32_t exec, Flush flush = Flush::kLater) {
    ModuleMethod& method = module_.Add(kind, stream_kind, exec, Script::OnCall, &script_);
    calls_.push_back(std::make_unique<FakeCall>(module_.loop, method.endpoint(), flush));
    return *calls_.back();
  }
  FakeCall& OpenUnary(uint32_t exec, Flush flush = Flush::kLater) {
    return Open(Kind::kGrpc, MH_KIND_UNARY, exec, flush);
  }
  FakeCall& OpenBidi(uint32_t exec, Flush flush = Flush::kLater) {
    return Open(Kind::kGrpc, MH_KIND_BIDI, exec, flush);
  }
  void RunUntil(const std::function<bool()>& reached) { module_.loop.RunUntil(reached); }
  uint64_t open() const { return module_.counts.calls.open(); }

  FakeModule module_;
  Script script_;
  std::vector<std::unique_ptr<FakeCall>> calls_;
};

TEST_F(ModuleCallTest, UnaryInlineAnswersWithTheBytesThatTheHostReceived) {
  script_.on_call = [](mh_call* call, const mh_msg* first) {
    EXPECT_EQ(ops.finish(call, first, nullptr), MH_OK);
  };
  FakeCall& call = OpenUnary(MH_EXEC_INLINE);
  const std::string request = "hello";
  call.Request(request);
  EXPECT_EQ(call.last, "hello");
  EXPECT_EQ(call.last_bytes, reinterpret_cast<const uint8_t*>(request.data()));
  EXPECT_EQ(call.code, Code::kOk);
  EXPECT_EQ(open(), 1u);
  call.Flushed();
  EXPECT_TRUE(call.destroyed);
  EXPECT_EQ(open(), 0u);
}

TEST_F(ModuleCallTest, UnaryInlineFlushedInsideFinishEndsWithoutTrace) {
  script_.on_call = [](mh_call* call, const mh_msg* first) {
    EXPECT_EQ(ops.finish(call, first, nullptr), MH_OK);
  };
  FakeCall& call = OpenUnary(MH_EXEC_INLINE, Flush::kInside);
  call.Request("hello");
  EXPECT_TRUE(call.destroyed);
  EXPECT_EQ(open(), 0u);
}

TEST_F(ModuleCallTest, UnaryPoolRunsOnAnotherThreadAndAnswersThroughTheWorker) {
  std::thread::id thread;
  script_.on_call = [&thread](mh_call* call, const mh_msg* first) {
    thread = std::this_thread::get_id();
    EXPECT_EQ(ops.finish(call, first, nullptr), MH_OK);
  };
  FakeCall& call = OpenUnary(MH_EXEC_POOL, Flush::kInside);
  call.Request("hello");
  RunUntil([&] { return call.destroyed && open() == 0; });
  EXPECT_EQ(call.last, "hello");
  EXPECT_NE(thread, std::this_thread::get_id());
}

TEST_F(ModuleCallTest, S72_FullPoolQueueRefusesWithResourceExhausted) {
  std::atomic<bool> release{false};
  std::atomic<int> running{0};
  script_.on_call = [&](mh_call* call, const mh_msg*) {
    ++running;
    while (!release) std::this_thread::yield();
    ops.finish(call, nullptr, nullptr);
  };
  // Two threads run one each, four wait in the queue, the seventh is too much.
  for (int i = 0; i < 2; ++i) OpenUnary(MH_EXEC_POOL, Flush::kInside).Request("x");
  RunUntil([&] { return running == 2; });
  for (int i = 0; i < 4; ++i) OpenUnary(MH_EXEC_POOL, Flush::kInside).Request("x");
  FakeCall& refused = OpenUnary(MH_EXEC_POOL, Flush::kInside);
  refused.Request("x");
  EXPECT_EQ(refused.code, Code::kResourceExhausted);
  EXPECT_EQ(refused.reason, Reason::kModuleQueueFull);
  EXPECT_TRUE(refused.destroyed);
  release = true;
  RunUntil([&] { return open() == 0; });
}

TEST_F(ModuleCallTest, ModuleLimitRefusesBeforeModuleCode) {
  module_.context.max_in_flight = 1;
  mh_call* kept = nullptr;
  script_.on_call = [&](mh_call* call, const mh_msg*) { kept = call; };
  FakeCall& first = OpenUnary(MH_EXEC_INLINE, Flush::kInside);
  first.Request("x");
  FakeCall& second = OpenUnary(MH_EXEC_INLINE, Flush::kInside);
  second.Request("x");
  EXPECT_EQ(second.reason, Reason::kInFlightLimit);
  ops.finish(kept, nullptr, nullptr);
  FakeCall& third = OpenUnary(MH_EXEC_INLINE, Flush::kInside);
  third.Request("x");
  EXPECT_EQ(third.finishes, 0);
  ops.finish(kept, nullptr, nullptr);
}

TEST_F(ModuleCallTest, SecondFinishIsGoneAndDoesNothing) {
  std::vector<mh_rc> results;
  script_.on_call = [&](mh_call* call, const mh_msg*) {
    script_.Bind(call);
    results.push_back(ops.finish(call, nullptr, nullptr));
    results.push_back(ops.finish(call, nullptr, nullptr));
    results.push_back(ops.pull(call, 1));
  };
  FakeCall& call = OpenBidi(MH_EXEC_INLINE);
  call.Start();
  EXPECT_THAT(results, ElementsAre(MH_OK, MH_GONE, MH_GONE));
  EXPECT_EQ(call.finishes, 1);
  call.Flushed();
  EXPECT_THAT(script_.log, ElementsAre("end 0"));
}

TEST_F(ModuleCallTest, LateFinishAfterThePeerLeftIsCancelledAndHarmless) {
  mh_call* kept = nullptr;
  script_.on_call = [&](mh_call* call, const mh_msg*) { kept = call; };
  FakeCall& call = OpenUnary(MH_EXEC_INLINE);
  call.Request("x");
  EXPECT_EQ(ops.cancelled(kept), 0u);
  call.Lose();
  EXPECT_FALSE(call.destroyed);
  EXPECT_EQ(ops.cancelled(kept), MH_WHY_PEER);
  EXPECT_EQ(ops.finish(kept, nullptr, nullptr), MH_CANCELLED);
  EXPECT_TRUE(call.destroyed);
  EXPECT_EQ(open(), 0u);
}

TEST_F(ModuleCallTest, DeadlineRaisesCancelAndFinishIsStillOwed) {
  mh_call* kept = nullptr;
  script_.on_call = [&](mh_call* call, const mh_msg*) {
    script_.Bind(call);
    kept = call;
  };
  FakeCall& call = OpenBidi(MH_EXEC_INLINE);
  call.Start();
  call.exchange().Abort(CancelReason::kDeadline, Refusal(Reason::kDeadlineExceeded));
  call.Flushed();
  EXPECT_EQ(call.code, Code::kDeadlineExceeded);
  EXPECT_THAT(script_.log, ElementsAre("cancel 2"));
  EXPECT_EQ(ops.cancelled(kept), MH_WHY_DEADLINE);
  const mh_slice slice = Bytes("late");
  const mh_msg message = One(slice);
  EXPECT_EQ(ops.send(kept, &message, 0), MH_CANCELLED);
  EXPECT_EQ(ops.finish(kept, nullptr, nullptr), MH_CANCELLED);
  EXPECT_THAT(script_.log, ElementsAre("cancel 2", "end 4"));
  EXPECT_TRUE(call.destroyed);
}

TEST_F(ModuleCallTest, DrainIsToldOnceAndTheCallGoesOn) {
  script_.on_call = [&](mh_call* call, const mh_msg*) { script_.Bind(call); };
  script_.on_cancel = [](mh_call* call, uint32_t) { ops.finish(call, nullptr, nullptr); };
  FakeCall& call = OpenBidi(MH_EXEC_INLINE);
  call.Start();
  module_.calls.For(0).Drain(Reason::kDraining);
  module_.calls.For(0).Drain(Reason::kDraining);
  EXPECT_EQ(call.code, Code::kOk);
  call.Flushed();
  EXPECT_THAT(script_.log, ElementsAre("cancel 3", "end 0"));
}

TEST_F(ModuleCallTest, StreamThatIsNeitherBoundNorFinishedEndsInternal) {
  script_.on_call = [](mh_call*, const mh_msg*) {};
  for (uint32_t exec : {MH_EXEC_INLINE, MH_EXEC_POOL}) {
    FakeCall& call = OpenBidi(exec, Flush::kInside);
    call.Start();
    RunUntil([&] { return call.destroyed && open() == 0; });
    EXPECT_EQ(call.code, Code::kInternal);
  }
}

TEST_F(ModuleCallTest, S25_ExceptionOfTheModuleBecomesInternalAndIsReported) {
  script_.on_call = [](mh_call*, const mh_msg*) { throw std::runtime_error("bad module"); };
  for (uint32_t exec : {MH_EXEC_INLINE, MH_EXEC_POOL}) {
    FakeCall& call = OpenUnary(exec, Flush::kInside);
    call.Request("x");
    RunUntil([&] { return call.destroyed && open() == 0; });
    EXPECT_EQ(call.code, Code::kInternal);
  }
  EXPECT_THAT(module_.misbehaviour.exceptions,
              ElementsAre("test.v1.Test/Method", "test.v1.Test/Method"));
}

TEST_F(ModuleCallTest, OverrunOfAnInlineHandlerIsReported) {
  module_.context.callback_warn_ns = 1'000'000;
  script_.on_call = [](mh_call* call, const mh_msg*) {
    const uint64_t until = MonotonicNs() + 20'000'000;
    while (MonotonicNs() < until) {
    }
    ops.finish(call, nullptr, nullptr);
  };
  OpenUnary(MH_EXEC_INLINE, Flush::kInside).Request("x");
  EXPECT_THAT(module_.misbehaviour.overruns, ElementsAre("test.v1.Test/Method"));
}

TEST_F(ModuleCallTest, BindOutsideOnCallIsInvalid) {
  mh_call* kept = nullptr;
  script_.on_call = [&](mh_call* call, const mh_msg*) {
    EXPECT_EQ(script_.Bind(call), MH_OK);
    EXPECT_EQ(script_.Bind(call), MH_INVALID);
    kept = call;
  };
  FakeCall& call = OpenBidi(MH_EXEC_INLINE);
  call.Start();
  EXPECT_EQ(script_.Bind(kept), MH_INVALID);
  ops.finish(kept, nullptr, nullptr);
  call.Flushed();
}

TEST_F(ModuleCallTest, NoModuleCodeRunsInsideAHostFunction) {
  script_.on_call = [&](mh_call* call, const mh_msg*) {
    script_.Bind(call);
    ops.pull(call, 1);
  };
  // Every message asks for the next, which the peer delivers from inside Pull; the last one
  // finishes, which is flushed inside.
  script_.on_message = [&](mh_call* call, const mh_msg* message) {
    if (JoinBytes(*message) == "d") {
      ops.finish(call, message, nullptr);
    } else {
      ops.pull(call, 1);
    }
  };
  FakeCall& call = OpenBidi(MH_EXEC_INLINE, Flush::kInside);
  call.inbox = {"a", "b", "c", "d"};
  call.Start();
  EXPECT_EQ(script_.deepest, 1);
  EXPECT_THAT(script_.log,
              ElementsAre("message a", "message b", "message c", "message d", "end 0"));
  EXPECT_TRUE(call.destroyed);
}

TEST_F(ModuleCallTest, NoModuleCodeRunsInsideAHostFunctionOfAnotherCall) {
  mh_call* other = nullptr;
  script_.on_call = [&](mh_call* call, const mh_msg*) {
    script_.Bind(call);
    if (other == nullptr) {
      other = call;
      return;
    }
    ops.pull(other, 1);
    ops.finish(other, nullptr, nullptr);
    EXPECT_TRUE(script_.log.empty());
    ops.finish(call, nullptr, nullptr);
  };
  OpenBidi(MH_EXEC_INLINE, Flush::kInside).Start();
  OpenBidi(MH_EXEC_INLINE, Flush::kInside).Start();
  EXPECT_EQ(script_.deepest, 1);
  EXPECT_THAT(script_.log, ElementsAre("end 0", "end 0"));
  EXPECT_EQ(open(), 0u);
}

TEST_F(ModuleCallTest, LongExchangeInsideOneTurnNeedsNoStack) {
  script_.on_call = [&](mh_call* call, const mh_msg*) {
    script_.Bind(call);
    ops.pull(call, 1);
  };
  int seen = 0;
  script_.on_message = [&](mh_call* call, const mh_msg*) {
    if (++seen == 20000) ops.finish(call, nullptr, nullptr);
    ops.pull(call, 1);
  };
  FakeCall& call = OpenBidi(MH_EXEC_INLINE, Flush::kInside);
  call.inbox.assign(20000, "x");
  call.Start();
  EXPECT_EQ(seen, 20000);
  EXPECT_TRUE(call.destroyed);
}

TEST_F(ModuleCallTest, S72_SendAboveTheHighMarkIsAgainAndWritableFollowsOnce) {
  std::vector<mh_rc> results;
  const auto send = [&](mh_call* call) {
    const mh_slice slice = Bytes("x");
    const mh_msg message = One(slice);
    results.push_back(ops.send(call, &message, 0));
  };
  script_.on_call = [&](mh_call* call, const mh_msg*) {
    script_.Bind(call);
    for (int i = 0; i < 3; ++i) send(call);
  };
  script_.on_writable = send;
  FakeCall& call = OpenBidi(MH_EXEC_INLINE);
  call.sends_taken = 2;
  call.Start();
  EXPECT_THAT(results, ElementsAre(MH_OK, MH_OK, MH_AGAIN));
  call.exchange().DeliverWritable();
  EXPECT_THAT(results, ElementsAre(MH_OK, MH_OK, MH_AGAIN, MH_AGAIN));
  call.sends_taken = 1;
  call.exchange().DeliverWritable();
  call.exchange().DeliverWritable();
  EXPECT_THAT(script_.log, ElementsAre("writable", "writable"));
  call.Lose();
}

TEST_F(ModuleCallTest, PoolStreamDeliversInOrderAndEndsLast) {
  script_.on_call = [&](mh_call* call, const mh_msg*) {
    script_.Bind(call);
    ops.pull(call, 3);
  };
  script_.on_message = [](mh_call* call, const mh_msg* message) {
    EXPECT_EQ(ops.send(call, message, 0), MH_OK);
  };
  script_.on_half_close = [](mh_call* call) { ops.finish(call, nullptr, nullptr); };
  FakeCall& call = OpenBidi(MH_EXEC_POOL, Flush::kInside);
  call.inbox = {"a", "b", "c"};
  call.Start();
  RunUntil([&] { return call.inbox.empty(); });
  call.exchange().DeliverHalfClose();
  RunUntil([&] { return call.destroyed && open() == 0; });
  EXPECT_THAT(script_.log,
              ElementsAre("message a", "message b", "message c", "half_close", "end 0"));
  EXPECT_THAT(call.sent, ElementsAre("a", "b", "c"));
}

TEST_F(ModuleCallTest, S72_PoolProducerIsStoppedByASlowPeer) {
  module_.context.high_mark = 1000;
  const std::string chunk(100, 'x');
  std::atomic<int> taken{0};
  const auto produce = [&](mh_call* call) {
    const mh_slice slice = Bytes(chunk);
    const mh_msg message = One(slice);
    while (taken < 50) {
      const mh_rc rc = ops.send(call, &message, 0);
      if (rc == MH_AGAIN) return;
      ASSERT_EQ(rc, MH_OK);
      ++taken;
    }
    ops.finish(call, nullptr, nullptr);
  };
  script_.on_call = [&](mh_call* call, const mh_msg*) {
    script_.Bind(call);
    produce(call);
  };
  script_.on_writable = produce;
  FakeCall& call = OpenBidi(MH_EXEC_POOL, Flush::kInside);
  call.sends_taken = 0;
  call.Start();
  RunUntil([&] { return taken >= 10; });
  module_.loop.RunPosted();
  EXPECT_EQ(taken, 10);
  call.sends_taken = 1000;
  call.exchange().DeliverWritable();
  RunUntil([&] { return call.destroyed && open() == 0; });
  EXPECT_EQ(call.sent.size(), 50u);
  EXPECT_EQ(script_.log.back(), "end 0");
}

TEST_F(ModuleCallTest, FinishWaitsBehindSendsThatWait) {
  script_.on_call = [&](mh_call* call, const mh_msg*) {
    const mh_slice slice = Bytes("x");
    const mh_msg message = One(slice);
    EXPECT_EQ(ops.send(call, &message, 0), MH_OK);
    EXPECT_EQ(ops.finish(call, &message, nullptr), MH_OK);
  };
  FakeCall& call = OpenBidi(MH_EXEC_POOL, Flush::kInside);
  call.sends_taken = 0;
  call.Start();
  RunUntil([&] { return module_.pool.queued() == 0 && module_.loop.RunPosted() > 0; });
  EXPECT_EQ(call.finishes, 0);
  call.sends_taken = 5;
  call.exchange().DeliverWritable();
  RunUntil([&] { return call.destroyed && open() == 0; });
  EXPECT_THAT(call.sent, ElementsAre("x"));
  EXPECT_EQ(call.last, "x");
}

TEST_F(ModuleCallTest, PeerThatLeavesFreesWhatWaits) {
  script_.on_call = [&](mh_call* call, const mh_msg*) {
    const mh_slice slice = Bytes("x");
    const mh_msg message = One(slice);
    ops.send(call, &message, 0);
    ops.finish(call, &message, nullptr);
  };
  FakeCall& call = OpenBidi(MH_EXEC_POOL);
  call.sends_taken = 0;
  call.Start();
  RunUntil([&] { return module_.pool.queued() == 0 && module_.loop.RunPosted() > 0; });
  call.Lose();
  RunUntil([&] { return call.destroyed && open() == 0; });
  EXPECT_EQ(call.finishes, 0);
}

// A buffer of the module's own, with its count.
struct OwnBuffer {
  mh_buf abi;
  std::atomic<int> references{1};
  static void Retain(mh_buf* b) { ++reinterpret_cast<OwnBuffer*>(b)->references; }
  static void Release(mh_buf* b) { --reinterpret_cast<OwnBuffer*>(b)->references; }
};

TEST_F(ModuleCallTest, ModuleMemoryIsHeldNotCopiedAndCountedUntilReleased) {
  OwnBuffer buffer{{OwnBuffer::Retain, OwnBuffer::Release}};
  const std::string text = "mine";
  script_.on_call = [&](mh_call* call, const mh_msg*) {
    script_.Bind(call);
    mh_slice slice = Bytes(text);
    slice.owner = &buffer.abi;
    const mh_msg message = One(slice);
    EXPECT_EQ(ops.send(call, &message, 0), MH_OK);
    ops.finish(call, nullptr, nullptr);
  };
  FakeCall& call = OpenBidi(MH_EXEC_INLINE, Flush::kInside);
  call.keep_sent = true;
  call.Start();
  EXPECT_EQ(open(), 0u);
  EXPECT_EQ(module_.counts.slices, 1);
  EXPECT_EQ(buffer.references, 2);
  EXPECT_EQ(call.kept[0].message().v[0].p, reinterpret_cast<const uint8_t*>(text.data()));
  call.kept.clear();
  EXPECT_EQ(module_.counts.slices, 0);
  EXPECT_EQ(buffer.references, 1);
}

TEST_F(ModuleCallTest, InfoTellsTheFactsWithBinaryMetadataDecoded) {
  const std::vector<Header> headers = {{"x-plain", "a,b"}, {"x-bin", "AQI,AwQ="}};
  const mh_call_info* info = nullptr;
  std::vector<std::pair<std::string, std::string>> seen;
  mh_call* kept = nullptr;
  script_.on_call = [&](mh_call* call, const mh_msg*) {
    info = ops.info(call);
    EXPECT_EQ(info, ops.info(call));
    for (size_t i = 0; i < info->n_headers; ++i) {
      seen.emplace_back(ToView(info->headers[i].key), ToView(info->headers[i].value));
    }
    kept = call;
  };
  FakeCall& call = OpenUnary(MH_EXEC_INLINE, Flush::kInside);
  call.head.method = "POST";
  call.head.path = "/test.v1.Test/Method";
  call.head.headers = headers;
  call.Request("x");
  EXPECT_EQ(ToView(info->verb), "POST");
  EXPECT_EQ(ToView(info->method), "test.v1.Test/Method");
  EXPECT_EQ(ToView(info->peer->address), "192.0.2.7:41234");
  EXPECT_THAT(seen, ElementsAre(std::pair("x-plain", "a,b"), std::pair("x-bin", "\x01\x02"),
                                std::pair("x-bin", "\x03\x04")));
  // Another thread gets the same facts.
  std::thread([&] { EXPECT_EQ(ops.info(kept), info); }).join();
  ops.finish(kept, nullptr, nullptr);
}

TEST_F(ModuleCallTest, HttpStatusAndHeadersFollowTheRulesOfTheHeader) {
  struct Case {
    int32_t code;
    bool body;
    int http_status;
    Code expected;
  };
  for (const Case& each :
       {Case{0, false, 0, Code::kOk}, Case{0, true, 0, Code::kOk}, Case{201, false, 201, Code::kOk},
        Case{404, false, 404, Code::kNotFound}, Case{5, false, 0, Code::kNotFound},
        Case{99, false, 0, Code::kInternal}}) {
    script_.on_call = [&](mh_call* call, const mh_msg*) {
      mh_status status = {};
      status.size = sizeof(status);
      status.code = each.code;
      const mh_slice slice = Bytes("body");
      const mh_msg message = One(slice);
      ops.finish(call, each.body ? &message : nullptr, &status);
    };
    FakeCall& call = Open(Kind::kHttp, MH_KIND_UNARY, MH_EXEC_INLINE, Flush::kInside);
    call.Request("");
    EXPECT_EQ(call.http_status, each.http_status) << each.code;
    EXPECT_EQ(call.code, each.expected) << each.code;
  }
}

TEST_F(ModuleCallTest, HeadersThatBreakOutOfTheirLineAreRefused) {
  script_.on_call = [](mh_call* call, const mh_msg*) {
    const mh_kv split = {ToAbi("x-a"), ToAbi("1\r\nx-b: 2")};
    EXPECT_EQ(ops.send_headers(call, 200, &split, 1), MH_INVALID);
    const mh_kv upper = {ToAbi("X-A"), ToAbi("1")};
    EXPECT_EQ(ops.send_headers(call, 200, &upper, 1), MH_INVALID);
    const mh_kv good = {ToAbi("x-a"), ToAbi("1")};
    EXPECT_EQ(ops.send_headers(call, 100, &good, 1), MH_INVALID);
    EXPECT_EQ(ops.send_headers(call, 201, &good, 1), MH_OK);
    EXPECT_EQ(ops.send_headers(call, 201, &good, 1), MH_INVALID);
    ops.finish(call, nullptr, nullptr);
  };
  FakeCall& call = Open(Kind::kHttp, MH_KIND_UNARY, MH_EXEC_INLINE, Flush::kInside);
  call.Request("");
  EXPECT_EQ(call.header_status, 201);
  EXPECT_THAT(call.header_fields, ElementsAre("x-a: 1"));
}

TEST_F(ModuleCallTest, WebSocketCloseCodesStayWithinTheRules) {
  for (const auto& [code, sent] :
       std::vector<std::pair<int32_t, int>>{{0, 1000}, {4000, 4000}, {1005, 1011}, {13, 1011}}) {
    script_.on_call = [&, code = code](mh_call* call, const mh_msg*) {
      EXPECT_EQ(ops.send_headers(call, 200, nullptr, 0), MH_UNSUPPORTED);
      mh_status status = {};
      status.size = sizeof(status);
      status.code = code;
      ops.finish(call, nullptr, &status);
    };
    FakeCall& call = Open(Kind::kWebSocket, MH_KIND_BIDI, MH_EXEC_INLINE, Flush::kInside);
    call.Start();
    EXPECT_EQ(call.http_status, sent);
  }
}

TEST_F(ModuleCallTest, CrossingIsMarkedForCrashAttribution) {
  script_.on_call = [](mh_call* call, const mh_msg*) {
    const CrossingMark* mark = Crossing::Current();
    ASSERT_NE(mark, nullptr);
    EXPECT_STREQ(mark->module, "test");
    EXPECT_STREQ(mark->method, "test.v1.Test/Method");
    EXPECT_EQ(mark->generation, 1u);
    EXPECT_EQ(Crossing::Worker(), 0);
    ops.finish(call, nullptr, nullptr);
  };
  OpenUnary(MH_EXEC_INLINE, Flush::kInside).Request("x");
  EXPECT_EQ(Crossing::Current(), nullptr);
}

}  // namespace
}  // namespace meshhost
