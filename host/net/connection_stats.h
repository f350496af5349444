// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace meshhost {

// Why a TLS handshake failed. Names are metric label values.
enum class HandshakeFailure : uint8_t {
  kTimeout,
  kClosed,         // the peer went away
  kNoCertificate,  // required, none presented
  kUntrusted,      // unknown or wrong CA, bad signature, self-signed
  kExpired,        // or not yet valid
  kWrongPurpose,   // not a client certificate
  kRevoked,        // by a list of client_crl
  kNoCrl,          // no list of its authority, or one that is out of date
  kProtocol,       // version, cipher, ALPN, or not TLS at all
  kOther,
  kCount,
};
std::string_view HandshakeFailureName(HandshakeFailure failure);

// What happened to the connections of one worker. One writer (the worker), any reader.
struct ConnectionStats {
  std::atomic<uint64_t> accepted{0};
  std::atomic<uint64_t> active{0};            // now
  std::atomic<uint64_t> shed_limit{0};        // closed: max_connections reached
  std::atomic<uint64_t> shed_descriptors{0};  // closed: out of file descriptors or memory
  std::atomic<uint64_t> handshakes{0};
  std::atomic<uint64_t> handshakes_resumed{0};
  std::array<std::atomic<uint64_t>, static_cast<size_t>(HandshakeFailure::kCount)>
      handshake_failures{};
  std::atomic<uint64_t> turns{0};        // heartbeats of the event loop
  std::atomic<uint64_t> loop_lag_ns{0};  // how late the last timer turn came
};

// Single-writer increment: no locked instruction.
inline void Bump(std::atomic<uint64_t>& counter, int64_t by = 1) {
  counter.store(counter.load(std::memory_order_relaxed) + static_cast<uint64_t>(by),
                std::memory_order_relaxed);
}

}  // namespace meshhost
