// SPDX-License-Identifier: Apache-2.0
#include "host/grpc/status_details.h"

#include "meshhost/rpc/status.pb.h"

namespace meshhost {
namespace {

void AddRetryInfo(uint64_t delay_ns, rpc::Status& status) {
  rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(static_cast<int64_t>(delay_ns / 1'000'000'000));
  info.mutable_retry_delay()->set_nanos(static_cast<int32_t>(delay_ns % 1'000'000'000));
  rpc::Detail& detail = *status.add_details();
  detail.set_type_url("type.googleapis.com/google.rpc.RetryInfo");
  info.SerializeToString(detail.mutable_value());
}

}  // namespace

std::string RefusalDetails(const Outcome& refusal) {
  const std::string_view reason = FactsOf(refusal.reason).name;
  rpc::ErrorInfo info;
  info.set_reason(reason.data(), reason.size());
  info.set_domain("meshhost");
  rpc::Status status;
  status.set_code(static_cast<int>(refusal.code));
  // A proto3 string has to be UTF-8; whatever is not stays out, the grpc-message carries it.
  if (refusal.message.find_first_not_of(
          " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
          "abcdefghijklmnopqrstuvwxyz{|}~") == std::string_view::npos) {
    status.set_message(refusal.message.data(), refusal.message.size());
  }
  rpc::Detail& detail = *status.add_details();
  detail.set_type_url("type.googleapis.com/google.rpc.ErrorInfo");
  info.SerializeToString(detail.mutable_value());
  if (refusal.retry_after_ns != 0) AddRetryInfo(refusal.retry_after_ns, status);
  return status.SerializeAsString();
}

}  // namespace meshhost
