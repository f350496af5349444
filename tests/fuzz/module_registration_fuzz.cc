// SPDX-License-Identifier: Apache-2.0
//
// What a module registers is untrusted until it was checked: descriptor sets, names, patterns,
// kinds. The input is a list of lines "D bytes", "S service method", "R verb pattern", "W pattern
// protocols"; whatever it says, a registration refuses it or holds endpoints that are complete.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "host/module/registration.h"

namespace {

using namespace meshhost;

void Require(bool condition) {
  if (!condition) std::abort();
}

class NoMisbehaviour final : public MisbehaviourSink {
 public:
  void OnException(std::string_view) override {}
  void OnOverrun(std::string_view, std::uint64_t) override {}
};

std::string_view TakeUntil(std::string_view* text, char end) {
  const std::size_t n = std::min(text->find(end), text->size());
  const std::string_view taken = text->substr(0, n);
  text->remove_prefix(std::min(n + 1, text->size()));
  return taken;
}

void Register(std::string_view line, Registration* registration) {
  const std::string_view command = TakeUntil(&line, ' ');
  mh_method method = {};
  method.size = sizeof(method);
  method.on_call = [](void*, mh_call*, const mh_msg*) {};
  // Kind and exec of any value.
  if (command.size() > 1) method.kind = static_cast<std::uint8_t>(command[1]) % 5;
  if (command.size() > 2) method.exec = static_cast<std::uint8_t>(command[2]) % 3;
  const std::string_view first = TakeUntil(&line, ' ');
  switch (command.empty() ? '\0' : command.front()) {
    case 'D':
      (void)registration->AddDescriptors(line);
      break;
    case 'S':
      method.name = ToAbi(line);
      (void)registration->AddService(first, {method, method});
      (void)registration->AddService(first, {method});
      break;
    case 'R':
      (void)registration->AddRoute(first, line, method);
      break;
    case 'W':
      (void)registration->AddWebSocket(first, line, method);
      break;
    default:
      break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  NoMisbehaviour misbehaviour;
  const CrossingMark mark{"fuzz", "lifecycle", 1};
  InstanceCounts counts(1);
  ModulePool pool({"m:fuzz", 1, 1, mark, &misbehaviour});
  CallContext context{pool, counts, misbehaviour};
  Claims claims;
  Registration registration("fuzz", {"a.example", "*.b.example"}, mark, context, claims);
  std::string_view text(reinterpret_cast<const char*>(data), size);
  while (!text.empty()) Register(TakeUntil(&text, '\n'), &registration);
  for (const auto& method : registration.methods()) {
    const Endpoint& endpoint = method->endpoint();
    Require(!endpoint.name.empty() && !endpoint.verb.empty() && endpoint.handler == method.get());
    Require(endpoint.kind == Kind::kGrpc || endpoint.name.front() == '/');
  }
  Claims again;
  Require(registration.ClaimAll(again).ok());
  return 0;
}
