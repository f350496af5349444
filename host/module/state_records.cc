// SPDX-License-Identifier: Apache-2.0
#include "host/module/state_records.h"

#include <exception>
#include <utility>

namespace meshhost {
namespace {

// What keeping one record costs besides its bytes: many empty ones are not free.
constexpr std::uint64_t kRecordBytes = sizeof(std::string);

}  // namespace

mh_rc StateRecords::Sink(void* self, const mh_msg* record) noexcept {
  if (self == nullptr || record == nullptr) return MH_INVALID;
  try {
    return static_cast<StateRecords*>(self)->Add(*record);
  } catch (const std::exception&) {  // no memory
    return MH_FAILED;
  }
}

mh_rc StateRecords::Add(const mh_msg& record) {
  std::uint64_t size = kRecordBytes;
  for (std::uint32_t i = 0; i < record.n; ++i) size += record.v[i].n;
  if (over_limit_ || size > limit_ - bytes_) {
    over_limit_ = true;
    return MH_FAILED;
  }
  std::string bytes;
  bytes.reserve(size - kRecordBytes);
  for (std::uint32_t i = 0; i < record.n; ++i) {
    bytes.append(reinterpret_cast<const char*>(record.v[i].p), record.v[i].n);
  }
  records_.push_back(std::move(bytes));
  bytes_ += size;
  return MH_OK;
}

}  // namespace meshhost
