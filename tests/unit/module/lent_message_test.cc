// SPDX-License-Identifier: Apache-2.0
// Goal: memory of the host that a module keeps is counted for its generation, apart from what the
// host keeps of it. Method: calls whose module retains what it is given, and LentMessage itself
// with threads that let go while the host takes back.
#include "host/module/lent_message.h"

#include <gtest/gtest.h>

#include <thread>

#include "host/module/call_ops.h"
#include "tests/unit/module/fake_call.h"

namespace meshhost {
namespace {

using Flush = FakeCall::Flush;

const mh_call_ops& ops = CallOps();

class LentMessageTest : public testing::Test {
 protected:
  ~LentMessageTest() override {
    EXPECT_TRUE(block_->unique());
    block_->Release();
  }
  // A unary call whose request is the block.
  std::unique_ptr<FakeCall> Call(uint32_t exec, Flush flush,
                                 void (*on_call)(void*, mh_call*, const mh_msg*)) {
    ModuleMethod& method = module_.Add(Kind::kGrpc, MH_KIND_UNARY, exec, on_call, &kept_);
    auto call = std::make_unique<FakeCall>(module_.loop, method.endpoint(), flush);
    call->Start();
    call->Deliver(*block_, 5);
    return call;
  }
  std::string Holding() const { return module_.counts.ToString(0); }

  Block* block_ = Block::New(5);
  FakeModule module_;
  std::vector<mh_buf*> kept_;
};

void KeepTwice(void* ud, mh_call* call, const mh_msg* first) {
  mh_buf* owner = first->v[0].owner;
  owner->retain(owner);
  owner->retain(owner);
  *static_cast<std::vector<mh_buf*>*>(ud) = {owner, owner};
  ops.finish(call, first, nullptr);
}

void KeepForAMoment(void*, mh_call* call, const mh_msg* first) {
  mh_buf* owner = first->v[0].owner;
  owner->retain(owner);
  owner->release(owner);
  ops.finish(call, first, nullptr);
}

TEST_F(LentMessageTest, WhatTheModuleRetainsIsCountedUntilReleased) {
  for (const uint32_t exec : {MH_EXEC_INLINE, MH_EXEC_POOL}) {
    const auto call = Call(exec, Flush::kLater, KeepTwice);
    module_.loop.RunUntil([&call] { return call->finishes > 0; });
    EXPECT_EQ(call->last_bytes, block_->data());  // the answer is not a copy
    call->Flushed();
    module_.loop.RunUntil([this] { return module_.counts.calls.open() == 0; });
    EXPECT_EQ(Holding(), "1 host block");
    EXPECT_FALSE(block_->unique());
    for (mh_buf* owner : kept_) owner->release(owner);
    EXPECT_EQ(Holding(), "");
    EXPECT_TRUE(block_->unique());
  }
}

TEST_F(LentMessageTest, WhatTheModuleLetsGoIsNotCounted) {
  for (int i = 0; i < 2; ++i) {
    Call(MH_EXEC_INLINE, Flush::kInside, KeepForAMoment);
    EXPECT_EQ(Holding(), "");
    EXPECT_TRUE(block_->unique());
  }
}

// What the host holds of an answer is its own, even when the module has let go.
TEST_F(LentMessageTest, GivenBlockThatTheHostSendsIsNotCountedForTheModule) {
  mh_buf* given = module_.counts.blocks.Give(Block::New(5)->owner());
  EXPECT_EQ(Holding(), "1 host block");
  mh_buf* held = LentBlocks::Original(given);
  held->retain(held);
  given->release(given);
  EXPECT_EQ(Holding(), "");
  held->release(held);
}

TEST_F(LentMessageTest, SlicesOfOneBlockHaveOneOwnerAndBorrowedOnesNone) {
  const Slice slices[] = {{block_->data(), 2, block_->owner()},
                          {block_->data() + 2, 3, block_->owner()},
                          BorrowedSlice("borrowed")};
  const LentMessage lent(Message{slices, 3, 0}, module_.counts.blocks, /*worker=*/0);
  const Message& message = lent.message();
  EXPECT_EQ(message.v[0].owner, message.v[1].owner);
  EXPECT_NE(message.v[0].owner, block_->owner());
  EXPECT_EQ(LentBlocks::Original(message.v[0].owner), block_->owner());
  EXPECT_EQ(message.v[2].owner, nullptr);
  EXPECT_EQ(message.v[2].p, slices[2].p);
}

TEST_F(LentMessageTest, AnotherThreadMayLetGoWhileTheHostTakesBack) {
  for (int i = 0; i < 1000; ++i) {
    std::thread thread;
    {
      const Slice slice{block_->data(), 5, block_->owner()};
      const LentMessage lent(Message{&slice, 1, 0}, module_.counts.blocks, /*worker=*/0);
      mh_buf* owner = lent.message().v[0].owner;
      owner->retain(owner);
      thread = std::thread([owner] { owner->release(owner); });
    }
    thread.join();
    ASSERT_EQ(Holding(), "");
    ASSERT_TRUE(block_->unique());
  }
}

}  // namespace
}  // namespace meshhost
