// SPDX-License-Identifier: Apache-2.0
//
// A module in C++: derive from mh::Module, say its name at file scope, build it with
// meshhost_add_module(). Every module has the same shape, in this order: settings, Configure,
// Register, (Start), handlers, (Drain), destructor.
//
//   class Hello final : public mh::Module {
//    public:
//     void Register(mh::Registry& registry) override {
//       mh::HttpRoutes(registry, this).Get("/hello", &Hello::Greet);
//     }
//     mh::Status Greet(const mh::Request& request, mh::Response& response) { ... }
//   };
//   MESHHOST_MODULE(Hello, "hello", "1.0.0", "mh.http/1");
//
// A module with state that an upgrade should keep: state.h.
// Include what you use: grpc.h, http.h, websocket.h, json.h, config.h, metrics.h, stream.h.
#pragma once

#include <meshhost/abi/module.h>
#include <meshhost/abi/note.h>
#include <meshhost/guard.h>
#include <meshhost/host.h>
#include <meshhost/message.h>
#include <meshhost/state.h>

#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#if defined(MH_STATIC_RUNTIME)
namespace __gnu_cxx {
extern void __freeres();  // libstdc++: gives back the pool for exceptions, else lost per reload
}
#endif

namespace mh {

// The settings that the host's TOML has under [module.config]; see config.h to read them.
class Settings final {
 public:
  explicit Settings(std::string_view json) : json_(json) {}
  std::string_view json() const { return json_; }

 private:
  std::string_view json_;
};

// What Register fills: services, routes, metrics. The first failure is kept and fails the load,
// so registering code needs no error handling. Control thread only.
class Registry final {
 public:
  explicit Registry(Host host) : host_(host) {}
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  const Host& host() const { return host_; }
  const Status& status() const { return status_; }

  void Check(Status status) {
    if (status_.ok()) status_ = std::move(status);
  }

  // [skin] An interface that the module cannot do without.
  template <class Interface>
  const Interface* Require(const char* id) {
    const Interface* found = host_.Query<Interface>(id);
    if (found == nullptr) Check(Unimplemented("this host has no " + std::string(id)));
    return found;
  }

  // [skin] Keeps a handler as long as the module.
  template <class T>
  T* Own(T value) {
    auto owned = std::make_shared<T>(std::move(value));
    owned_.push_back(owned);
    return owned.get();
  }

 private:
  Host host_;
  Status status_;
  std::vector<std::shared_ptr<void>> owned_;
};

// One generation of a module. Made and destroyed by the host, on its control thread; handlers run
// on pool threads (or the connection's worker when registered as inline), many at a time.
class Module {
 public:
  Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  virtual ~Module() = default;  // everything has ended: no call, timer or thread is left

  // Reads the settings and opens what the module needs; a failure refuses the load.
  virtual Status Configure(const Settings&) { return Status(); }
  // Names all services, routes and metrics.
  virtual void Register(Registry& registry) = 0;
  // Last step before calls may come.
  virtual Status Start() { return Status(); }
  // New settings while calls run; the default asks for a new generation instead.
  virtual Status Reconfigure(const Settings&) { return Unimplemented("needs a new generation"); }
  // No new calls will come. Cancel periodic timers, end threads and long streams here.
  virtual void Drain(std::chrono::nanoseconds deadline) { (void)deadline; }

  const Host& host() const { return host_; }

 private:
  template <class T>
  friend struct ModuleTable;
  Host host_;
};

// [skin] The C table of module class T, and the trampolines behind it.
template <class T>
struct ModuleTable {
  struct Instance {
    explicit Instance(Host host) : registry(host) {}
    Registry registry;  // owns the handlers; outlives the module that they point to
    std::unique_ptr<T> module;
  };

  static mh_rc Create(const mh_host* table, mh_instance* handle, mh_str config, void** ud,
                      mh_err* err) noexcept {
    const Host host(table, handle);
    const Status status = detail::Guarded(host, [&] {
      auto instance = std::make_unique<Instance>(host);
      instance->module = std::make_unique<T>();
      static_cast<Module&>(*instance->module).host_ = host;
      Status result = instance->module->Configure(Settings(View(config)));
      if (!result.ok()) return result;
      instance->module->Register(instance->registry);
      result = instance->registry.status();
      if (result.ok()) *ud = instance.release();
      return result;
    });
    return ToHost(status, err);
  }

  static mh_rc Start(void* ud, mh_err* err) noexcept {
    T& module = *static_cast<Instance*>(ud)->module;
    return ToHost(detail::Guarded(module.host(), [&] { return module.Start(); }), err);
  }

  static mh_rc Reconfigure(void* ud, mh_str config, mh_err* err) noexcept {
    T& module = *static_cast<Instance*>(ud)->module;
    return ToHost(
        detail::Guarded(module.host(), [&] { return module.Reconfigure(Settings(View(config))); }),
        err);
  }

  static void Drain(void* ud, uint64_t deadline_ns) noexcept {
    T& module = *static_cast<Instance*>(ud)->module;
    const Status ignored = detail::Guarded(module.host(), [&] {
      module.Drain(std::chrono::nanoseconds(deadline_ns));
      return Status();
    });
    (void)ignored;
  }

  static mh_rc SaveState(void* ud, StateWriter::Sink sink, void* ctx, mh_err* err) noexcept {
    T& module = *static_cast<Instance*>(ud)->module;
    StateWriter writer(sink, ctx);
    return ToHost(detail::Guarded(module.host(), [&] { return module.SaveState(writer); }), err);
  }

  static mh_rc LoadState(void* ud, const mh_msg* record, uint32_t format, mh_err* err) noexcept {
    T& module = *static_cast<Instance*>(ud)->module;
    const auto load = [&] {
      std::string scratch;
      return module.LoadState(MessageView(record).Flat(scratch), format);
    };
    return ToHost(detail::Guarded(module.host(), load), err);
  }

  static const void* Query(void*, const char* id) noexcept {
    if constexpr (requires { T::kState; }) {
      static const mh_state_1 state = {sizeof(mh_state_1), T::kState.format, T::kState.oldest, 0,
                                       &SaveState,         &LoadState};
      if (std::strcmp(id, MH_STATE_1) == 0) return &state;
    }
    return nullptr;
  }

  static void Destroy(void* ud) noexcept { delete static_cast<Instance*>(ud); }

  static void Fini() noexcept {
#if defined(MH_STATIC_RUNTIME)
    __gnu_cxx::__freeres();
#endif
  }

  static const mh_module* Entry(uint16_t host_major, mh_err* err) noexcept {
    static const mh_module table = {sizeof(mh_module), 0,     &Create, &Start, &Reconfigure, &Drain,
                                    &Destroy,          &Fini, &Query};
    if (host_major == MH_ABI_MAJOR) return &table;
    const mh_rc ignored = ToHost(Unimplemented("this module speaks ABI major 1"), err);
    (void)ignored;
    return nullptr;
  }
};

}  // namespace mh

// Once per module, at file scope: class, name ([a-z0-9_-]+), version, interfaces it must have.
#define MESHHOST_MODULE(Class, name, version, needs)                                      \
  MH_MODULE_NOTE(name, version, needs);                                                   \
  extern "C" MH_EXPORT const mh_module* mh_module_entry_v1(uint16_t host_major, uint16_t, \
                                                           mh_err* err) {                 \
    return mh::ModuleTable<Class>::Entry(host_major, err);                                \
  }                                                                                       \
  static_assert(std::string_view(name).size() < sizeof(mh_note::module), "name is too long")
