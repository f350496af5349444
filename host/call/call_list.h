// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "host/call/outcome.h"

namespace meshhost {

// What an Exchange is to the CallList that counts it.
using CallListHook = boost::intrusive::list_base_hook<>;

class Exchange;

// The open calls of one deployment on one worker, listed without atomics or locks. Belongs to the
// worker, except where a function says otherwise.
class alignas(64) CallList final {
 public:
  using Unused = void (*)(void* context);

  void Add(Exchange& exchange);
  void Remove(Exchange& exchange);
  // Tells the open calls that the host goes away (kDraining) or their module does (kModuleRetired:
  // streams only, short calls just finish).
  void Drain(Reason why);
  // Ends every open call toward its peer: the time to drain is over.
  void AbortAll(Reason why);
  // No new calls will come: calls `unused` on the worker once the last one has ended, at once when
  // there is none. The list may go from then on.
  void Retire(Unused unused, void* context);

  // Open calls, and those of them that are streams. Any thread.
  uint32_t calls() const { return calls_.load(std::memory_order_relaxed); }
  uint32_t streams() const { return streams_.load(std::memory_order_relaxed); }

 private:
  boost::intrusive::list<Exchange, boost::intrusive::base_hook<CallListHook>> exchanges_;
  std::atomic<uint32_t> calls_{0};  // written by the worker alone
  std::atomic<uint32_t> streams_{0};
  Unused unused_ = nullptr;
  void* context_ = nullptr;
};

// One list for each worker. Lives longer than the calls in it.
class CallLists final {
 public:
  explicit CallLists(uint32_t workers)
      : workers_(workers), lists_(std::make_unique<CallList[]>(workers)) {}

  CallList& For(uint32_t worker) const { return lists_[worker]; }
  uint32_t workers() const { return workers_; }
  // Sums over all workers. Any thread.
  uint64_t calls() const;
  uint64_t streams() const;

 private:
  const uint32_t workers_;
  const std::unique_ptr<CallList[]> lists_;
};

}  // namespace meshhost
