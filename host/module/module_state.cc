// SPDX-License-Identifier: Apache-2.0
//
// mh.state/1: the hand-over of state from one generation of a module to the next.
//
// A generation that cannot save must not be able to keep its successor out, which may be the one
// that mends it: that is a warning. One that cannot load what it said it could is refused while the
// old one still serves.
#include <algorithm>
#include <cstring>

#include "host/base/clock.h"
#include "host/base/concat.h"
#include "host/base/status_macros.h"
#include "host/module/module_instance.h"
#include "host/module/state_records.h"

namespace meshhost {

mh_state_1 ModuleInstance::StateTable() {
  mh_state_1 table = {};
  const auto query = library_->table().query;
  if (query == nullptr || ud_ == nullptr) return table;
  const void* offered = nullptr;
  // An exception was logged, and offers nothing.
  (void)Step("query", settings_.init_timeout, [this, query, &offered](mh_err*) {
    offered = query(ud_, MH_STATE_1);
    return MH_OK;
  });
  if (offered == nullptr) return table;
  const std::uint32_t size = static_cast<const mh_state_1*>(offered)->size;
  std::memcpy(&table, offered, std::min<std::size_t>(size, sizeof(table)));
  return table;
}

bool ModuleInstance::SaveState(const mh_state_1& table, StateRecords& records) {
  const absl::Status saved =
      Step("state save", settings_.init_timeout, [this, &table, &records](mh_err* err) {
        return table.save(ud_, &StateRecords::Sink, &records, err);
      });
  if (records.over_limit()) {
    log_.Warn("state not handed over: it is larger than state_limit",
              {{"module", name_}, {"state_limit", settings_.state_limit}});
    return false;
  }
  if (saved.ok()) return true;
  log_.Warn(
      "state not handed over: the old generation failed to save it",
      {{"module", name_}, {"generation", generation()}, {"error", std::string(saved.message())}});
  return false;
}

absl::Status ModuleInstance::LoadState(const mh_state_1& table, const StateRecords& records,
                                       std::uint32_t format) {
  for (const std::string& record : records.all()) {
    const mh_slice slice = {reinterpret_cast<const std::uint8_t*>(record.data()), record.size(),
                            nullptr};
    const mh_msg message = {&slice, 1, 0};
    RETURN_IF_ERROR(Step("state load", settings_.init_timeout,
                         [&](mh_err* err) { return table.load(ud_, &message, format, err); }));
  }
  return absl::OkStatus();
}

absl::Status ModuleInstance::HandOver(ModuleInstance& old) {
  const mh_state_1 from = old.StateTable();
  const mh_state_1 to = StateTable();
  if (from.save == nullptr || to.load == nullptr) return absl::OkStatus();
  if (from.format < to.oldest_format || from.format > to.format) {
    log_.Warn("state not handed over: its format is not understood",
              {{"module", name_},
               {"format", std::uint64_t{from.format}},
               {"understood_from", std::uint64_t{to.oldest_format}},
               {"understood_to", std::uint64_t{to.format}}});
    return absl::OkStatus();
  }
  const std::uint64_t began = MonotonicNs();
  StateRecords records(settings_.state_limit);
  if (!old.SaveState(from, records)) return absl::OkStatus();
  const absl::Status loaded = LoadState(to, records, from.format);
  if (absl::IsUnimplemented(loaded)) {
    log_.Warn("state not handed over: the new generation refused it",
              {{"module", name_},
               {"format", std::uint64_t{from.format}},
               {"understood_to", std::uint64_t{to.format}},
               {"error", std::string(loaded.message())}});
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(loaded);
  log_.Info("state handed over", {{"module", name_},
                                  {"from_generation", old.generation()},
                                  {"to_generation", generation()},
                                  {"records", std::uint64_t{records.all().size()}},
                                  {"bytes", records.bytes()},
                                  {"took_ms", (MonotonicNs() - began) / 1'000'000}});
  return absl::OkStatus();
}

}  // namespace meshhost
