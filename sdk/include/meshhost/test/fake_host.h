// SPDX-License-Identifier: Apache-2.0
//
// A host to test a module with: no sockets, no threads of its own, a virtual clock.
//
//   mh::test::FakeHost host;
//   ASSERT_TRUE(host.Load("modules/todo.so", R"({"max_items": 2})").ok());
//   mh::test::FakeCall& call = host.Http("POST", "/todos", R"({"title": "milk"})");
//   host.Run();                                  // delivers events until nothing moves
//   EXPECT_EQ(call.head_code(), 201);
//
// It keeps the promises of the ABI: events are queued, messages come only for credits, on_end is
// last. One test thread drives it; the module may call it from any thread. Link with the `dl`
// library where the C library does not have dlopen.
#pragma once

#include <dlfcn.h>
#include <meshhost/abi/grpc.h>
#include <meshhost/abi/http.h>
#include <meshhost/abi/module.h>
#include <meshhost/abi/state.h>
#include <meshhost/abi/ws.h>
#include <meshhost/message.h>
#include <meshhost/test/fake_call.h>
#include <meshhost/test/fake_exec.h>

#include <chrono>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace mh::test {
class FakeHost;
}  // namespace mh::test

struct mh_instance {
  mh::test::FakeHost* host;
};

namespace mh::test {

// What mh.state/1 hands over, up to `room` bytes.
struct FakeRecords {
  size_t room;
  std::vector<std::string> all;

  static mh_rc Sink(void* self, const mh_msg* record) noexcept {
    FakeRecords& records = *static_cast<FakeRecords*>(self);
    std::string bytes;
    MessageView(record).CopyTo(bytes);
    if (bytes.size() > records.room) return MH_FAILED;
    records.room -= bytes.size();
    records.all.push_back(std::move(bytes));
    return MH_OK;
  }
};

class FakeHost final {
 public:
  FakeHost() = default;
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;
  ~FakeHost() { Unload(); }

  // entry, create and start, as the real host does; the text of an error is the module's.
  // With `old`: an upgrade, which hands the state of that host's module over before the start.
  Status Load(mh_entry_fn entry, std::string config = "{}", FakeHost* old = nullptr) {
    mh_err err = {sizeof(err), 0, ""};
    config_ = std::make_unique<FakeConfig>(config);
    const mh_module* module = entry(MH_ABI_MAJOR, MH_ABI_MINOR, &err);
    if (module == nullptr) return FromHost(MH_UNSUPPORTED, err, "entry");
    mh_rc rc = module->create(Table(), &instance_, Str(config), &ud_, &err);
    if (rc != MH_OK) return FromHost(rc, err, "create");
    module_ = module;
    if (old != nullptr) rc = HandOver(*old, &err);
    if (rc != MH_OK) return FromHost(rc, err, "state load");
    if (module->start != nullptr) rc = module->start(ud_, &err);
    return FromHost(rc, err, "start");
  }

  Status Load(const std::string& file, std::string config = "{}", FakeHost* old = nullptr) {
    library_ = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library_ == nullptr) return Internal(dlerror());
    const auto entry = reinterpret_cast<mh_entry_fn>(dlsym(library_, MH_MODULE_ENTRY_NAME));
    if (entry == nullptr) return Internal(file + " has no " MH_MODULE_ENTRY_NAME);
    return Load(entry, std::move(config), old);
  }

  // drain, destroy, fini, dlclose; what is still open is what would keep a real host from it.
  void Unload() {
    if (module_ != nullptr) {
      if (module_->drain != nullptr) module_->drain(ud_, now_ns_ + 1);
      Run();
      module_->destroy(ud_);
      if (module_->fini != nullptr) module_->fini();
    }
    if (library_ != nullptr) dlclose(library_);
    module_ = nullptr;
    library_ = nullptr;
  }

  // --- calls; each lives as long as the host ---

  // method: "pkg.Service/Method". Streams that the client feeds ignore `request`.
  FakeCall& Grpc(const std::string& method, const std::string& request = "", Pairs metadata = {}) {
    FakeRequest begin;
    begin.method = method;
    begin.path = "/" + method;
    begin.headers = std::move(metadata);
    return Begin(methods_.at(method), std::move(begin), request);
  }

  // target: "/v1/items/7?full=1"; throws std::out_of_range when no route matches.
  FakeCall& Http(const std::string& verb, const std::string& target, const std::string& body = "",
                 Pairs headers = {}) {
    return BeginRoute(verb, MH_PROTOCOL_HTTP, target, body, std::move(headers));
  }

  FakeCall& WebSocket(const std::string& target, Pairs headers = {}) {
    return BeginRoute("WS", MH_PROTOCOL_WEBSOCKET, target, "", std::move(headers));
  }

  // Delivers events and posted work until nothing moves.
  void Run() {
    for (bool moved = true; moved;) {
      moved = exec_.RunPosted() || exec_.RunTimer(now_ns_);
      for (size_t i = 0; i < calls_.size(); i++) moved = calls_[i]->DeliverOne() || moved;
    }
  }

  void Advance(std::chrono::nanoseconds time) {
    now_ns_ += static_cast<uint64_t>(time.count());
    Run();
  }

  void set_state_limit(size_t bytes) {
    state_limit_ = bytes;
  }                                                           // what this host keeps of an old one
  void set_slice_size(size_t bytes) { slice_size_ = bytes; }  // messages come in pieces
  int live_blocks() const { return live_blocks_.load(); }     // 0: the module leaked no slice
  size_t pending_work() const { return exec_.pending(); }
  const std::vector<std::string>& log() const { return log_; }
  const std::string& descriptors() const { return descriptors_; }

  // "todo_items", or with label values "catalog_writes_total{create}"; 0 when there is none.
  double Metric(const std::string& key) const {
    const std::string name = key.substr(0, key.find('{'));
    const std::string labels =
        name.size() == key.size() ? "" : key.substr(name.size() + 1, key.size() - name.size() - 2);
    const auto found = metrics_.find(name);
    if (found == metrics_.end()) return 0;
    const auto series = found->second.series.find(labels);
    return series == found->second.series.end() ? 0 : series->second.value;
  }

 private:
  struct Route {
    std::string verb;
    std::string pattern;
    mh_method method;
  };

  const mh_state_1* State() const {
    if (module_ == nullptr || module_->query == nullptr) return nullptr;
    return static_cast<const mh_state_1*>(module_->query(ud_, MH_STATE_1));
  }

  // As the real host does it: what does not fit starts empty, what fails to load is refused.
  mh_rc HandOver(FakeHost& old, mh_err* err) {
    const mh_state_1* from = old.State();
    const mh_state_1* to = State();
    if (from == nullptr || to == nullptr) return MH_OK;
    if (from->format < to->oldest_format || from->format > to->format) return MH_OK;
    FakeRecords records{state_limit_, {}};
    if (from->save(old.ud_, &FakeRecords::Sink, &records, err) != MH_OK) return MH_OK;
    for (const std::string& record : records.all) {
      const mh_slice slice = {reinterpret_cast<const uint8_t*>(record.data()), record.size(),
                              nullptr};
      const mh_msg message = {&slice, 1, 0};
      const mh_rc rc = to->load(ud_, &message, from->format, err);
      if (rc == MH_UNSUPPORTED) return MH_OK;
      if (rc != MH_OK) return rc;
    }
    return MH_OK;
  }

  FakeCall& Begin(const mh_method& method, FakeRequest request, const std::string& first) {
    calls_.push_back(
        std::make_unique<FakeCall>(std::move(request), method, slice_size_, &live_blocks_));
    FakeCall& call = *calls_.back();
    call.Begin(first);
    return call;
  }

  FakeCall& BeginRoute(const std::string& verb, uint32_t protocol, const std::string& target,
                       const std::string& body, Pairs headers) {
    FakeRequest begin;
    begin.protocol = protocol;
    begin.verb = protocol == MH_PROTOCOL_HTTP ? verb : "GET";
    begin.path = target.substr(0, target.find('?'));
    if (begin.path.size() < target.size()) begin.query = target.substr(begin.path.size() + 1);
    begin.headers = std::move(headers);
    for (const Route& route : routes_) {
      begin.params.clear();
      if (route.verb != verb || !Match(route.pattern, begin.path, begin.params)) continue;
      begin.method = route.pattern;
      return Begin(route.method, std::move(begin), body);
    }
    throw std::out_of_range("no route for " + verb + " " + target);
  }

  static bool Match(std::string_view pattern, std::string_view path, Pairs& params) {
    while (!pattern.empty() && !path.empty()) {
      const std::string_view want = pattern.substr(0, pattern.find('/', 1));
      std::string_view got = path.substr(0, path.find('/', 1));
      if (want.substr(0, 2) == "/{") {
        std::string_view name = want.substr(2, want.size() - 3);
        if (name.size() > 3 && name.substr(name.size() - 3) == "...") {
          name.remove_suffix(3);
          got = path;
        }
        params.emplace_back(name, got.substr(1));
      } else if (want != got) {
        return false;
      }
      pattern.remove_prefix(want.size());
      path.remove_prefix(got.size());
    }
    return pattern.empty() && path.empty();
  }

  static const mh_host* Table();
  static const void* Query(mh_instance*, const char* id);

  friend struct FakeTables;

  mh_instance instance_ = {this};
  const mh_module* module_ = nullptr;
  void* library_ = nullptr;
  void* ud_ = nullptr;
  size_t slice_size_ = SIZE_MAX;
  size_t state_limit_ = SIZE_MAX;
  std::atomic<int> live_blocks_{0};
  std::unique_ptr<FakeConfig> config_;
  FakeExec exec_;
  std::string descriptors_;
  std::map<std::string, mh_method> methods_;
  std::vector<Route> routes_;
  std::map<std::string, mh_metric> metrics_;
  std::mutex log_mutex_;
  std::vector<std::string> log_;
  std::vector<std::unique_ptr<FakeCall>> calls_;
  // The ABI's clock has no context, so all FakeHosts of a process share it.
  static inline std::atomic<uint64_t> now_ns_{1000000000};
};

}  // namespace mh::test

#include <meshhost/test/fake_tables.h>
