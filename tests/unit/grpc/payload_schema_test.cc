// SPDX-License-Identifier: Apache-2.0
// Goal: a payload is accepted exactly when protobuf's own parser takes it. Method: a differential
// test against DynamicMessage over valid messages, their truncations and random mutations.
#include "host/grpc/payload_schema.h"

#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace meshhost {
namespace {

using google::protobuf::Descriptor;

constexpr char kProto3[] = R"(
  syntax = "proto3";
  package t;
  message M {
    int32 i = 1; string s = 2; bytes b = 3; M child = 4; repeated M children = 5;
    repeated int64 packed = 6; repeated double doubles = 7; repeated fixed32 words = 8;
    map<string, M> by_name = 9; fixed64 f = 10; float g = 11; repeated string texts = 2000;
    oneof choice { string left = 12; M right = 13; }
  }
)";
constexpr char kProto2[] = R"(
  syntax = "proto2";
  package t2;
  message M { optional string s = 1; optional group G = 2 { optional int32 x = 1; }
              repeated int32 n = 3; optional M child = 4; }
)";

class PayloadSchemaTest : public testing::Test {
 protected:
  const Descriptor& Message(const char* text, const char* file, const char* name) {
    google::protobuf::io::ArrayInputStream stream(text, static_cast<int>(strlen(text)));
    google::protobuf::io::Tokenizer tokenizer(&stream, nullptr);
    google::protobuf::compiler::Parser parser;
    google::protobuf::FileDescriptorProto proto;
    EXPECT_TRUE(parser.Parse(&tokenizer, &proto));
    proto.set_name(file);
    EXPECT_NE(pool_.BuildFile(proto), nullptr);
    return *pool_.FindMessageTypeByName(name);
  }
  bool ProtobufParses(const Descriptor& type, const std::string& bytes) {
    std::unique_ptr<google::protobuf::Message> message(factory_.GetPrototype(&type)->New());
    return message->ParsePartialFromString(bytes);
  }
  static bool Accepts(const PayloadCheck& schema, const std::string& bytes) {
    const Slice slice = BorrowedSlice(bytes);
    return schema.Accepts({&slice, 1, 0});
  }
  void ExpectSameVerdicts(const Descriptor& type, const std::vector<std::string>& seeds);

  google::protobuf::DescriptorPool pool_;
  google::protobuf::DynamicMessageFactory factory_{&pool_};
};

void PayloadSchemaTest::ExpectSameVerdicts(const Descriptor& type,
                                           const std::vector<std::string>& seeds) {
  const auto schema = PayloadSchema::Compile(type);
  std::mt19937 random(3);
  int accepted = 0;
  int refused = 0;
  const auto compare = [&](const std::string& bytes) {
    const bool expected = ProtobufParses(type, bytes);
    ASSERT_EQ(Accepts(*schema, bytes), expected) << testing::PrintToString(bytes);
    ++(expected ? accepted : refused);
  };
  for (const std::string& seed : seeds) {
    for (size_t n = 0; n <= seed.size(); ++n) compare(seed.substr(0, n));
    for (int i = 0; i < 20'000 && !seed.empty(); ++i) {
      std::string mutated = seed;
      for (size_t flips = 1 + random() % 3; flips > 0; --flips) {
        mutated[random() % mutated.size()] = static_cast<char>(random());
      }
      compare(mutated);
    }
  }
  EXPECT_GT(accepted, 1000);
  EXPECT_GT(refused, 1000);
}

TEST_F(PayloadSchemaTest, S04_AgreesWithProtobufOnProto3) {
  const std::string child(
      "\x08\x96\x01\x12\x03"
      "abc",
      8);
  const std::string all = std::string("\x08\x01\x12\x05h\xc3\xa4ll\x1a\x02\x00\xff", 13) +
                          "\x22\x08" + child + "\x2a\x08" + child +
                          std::string(
                              "\x32\x03\x01\x96\x01\x3a\x08"
                              "12345678\x42\x04"
                              "abcd",
                              21) +
                          "\x4a\x0d\x0a\x01k\x12\x08" + child +
                          std::string(
                              "\x51"
                              "12345678\x5d"
                              "1234\x82\x7d\x02ok\x62\x01x",
                              22);
  ExpectSameVerdicts(Message(kProto3, "a.proto", "t.M"), {child, all});
}

TEST_F(PayloadSchemaTest, S04_AgreesWithProtobufOnProto2WithGroups) {
  const std::string all("\x0a\x02\xff\xfe\x13\x08\x05\x14\x18\x01\x1a\x02\x01\x02\x22\x03\x0a\x01x",
                        19);
  ExpectSameVerdicts(Message(kProto2, "b.proto", "t2.M"), {all});
}

TEST_F(PayloadSchemaTest, RefusesNestingBeyondProtobufsLimit) {
  const Descriptor& type = Message(kProto3, "a.proto", "t.M");
  const auto schema = PayloadSchema::Compile(type);
  for (int depth : {90, 99, 100, 101, 102, 110}) {
    std::string bytes;
    for (int i = 0; i < depth; ++i) {
      std::string length;
      for (size_t n = bytes.size();; n >>= 7) {
        length.push_back(static_cast<char>((n & 0x7f) | (n > 0x7f ? 0x80 : 0)));
        if (n <= 0x7f) break;
      }
      bytes = "\x22" + length + bytes;
    }
    EXPECT_EQ(Accepts(*schema, bytes), ProtobufParses(type, bytes)) << depth;
  }
}

TEST_F(PayloadSchemaTest, AMessageInPiecesIsJudgedAsAWhole) {
  const auto schema = PayloadSchema::Compile(Message(kProto3, "a.proto", "t.M"));
  const Slice pieces[] = {BorrowedSlice("\x12\x03"
                                        "a"),
                          BorrowedSlice("bc")};
  EXPECT_TRUE(schema->Accepts({pieces, 2, 0}));
  EXPECT_FALSE(schema->Accepts({pieces, 1, 0}));
  EXPECT_TRUE(schema->Accepts({nullptr, 0, 0}));
}

}  // namespace
}  // namespace meshhost
