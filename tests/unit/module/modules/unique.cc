// SPDX-License-Identifier: Apache-2.0
// The static of an inline function becomes an STB_GNU_UNIQUE symbol when no version script hides
// it.
#include <meshhost/abi/module.h>
#include <meshhost/abi/note.h>

MH_MODULE_NOTE("unique", "1.0.0", "");

inline __attribute__((visibility("default"))) int& Counter() {
  static int counter = 0;
  return counter;
}

extern "C" MH_EXPORT const mh_module* mh_module_entry_v1(uint16_t, uint16_t, mh_err*) {
  return ++Counter() > 0 ? nullptr : nullptr;
}
