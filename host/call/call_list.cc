// SPDX-License-Identifier: Apache-2.0
#include "host/call/call_list.h"

#include <vector>

#include "host/call/exchange.h"

namespace meshhost {
namespace {

// Only the worker writes, so no read-modify-write is needed.
void Add(std::atomic<uint32_t>& value, uint32_t change) {
  value.store(value.load(std::memory_order_relaxed) + change, std::memory_order_relaxed);
}

constexpr uint32_t kOneLess = ~uint32_t{0};

// Calls `each` for all that are open now; held, because a handler may finish its call, and with it
// others, while it is told.
template <typename List, typename Each>
void ForAllHeld(List& exchanges, const Each& each) {
  std::vector<Exchange*> open;
  for (Exchange& exchange : exchanges) {
    exchange.Hold();
    open.push_back(&exchange);
  }
  for (Exchange* exchange : open) {
    each(*exchange);
    exchange->Release();
  }
}

}  // namespace

void CallList::Add(Exchange& exchange) {
  exchanges_.push_back(exchange);
  meshhost::Add(calls_, 1);
  if (IsStream(exchange.endpoint())) meshhost::Add(streams_, 1);
}

void CallList::Remove(Exchange& exchange) {
  exchanges_.erase(exchanges_.iterator_to(exchange));
  meshhost::Add(calls_, kOneLess);
  if (IsStream(exchange.endpoint())) meshhost::Add(streams_, kOneLess);
  if (unused_ != nullptr && exchanges_.empty()) unused_(context_);
}

void CallList::Drain(Reason why) {
  ForAllHeld(exchanges_, [why](Exchange& exchange) {
    if (why == Reason::kModuleRetired && !IsStream(exchange.endpoint())) return;
    exchange.Drain(why);
  });
}

void CallList::AbortAll(Reason why) {
  ForAllHeld(exchanges_,
             [why](Exchange& exchange) { exchange.Abort(CancelReason::kDeadline, Refusal(why)); });
}

void CallList::Retire(Unused unused, void* context) {
  if (exchanges_.empty()) return unused(context);
  unused_ = unused;
  context_ = context;
}

uint64_t CallLists::calls() const {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < workers_; ++i) sum += lists_[i].calls();
  return sum;
}

uint64_t CallLists::streams() const {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < workers_; ++i) sum += lists_[i].streams();
  return sum;
}

}  // namespace meshhost
