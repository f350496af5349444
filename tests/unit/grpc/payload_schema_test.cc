// SPDX-License-Identifier: Apache-2.0
// Goal: a payload is accepted exactly when protobuf's own parser takes it. Method: a differential
// test against DynamicMessage over valid messages, their truncations and random mutations.
#include "host/grpc/payload_schema.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace meshhost {
namespace {

using google::protobuf::Descriptor;

// FileDescriptorProtos in text format; number, type and label are what matters.
constexpr char kProto3[] = R"(
  name: "a.proto" package: "t" syntax: "proto3"
  message_type {
    name: "M"
    field { name: "i" number: 1 type: TYPE_INT32 label: LABEL_OPTIONAL }
    field { name: "s" number: 2 type: TYPE_STRING label: LABEL_OPTIONAL }
    field { name: "b" number: 3 type: TYPE_BYTES label: LABEL_OPTIONAL }
    field { name: "child" number: 4 type: TYPE_MESSAGE type_name: ".t.M" label: LABEL_OPTIONAL }
    field { name: "children" number: 5 type: TYPE_MESSAGE type_name: ".t.M" label: LABEL_REPEATED }
    field { name: "packed" number: 6 type: TYPE_INT64 label: LABEL_REPEATED }
    field { name: "doubles" number: 7 type: TYPE_DOUBLE label: LABEL_REPEATED }
    field { name: "words" number: 8 type: TYPE_FIXED32 label: LABEL_REPEATED }
    field { name: "by_name" number: 9 type: TYPE_MESSAGE type_name: ".t.M.ByNameEntry"
            label: LABEL_REPEATED }
    field { name: "f" number: 10 type: TYPE_FIXED64 label: LABEL_OPTIONAL }
    field { name: "g" number: 11 type: TYPE_FLOAT label: LABEL_OPTIONAL }
    field { name: "left" number: 12 type: TYPE_STRING label: LABEL_OPTIONAL oneof_index: 0 }
    field { name: "right" number: 13 type: TYPE_MESSAGE type_name: ".t.M" label: LABEL_OPTIONAL
            oneof_index: 0 }
    field { name: "texts" number: 2000 type: TYPE_STRING label: LABEL_REPEATED }
    oneof_decl { name: "choice" }
    nested_type {
      name: "ByNameEntry"
      field { name: "key" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
      field { name: "value" number: 2 type: TYPE_MESSAGE type_name: ".t.M" label: LABEL_OPTIONAL }
      options { map_entry: true }
    }
  }
)";
constexpr char kProto2[] = R"(
  name: "b.proto" package: "t2" syntax: "proto2"
  message_type {
    name: "M"
    field { name: "s" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
    field { name: "g" number: 2 type: TYPE_GROUP type_name: ".t2.M.G" label: LABEL_OPTIONAL }
    field { name: "n" number: 3 type: TYPE_INT32 label: LABEL_REPEATED }
    field { name: "child" number: 4 type: TYPE_MESSAGE type_name: ".t2.M" label: LABEL_OPTIONAL }
    nested_type {
      name: "G"
      field { name: "x" number: 1 type: TYPE_INT32 label: LABEL_OPTIONAL }
    }
  }
)";

class PayloadSchemaTest : public testing::Test {
 protected:
  const Descriptor& Type(const char* file, const char* name) {
    google::protobuf::FileDescriptorProto proto;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(file, &proto));
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
  ExpectSameVerdicts(Type(kProto3, "t.M"), {child, all});
}

TEST_F(PayloadSchemaTest, S04_AgreesWithProtobufOnProto2WithGroups) {
  const std::string all("\x0a\x02\xff\xfe\x13\x08\x05\x14\x18\x01\x1a\x02\x01\x02\x22\x03\x0a\x01x",
                        19);
  ExpectSameVerdicts(Type(kProto2, "t2.M"), {all});
}

TEST_F(PayloadSchemaTest, RefusesNestingBeyondProtobufsLimit) {
  const Descriptor& type = Type(kProto3, "t.M");
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
  const auto schema = PayloadSchema::Compile(Type(kProto3, "t.M"));
  const Slice pieces[] = {BorrowedSlice("\x12\x03"
                                        "a"),
                          BorrowedSlice("bc")};
  EXPECT_TRUE(schema->Accepts({pieces, 2, 0}));
  EXPECT_FALSE(schema->Accepts({pieces, 1, 0}));
  EXPECT_TRUE(schema->Accepts({nullptr, 0, 0}));
}

}  // namespace
}  // namespace meshhost
