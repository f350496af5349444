// SPDX-License-Identifier: Apache-2.0
#include "host/net/descriptor_message.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace meshhost {
namespace {

class DescriptorMessageTest : public testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    from_.reset(ends[0]);
    to_.reset(ends[1]);
  }

  UniqueFd from_;
  UniqueFd to_;
};

ino_t InodeOf(int fd) {
  struct stat info {};
  ::fstat(fd, &info);
  return info.st_ino;
}

TEST_F(DescriptorMessageTest, S74_DescriptorsArriveWithTheirTextAndCloseAcrossExec) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const UniqueFd reader(pipe[0]);
  const UniqueFd writer(pipe[1]);
  ASSERT_TRUE(SendDescriptors(from_.get(), "two", std::vector<int>{pipe[0], pipe[1]}).ok());
  ASSERT_TRUE(SendDescriptors(from_.get(), "none").ok());
  const auto two = ReceiveDescriptors(to_.get());
  ASSERT_TRUE(two.ok()) << two.status();
  EXPECT_EQ(two->text, "two");
  ASSERT_EQ(two->descriptors.size(), 2u);
  EXPECT_EQ(InodeOf(two->descriptors[0].get()), InodeOf(pipe[0]));
  EXPECT_EQ(InodeOf(two->descriptors[1].get()), InodeOf(pipe[1]));
  EXPECT_TRUE(::fcntl(two->descriptors[0].get(), F_GETFD) & FD_CLOEXEC);
  const auto none = ReceiveDescriptors(to_.get());
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_EQ(none->text, "none");
  EXPECT_TRUE(none->descriptors.empty());
}

TEST_F(DescriptorMessageTest, TheMostThatOneMessageTakes) {
  const std::vector<int> descriptors(kMaxDescriptors, from_.get());
  const std::string text(kMaxDescriptorText, 'x');
  ASSERT_TRUE(SendDescriptors(from_.get(), text, descriptors).ok());
  const auto message = ReceiveDescriptors(to_.get());
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_EQ(message->text, text);
  EXPECT_EQ(message->descriptors.size(), kMaxDescriptors);
  EXPECT_FALSE(SendDescriptors(from_.get(), text + "x").ok());
  EXPECT_FALSE(
      SendDescriptors(from_.get(), "", std::vector<int>(kMaxDescriptors + 1, from_.get())).ok());
}

TEST_F(DescriptorMessageTest, NothingThereIsNotTheEnd) {
  EXPECT_TRUE(absl::IsDeadlineExceeded(ReceiveDescriptors(to_.get()).status()));
  from_.reset();
  EXPECT_TRUE(absl::IsCancelled(ReceiveDescriptors(to_.get()).status()));
  EXPECT_TRUE(absl::IsUnavailable(SendDescriptors(to_.get(), "anybody?")));
}

}  // namespace
}  // namespace meshhost
