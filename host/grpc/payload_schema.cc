// SPDX-License-Identifier: Apache-2.0
#include "host/grpc/payload_schema.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <map>
#include <optional>

#include "host/grpc/utf8.h"

namespace meshhost {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using Content = PayloadSchema::Content;
using Type = PayloadSchema::Type;

constexpr int kMaxDepth = 100;  // protobuf's default recursion limit

// Wire types, protobuf encoding guide.
constexpr uint32_t kVarint = 0;
constexpr uint32_t kFixed64 = 1;
constexpr uint32_t kLength = 2;
constexpr uint32_t kStartGroup = 3;
constexpr uint32_t kEndGroup = 4;
constexpr uint32_t kFixed32 = 5;

Content ContentOf(const FieldDescriptor& field) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_MESSAGE:
      return Content::kMessage;
    case FieldDescriptor::TYPE_GROUP:
      return Content::kGroup;
    case FieldDescriptor::TYPE_STRING:
      return field.file()->syntax() == FileDescriptor::SYNTAX_PROTO3 ? Content::kUtf8
                                                                     : Content::kAny;
    case FieldDescriptor::TYPE_BYTES:
      return Content::kAny;
    case FieldDescriptor::TYPE_DOUBLE:
    case FieldDescriptor::TYPE_FIXED64:
    case FieldDescriptor::TYPE_SFIXED64:
      return field.is_repeated() ? Content::kPacked64 : Content::kAny;
    case FieldDescriptor::TYPE_FLOAT:
    case FieldDescriptor::TYPE_FIXED32:
    case FieldDescriptor::TYPE_SFIXED32:
      return field.is_repeated() ? Content::kPacked32 : Content::kAny;
    default:
      return field.is_repeated() ? Content::kPackedVarint : Content::kAny;
  }
}

class Compiler final {
 public:
  uint32_t TypeIndex(const Descriptor& message) {
    const auto [at, added] = index_.emplace(&message, static_cast<uint32_t>(types.size()));
    if (added) {
      types.emplace_back();
      const uint32_t index = at->second;
      Type fields = Fields(message);  // recursion appends to `types`
      types[index] = std::move(fields);
    }
    return index_.at(&message);
  }

  std::vector<Type> types;

 private:
  Type Fields(const Descriptor& message) {
    Type fields;
    for (int i = 0; i < message.field_count(); ++i) {
      const FieldDescriptor& field = *message.field(i);
      const Content content = ContentOf(field);
      if (content == Content::kAny) continue;
      const bool nested = content == Content::kMessage || content == Content::kGroup;
      fields.push_back({static_cast<uint32_t>(field.number()), content,
                        nested ? TypeIndex(*field.message_type()) : 0});
    }
    std::sort(fields.begin(), fields.end(),
              [](const auto& a, const auto& b) { return a.number < b.number; });
    return fields;
  }

  std::map<const Descriptor*, uint32_t> index_;
};

// Reads wire format; every function returns false or nothing when the bytes do not allow it.
class Reader final {
 public:
  Reader(const std::vector<Type>& types, const uint8_t* begin, size_t n)
      : types_(types), at_(begin), end_(begin + n) {}

  // A message up to the end of the bytes, or (group > 0) up to that group's end tag.
  bool Message(const Type* type, uint32_t group, int depth) {
    if (depth > kMaxDepth) return false;
    while (at_ < end_) {
      const std::optional<uint32_t> tag = Tag();
      if (!tag) return false;
      const uint32_t number = *tag >> 3;
      const uint32_t wire = *tag & 7;
      if (number == 0) return false;
      if (wire == kEndGroup) return number == group;
      if (!Value(Find(type, number), number, wire, depth)) return false;
    }
    return group == 0;
  }

 private:
  static const PayloadSchema::Field* Find(const Type* type, uint32_t number) {
    if (type == nullptr) return nullptr;
    for (const PayloadSchema::Field& field : *type) {
      if (field.number >= number) return field.number == number ? &field : nullptr;
    }
    return nullptr;
  }

  bool Value(const PayloadSchema::Field* field, uint32_t number, uint32_t wire, int depth) {
    switch (wire) {
      case kVarint:
        return Varint().has_value();
      case kFixed64:
        return Skip(8);
      case kFixed32:
        return Skip(4);
      case kStartGroup: {
        const bool known = field != nullptr && field->content == Content::kGroup;
        return Message(known ? &types_[field->type] : nullptr, number, depth + 1);
      }
      case kLength:
        return LengthDelimited(field, depth);
      default:
        return false;
    }
  }

  bool LengthDelimited(const PayloadSchema::Field* field, int depth) {
    const std::optional<uint64_t> length = Varint();
    if (!length || *length > static_cast<uint64_t>(end_ - at_)) return false;
    const uint8_t* begin = at_;
    at_ += *length;
    if (field == nullptr) return true;
    switch (field->content) {
      case Content::kUtf8:
        return IsUtf8({reinterpret_cast<const char*>(begin), *length});
      case Content::kMessage:
        return Reader(types_, begin, *length).Message(&types_[field->type], 0, depth + 1);
      case Content::kPackedVarint:
        return Reader(types_, begin, *length).Varints();
      case Content::kPacked32:
        return *length % 4 == 0;
      case Content::kPacked64:
        return *length % 8 == 0;
      case Content::kAny:
      case Content::kGroup:
        return true;
    }
    return true;
  }

  bool Skip(size_t n) {
    if (static_cast<size_t>(end_ - at_) < n) return false;
    at_ += n;
    return true;
  }

  bool Varints() {
    while (at_ < end_) {
      if (!Varint()) return false;
    }
    return true;
  }

  // At most five bytes; as in protobuf's parser, bits beyond 32 are dropped.
  std::optional<uint32_t> Tag() {
    const uint8_t* begin = at_;
    const std::optional<uint64_t> tag = Varint();
    if (!tag || at_ - begin > 5) return std::nullopt;
    return static_cast<uint32_t>(*tag);
  }

  std::optional<uint64_t> Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 70 && at_ < end_; shift += 7) {
      const uint8_t byte = *at_++;
      value |= uint64_t{byte & 0x7fu} << (shift < 64 ? shift : 63);
      if (byte < 0x80) return value;
    }
    return std::nullopt;
  }

  const std::vector<Type>& types_;
  const uint8_t* at_;
  const uint8_t* end_;
};

}  // namespace

std::unique_ptr<const PayloadSchema> PayloadSchema::Compile(const Descriptor& message) {
  Compiler compiler;
  compiler.TypeIndex(message);
  std::unique_ptr<PayloadSchema> schema(new PayloadSchema);
  schema->types_ = std::move(compiler.types);
  return schema;
}

bool PayloadSchema::Accepts(const Message& message) const {
  if (message.n == 0) return true;
  if (message.n == 1) {
    return Reader(types_, message.v[0].p, message.v[0].n).Message(&types_[0], 0, 0);
  }
  const HeldSlice joined = HeldSlice::CopyOf(message);
  return Reader(types_, joined.slice().p, joined.slice().n).Message(&types_[0], 0, 0);
}

}  // namespace meshhost
