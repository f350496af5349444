// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "host/base/unique_fd.h"
#include "host/net/acceptor.h"

namespace meshhost {

// A connection's place in the limits, and in the worker's count; given back when destroyed.
class ConnectionSlot final {
 public:
  // Empty when a limit is reached.
  static std::unique_ptr<ConnectionSlot> Take(Worker& worker,
                                              std::shared_ptr<const AcceptorSettings> settings,
                                              std::string host_of_peer);
  ~ConnectionSlot();

 private:
  ConnectionSlot(Worker& worker, std::shared_ptr<const AcceptorSettings> settings,
                 std::string host_of_peer);

  Worker& worker_;
  std::shared_ptr<const AcceptorSettings> settings_;
  std::string host_of_peer_;
};

// Runs the TLS handshake of an accepted socket on the worker, within its time-out, and hands the
// channel to the sink. Owns itself until then. Worker thread only.
void StartHandshake(Worker& worker, ConnectionSink& sink,
                    std::shared_ptr<const AcceptorSettings> settings, UniqueFd socket,
                    boost::intrusive_ptr<Peer> peer, std::unique_ptr<ConnectionSlot> slot);

// The plaintext way: a channel at once.
void StartPlaintext(Worker& worker, ConnectionSink& sink, const AcceptorSettings& settings,
                    UniqueFd socket, boost::intrusive_ptr<Peer> peer,
                    std::unique_ptr<ConnectionSlot> slot);

}  // namespace meshhost
