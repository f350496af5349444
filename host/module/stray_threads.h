// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

namespace meshhost {

// How many threads of this process began in code of the object that is mapped from `path`: those
// that a module has started around the host. To unmap the object would crash them.
//
// The start function of a thread stands in its control block, which glibc keeps at the top of the
// thread's stack and which says itself where it is. A thread that is not blocked at this moment
// does not show, and neither does one whose start function is of a library (a shared libstdc++):
// this is the last net, not the rule, which is to use mh.exec/1. x86-64; elsewhere always 0.
//
// Any thread; it is not counted itself. Takes about a millisecond.
[[nodiscard]] std::size_t StrayThreads(const std::string& path);

}  // namespace meshhost
