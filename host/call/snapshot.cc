// SPDX-License-Identifier: Apache-2.0
#include "host/call/snapshot.h"

#include <vector>

#include "host/call/exchange.h"

namespace meshhost {

void Snapshot::Add(Exchange& exchange) { exchanges_.push_back(exchange); }

void Snapshot::Remove(Exchange& exchange) {
  exchanges_.erase(exchanges_.iterator_to(exchange));
  if (retired_ && exchanges_.empty()) unused_(context_);
}

void Snapshot::Drain() {
  // Held, because a handler may finish its call, and with it others, while it is told.
  std::vector<Exchange*> open;
  for (Exchange& exchange : exchanges_) {
    exchange.Hold();
    open.push_back(&exchange);
  }
  for (Exchange* exchange : open) {
    exchange->Drain();
    exchange->Release();
  }
}

void Snapshot::AbortAll() {
  std::vector<Exchange*> open;
  for (Exchange& exchange : exchanges_) {
    exchange.Hold();
    open.push_back(&exchange);
  }
  for (Exchange* exchange : open) {
    exchange->Abort(CancelReason::kDrain, Refusal(Reason::kDraining));
    exchange->Release();
  }
}

void Snapshot::Retire() {
  retired_ = true;
  if (exchanges_.empty()) unused_(context_);
}

}  // namespace meshhost
