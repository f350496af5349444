// SPDX-License-Identifier: Apache-2.0
//
// What TSan cannot know: Pistache, which is not instrumented, hands a response that another thread
// has written to its own thread by atomics and reference counts. Named are the two parts of it that
// receive them, so that a race in a handler of ours is still reported.
extern "C" const char* __tsan_default_suppressions();

extern "C" const char* __tsan_default_suppressions() {
  return "race:Pistache::Tcp::Transport::\n"
         "race:Pistache::Async::Private::\n";
}
