// SPDX-License-Identifier: Apache-2.0
#include "host/module/schema_diff.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <utility>

#include "absl/status/status.h"
#include "host/base/concat.h"
#include "host/base/status_macros.h"
#include "host/module/module_schema.h"

namespace meshhost {
namespace {

namespace pb = google::protobuf;

// Walks the old schema and looks each element up in the new one. Lives for one comparison.
class SchemaComparison final {
 public:
  explicit SchemaComparison(const pb::DescriptorPool& now) : now_(now) {}

  void CompareFile(const pb::FileDescriptor& file);
  std::vector<BreakingChange> Take() { return std::move(changes_); }

 private:
  void Add(std::string_view rule, std::initializer_list<std::string_view> text) {
    changes_.push_back({std::string(rule), Concat(text)});
  }

  void CompareService(const pb::ServiceDescriptor& was);
  void CompareMethod(const pb::MethodDescriptor& was, const pb::MethodDescriptor& is);
  void CompareMessage(const pb::Descriptor& was);
  void CompareFields(const pb::Descriptor& was, const pb::Descriptor& is);
  void CompareField(const pb::FieldDescriptor& was, const pb::FieldDescriptor& is);
  void CompareReserved(const pb::Descriptor& was, const pb::Descriptor& is);
  void CompareEnum(const pb::EnumDescriptor& was);

  const pb::DescriptorPool& now_;
  std::vector<BreakingChange> changes_;
};

std::string_view KindName(const pb::MethodDescriptor& method) {
  if (method.client_streaming()) {
    return method.server_streaming() ? "bidirectional" : "client-streaming";
  }
  return method.server_streaming() ? "server-streaming" : "unary";
}

// The wire and JSON type: for messages and enums, which one.
std::string TypeName(const pb::FieldDescriptor& field) {
  if (field.message_type() != nullptr) return field.message_type()->full_name();
  if (field.enum_type() != nullptr) return field.enum_type()->full_name();
  return field.type_name();
}

std::string_view LabelName(const pb::FieldDescriptor& field) {
  if (field.is_repeated()) return "repeated";
  return field.is_required() ? "required" : "singular";
}

std::string OneofName(const pb::FieldDescriptor& field) {
  const pb::OneofDescriptor* oneof = field.real_containing_oneof();
  return oneof == nullptr ? "none" : oneof->name();
}

bool IsReserved(const pb::EnumDescriptor& type, int number) {
  for (int i = 0; i < type.reserved_range_count(); ++i) {
    const auto* range = type.reserved_range(i);
    if (number >= range->start && number <= range->end) return true;
  }
  return false;
}

void SchemaComparison::CompareFile(const pb::FileDescriptor& file) {
  for (int i = 0; i < file.service_count(); ++i) CompareService(*file.service(i));
  for (int i = 0; i < file.message_type_count(); ++i) CompareMessage(*file.message_type(i));
  for (int i = 0; i < file.enum_type_count(); ++i) CompareEnum(*file.enum_type(i));
}

void SchemaComparison::CompareService(const pb::ServiceDescriptor& was) {
  const pb::ServiceDescriptor* is = now_.FindServiceByName(was.full_name());
  if (is == nullptr) return Add("service.removed", {"service ", was.full_name(), " was removed"});
  for (int i = 0; i < was.method_count(); ++i) {
    const pb::MethodDescriptor* method = is->FindMethodByName(was.method(i)->name());
    if (method != nullptr) {
      CompareMethod(*was.method(i), *method);
    } else {
      Add("method.removed", {"method ", was.method(i)->full_name(), " was removed"});
    }
  }
}

void SchemaComparison::CompareMethod(const pb::MethodDescriptor& was,
                                     const pb::MethodDescriptor& is) {
  const std::string& name = was.full_name();
  if (KindName(was) != KindName(is)) {
    Add("method.kind", {"method ", name, " was ", KindName(was), ", is ", KindName(is)});
  }
  const std::string& input = is.input_type()->full_name();
  if (was.input_type()->full_name() != input) {
    Add("method.request",
        {"method ", name, " took ", was.input_type()->full_name(), ", takes ", input});
  }
  const std::string& output = is.output_type()->full_name();
  if (was.output_type()->full_name() != output) {
    Add("method.response",
        {"method ", name, " returned ", was.output_type()->full_name(), ", returns ", output});
  }
}

void SchemaComparison::CompareMessage(const pb::Descriptor& was) {
  const pb::Descriptor* is = now_.FindMessageTypeByName(was.full_name());
  if (is == nullptr) return Add("message.removed", {"message ", was.full_name(), " was removed"});
  CompareFields(was, *is);
  CompareReserved(was, *is);
  for (int i = 0; i < was.nested_type_count(); ++i) CompareMessage(*was.nested_type(i));
  for (int i = 0; i < was.enum_type_count(); ++i) CompareEnum(*was.enum_type(i));
}

void SchemaComparison::CompareFields(const pb::Descriptor& was, const pb::Descriptor& is) {
  for (int i = 0; i < was.field_count(); ++i) {
    const pb::FieldDescriptor& field = *was.field(i);
    if (const pb::FieldDescriptor* same = is.FindFieldByNumber(field.number())) {
      CompareField(field, *same);
      continue;
    }
    const pb::FieldDescriptor* renumbered = is.FindFieldByName(field.name());
    if (renumbered != nullptr) {
      Add("field.number",
          {"field ", field.full_name(), " was number ", std::to_string(field.number()),
           ", is number ", std::to_string(renumbered->number())});
    } else if (!is.IsReservedNumber(field.number())) {
      Add("field.removed",
          {"field ", field.full_name(), " (number ", std::to_string(field.number()),
           ") was removed and its number is not reserved"});
    }
  }
}

void SchemaComparison::CompareField(const pb::FieldDescriptor& was, const pb::FieldDescriptor& is) {
  const std::string& name = was.full_name();
  if (was.name() != is.name()) {
    Add("field.name",
        {"field ", name, " (number ", std::to_string(was.number()), ") is now ", is.name()});
  } else if (was.json_name() != is.json_name()) {
    Add("field.json_name",
        {"field ", name, " was \"", was.json_name(), "\" in JSON, is \"", is.json_name(), "\""});
  }
  if (was.type() != is.type() || TypeName(was) != TypeName(is)) {
    Add("field.type", {"field ", name, " was of type ", TypeName(was), ", is ", TypeName(is)});
  }
  if (LabelName(was) != LabelName(is)) {
    Add("field.label", {"field ", name, " was ", LabelName(was), ", is ", LabelName(is)});
  }
  if (OneofName(was) != OneofName(is)) {
    Add("field.oneof",
        {"field ", name, " was in oneof ", OneofName(was), ", is in ", OneofName(is)});
  }
}

void SchemaComparison::CompareReserved(const pb::Descriptor& was, const pb::Descriptor& is) {
  for (int i = 0; i < is.field_count(); ++i) {
    const pb::FieldDescriptor& field = *is.field(i);
    if (was.IsReservedNumber(field.number()) || was.IsReservedName(field.name())) {
      Add("field.reserved", {"field ", field.full_name(), " (number ",
                             std::to_string(field.number()), ") uses what was reserved"});
    }
  }
}

void SchemaComparison::CompareEnum(const pb::EnumDescriptor& was) {
  const pb::EnumDescriptor* is = now_.FindEnumTypeByName(was.full_name());
  if (is == nullptr) return Add("enum.removed", {"enum ", was.full_name(), " was removed"});
  for (int i = 0; i < was.value_count(); ++i) {
    const pb::EnumValueDescriptor& value = *was.value(i);
    const pb::EnumValueDescriptor* same = is->FindValueByName(value.name());
    if (same != nullptr && same->number() != value.number()) {
      Add("enum_value.number",
          {"value ", value.full_name(), " was ", std::to_string(value.number()), ", is ",
           std::to_string(same->number())});
    } else if (same == nullptr && !IsReserved(*is, value.number())) {
      Add("enum_value.removed", {"value ", value.full_name(), " (", std::to_string(value.number()),
                                 ") was removed and its number is not reserved"});
    }
  }
  for (int i = 0; i < is->value_count(); ++i) {
    if (!IsReserved(was, is->value(i)->number())) continue;
    Add("enum_value.reserved", {"value ", is->value(i)->full_name(), " uses what was reserved"});
  }
}

}  // namespace

absl::StatusOr<std::vector<BreakingChange>> CompareSchemas(std::string_view old_descriptor_set,
                                                           std::string_view new_descriptor_set) {
  ModuleSchema was;
  RETURN_IF_ERROR(was.Add(old_descriptor_set));
  ModuleSchema is;
  RETURN_IF_ERROR(is.Add(new_descriptor_set));
  pb::FileDescriptorSet files;
  files.ParseFromString(was.Serialize());
  SchemaComparison comparison(*is.pool());
  for (const pb::FileDescriptorProto& file : files.file()) {
    comparison.CompareFile(*was.pool()->FindFileByName(file.name()));
  }
  return comparison.Take();
}

}  // namespace meshhost
