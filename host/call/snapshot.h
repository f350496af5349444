// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstddef>

#include "host/call/endpoint.h"

namespace meshhost {

// What an Exchange is to the Snapshot that counts it.
using SnapshotHook = boost::intrusive::list_base_hook<>;

class Exchange;

// One worker's hold on a generation: lists the calls that began on it, without atomics or locks.
// Worker thread only. Lives as long as its worker or until `unused` was called.
class Snapshot final {
 public:
  using Unused = void (*)(void* context);

  // `unused` is called on the worker once the snapshot is retired and its last call has ended.
  Snapshot(const Directory& directory, Unused unused, void* context)
      : directory_(directory), unused_(unused), context_(context) {}

  const Directory& directory() const { return directory_; }
  size_t calls() const { return exchanges_.size(); }

  void Add(Exchange& exchange);
  void Remove(Exchange& exchange);
  // Tells every open call that the host goes away (Exchange::Drain).
  void Drain();
  // Ends every open call toward its peer (Exchange::Abort with kDrain).
  void AbortAll();
  // No new calls will come. Calls `unused` at once when there are none.
  void Retire();

 private:
  const Directory& directory_;
  Unused unused_;
  void* context_;
  boost::intrusive::list<Exchange, boost::intrusive::base_hook<SnapshotHook>> exchanges_;
  bool retired_ = false;
};

}  // namespace meshhost
