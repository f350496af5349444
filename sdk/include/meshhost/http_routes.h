// SPDX-License-Identifier: Apache-2.0
//
// Registration of the handlers that http.h describes; include that one.
#pragma once

#include <meshhost/http.h>

namespace mh {

namespace detail {

template <class T>
struct RouteHandler {
  static void OnCall(void* ud, mh_call* handle, const mh_msg* first) noexcept {
    const RouteHandler& self = *static_cast<RouteHandler*>(ud);
    Call call(self.host, handle);
    Response response(call);
    const Status status = Guarded(self.host, [&] {
      const Request request(call, MessageView(first));
      return (self.object->*self.function)(request, response);
    });
    response.Finish(status);
  }

  Host host;
  T* object;
  Status (T::*function)(const Request&, Response&);
};

// One running coroutine handler of a route. Out: Response or ResponseWriter.
template <class Out>
class RouteOperation final : public CallState {
 public:
  RouteOperation(const Host& host, mh_call* handle, uint32_t kind, const mh_msg* first)
      : CallState(host, handle, kind),
        request(call(), MessageView(first)),
        out(MakeOut(this)),
        body(this) {
    request.KeepBody();
  }

  Request request;
  Out out;
  Reader<std::string> body;

 private:
  static Out MakeOut(CallState* state) {
    if constexpr (std::same_as<Out, Response>) {
      return Out(state->call());
    } else {
      return Out(state);
    }
  }

  Status Complete(Status status, Buffer& last) override {
    if constexpr (std::same_as<Out, Response>) {
      has_last_ = out.has_body();
      if (!status.ok()) return status;
      call().SendHeaders(out.code() != 0 ? out.code() : has_last_ ? 200 : 204);
      last = out.TakeBody();
    }
    (void)last;
    return status;
  }
};

template <class T, class Out, class Function>
struct RouteTaskHandler {
  static void OnCall(void* ud, mh_call* handle, const mh_msg* first) noexcept {
    const RouteTaskHandler& self = *static_cast<RouteTaskHandler*>(ud);
    StartGuarded(self.host, handle, [&] {
      auto state = std::make_unique<RouteOperation<Out>>(self.host, handle, self.kind, first);
      return Launch(std::move(state), [&self](RouteOperation<Out>& call) {
        if constexpr (std::invocable<Function, T*, const Request&, Out&>) {
          return (self.object->*self.function)(call.request, call.out);
        } else {
          return (self.object->*self.function)(call.request, call.body, call.out);
        }
      });
    });
  }

  Host host;
  T* object;
  Function function;
  uint32_t kind;
};

}  // namespace detail

// Registers routes one by one; handlers are members of *object, which outlives the module's calls.
template <class T>
class HttpRoutes final {
 public:
  HttpRoutes(Registry& registry, T* object) : registry_(registry), object_(object) {}

  template <class Function>
  HttpRoutes& Get(std::string_view pattern, Function function, MethodOptions options = {}) {
    return Route("GET", pattern, function, options);
  }
  template <class Function>
  HttpRoutes& Post(std::string_view pattern, Function function, MethodOptions options = {}) {
    return Route("POST", pattern, function, options);
  }
  template <class Function>
  HttpRoutes& Put(std::string_view pattern, Function function, MethodOptions options = {}) {
    return Route("PUT", pattern, function, options);
  }
  template <class Function>
  HttpRoutes& Patch(std::string_view pattern, Function function, MethodOptions options = {}) {
    return Route("PATCH", pattern, function, options);
  }
  template <class Function>
  HttpRoutes& Delete(std::string_view pattern, Function function, MethodOptions options = {}) {
    return Route("DELETE", pattern, function, options);
  }

  HttpRoutes& Route(std::string_view verb, std::string_view pattern,
                    Status (T::*function)(const Request&, Response&), MethodOptions options = {}) {
    return Add(verb, pattern, MH_KIND_UNARY, options,
               detail::RouteHandler<T>{registry_.host(), object_, function});
  }
  HttpRoutes& Route(std::string_view verb, std::string_view pattern,
                    Task<Status> (T::*function)(const Request&, Response&),
                    MethodOptions options = {}) {
    return AddTask<Response>(verb, pattern, MH_KIND_UNARY, options, function);
  }
  HttpRoutes& Route(std::string_view verb, std::string_view pattern,
                    Task<Status> (T::*function)(const Request&, ResponseWriter&),
                    MethodOptions options = {}) {
    return AddTask<ResponseWriter>(verb, pattern, MH_KIND_SERVER_STREAM, options, function);
  }
  HttpRoutes& Route(std::string_view verb, std::string_view pattern,
                    Task<Status> (T::*function)(const Request&, Reader<std::string>&, Response&),
                    MethodOptions options = {}) {
    return AddTask<Response>(verb, pattern, MH_KIND_CLIENT_STREAM, options, function);
  }

 private:
  template <class Out, class Function>
  HttpRoutes& AddTask(std::string_view verb, std::string_view pattern, uint32_t kind,
                      const MethodOptions& options, Function function) {
    return Add(
        verb, pattern, kind, options,
        detail::RouteTaskHandler<T, Out, Function>{registry_.host(), object_, function, kind});
  }

  template <class Handler>
  HttpRoutes& Add(std::string_view verb, std::string_view pattern, uint32_t kind,
                  const MethodOptions& options, Handler value) {
    const auto* http = registry_.Require<mh_http_1>(MH_HTTP_1);
    if (http == nullptr) return *this;
    Handler* handler = registry_.Own(std::move(value));
    const mh_method method = detail::MakeMethod(pattern, kind, options, handler);
    mh_err err = {sizeof(mh_err), 0, ""};
    const mh_rc rc =
        http->route(registry_.host().instance(), Str(verb), Str(pattern), &method, &err);
    registry_.Check(FromHost(rc, err, std::string(verb) + " " + std::string(pattern)));
    return *this;
  }

  Registry& registry_;
  T* object_;
};

}  // namespace mh
