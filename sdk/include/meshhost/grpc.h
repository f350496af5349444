// SPDX-License-Identifier: Apache-2.0
//
// gRPC services with protobuf LITE messages (meshhost_add_module compiles PROTOS for them). The
// handler's signature says which kind of call it serves:
//
//   Status       Get(Call&, const GetRequest&, Item&)                unary
//   Task<Status> Get(Call&, const GetRequest&, Item&)                unary that waits
//   Task<Status> List(Call&, const ListRequest&, Writer<Item>&)      server streaming
//   Task<Status> Import(Call&, Reader<Item>&, Summary&)              client streaming
//   Task<Status> Sync(Call&, Stream<SyncRequest, SyncResponse>&)     bidirectional
//
//   mh::GrpcDescriptors(registry, mh::descriptors());
//   mh::GrpcService(registry, "catalog.v1.Catalog", this)
//       .Method("Get", &Catalog::Get)
//       .Method("List", &Catalog::List);
//
// Requests are parsed from where they were received; responses are written into a host block.
#pragma once

#include <google/protobuf/io/zero_copy_stream.h>
#include <google/protobuf/message_lite.h>
#include <meshhost/abi/grpc.h>
#include <meshhost/descriptors.h>
#include <meshhost/method.h>

#include <algorithm>
#include <climits>
#include <concepts>
#include <string_view>
#include <vector>

namespace mh {

namespace detail {

// A message in several slices, as protobuf reads it.
class SliceStream final : public google::protobuf::io::ZeroCopyInputStream {
 public:
  explicit SliceStream(std::span<const mh_slice> slices) : slices_(slices) {}

  bool Next(const void** data, int* size) override {
    while (!slices_.empty() && offset_ == slices_.front().n) {
      slices_ = slices_.subspan(1);
      offset_ = 0;
    }
    if (slices_.empty()) return false;
    const size_t n = std::min<size_t>(slices_.front().n - offset_, INT_MAX);
    *data = slices_.front().p + offset_;
    *size = static_cast<int>(n);
    offset_ += n;
    read_ += static_cast<int64_t>(n);
    return true;
  }

  void BackUp(int count) override {
    offset_ -= static_cast<size_t>(count);
    read_ -= count;
  }

  bool Skip(int count) override {
    const void* data;
    int size;
    while (count > 0) {
      if (!Next(&data, &size)) return false;
      if (size > count) BackUp(size - count);
      count -= std::min(size, count);
    }
    return true;
  }

  int64_t ByteCount() const override { return read_; }

 private:
  std::span<const mh_slice> slices_;
  size_t offset_ = 0;
  int64_t read_ = 0;
};

// on_call of a unary handler that does not wait.
template <class T, class Request, class Response>
struct UnaryHandler {
  static void OnCall(void* ud, mh_call* handle, const mh_msg* first) noexcept {
    const UnaryHandler& self = *static_cast<UnaryHandler*>(ud);
    Call call(self.host, handle);
    Buffer last;
    const Status status = Guarded(self.host, [&] {
      Request request;
      Response response;
      if (!Codec<Request>::Read(MessageView(first), request)) {
        return InvalidArgument("the request does not parse");
      }
      Status result = (self.object->*self.function)(call, request, response);
      if (result.ok() && !Codec<Response>::Write(self.host, response, last)) {
        result = ResourceExhausted("the response cannot be written");
      }
      return result;
    });
    call.Finish(status, status.ok() ? &last : nullptr);
  }

  Host host;
  T* object;
  Status (T::*function)(Call&, const Request&, Response&);
};

// on_call of a coroutine handler. Function: (Call&, const In& or In&, Out&), or (Call&, In&).
template <class T, class In, class Out, class Function>
struct TaskHandler {
  static void OnCall(void* ud, mh_call* handle, const mh_msg* first) noexcept {
    const TaskHandler& self = *static_cast<TaskHandler*>(ud);
    StartGuarded(self.host, handle, [&]() -> Status {
      auto state = std::make_unique<Operation<In, Out>>(self.host, handle, self.kind);
      if constexpr (!kStreams<In>) {
        if (!Codec<In>::Read(MessageView(first), state->in)) {
          return InvalidArgument("the request does not parse");
        }
      }
      (void)first;
      return Launch(std::move(state), [&self](Operation<In, Out>& call) {
        if constexpr (std::same_as<Out, Nothing>) {
          return (self.object->*self.function)(call.call(), call.in);
        } else {
          return (self.object->*self.function)(call.call(), call.in, call.out);
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

// A protobuf LITE message.
template <std::derived_from<google::protobuf::MessageLite> T>
struct Codec<T> {
  static bool Read(const MessageView& message, T& out) {
    const auto slices = message.slices();
    if (slices.size() == 1 && slices[0].n <= INT_MAX) {
      return out.ParseFromArray(slices[0].p, static_cast<int>(slices[0].n));
    }
    detail::SliceStream stream(slices);
    return out.ParseFromZeroCopyStream(&stream);
  }

  static bool Write(const Host& host, const T& message, Buffer& out) {
    const size_t size = message.ByteSizeLong();
    out.Reset();
    if (size > INT_MAX) return false;
    if (size == 0) return true;
    uint8_t* to = nullptr;
    out = Buffer::Allocate(host, size, &to);
    if (out.empty()) return false;
    message.SerializeWithCachedSizesToArray(to);
    return true;
  }
};

// The module's .proto files as protoc's descriptor set; before its services.
inline void GrpcDescriptors(Registry& registry, std::string_view file_descriptor_set) {
  const auto* grpc = registry.Require<mh_grpc_1>(MH_GRPC_1);
  if (grpc == nullptr) return;
  mh_err err = {sizeof(mh_err), 0, ""};
  const mh_rc rc = grpc->descriptors(registry.host().instance(), file_descriptor_set.data(),
                                     file_descriptor_set.size(), &err);
  registry.Check(FromHost(rc, err, "descriptors"));
}

// grpc.health.v1 status of one of the module's services; they serve from Start on unless told
// otherwise. Any thread.
inline Status SetServing(const Host& host, std::string_view service, bool serving) {
  const auto* grpc = host.Query<mh_grpc_1>(MH_GRPC_1);
  if (grpc == nullptr) return Unimplemented("this host has no mh.grpc/1");
  return FromHost(grpc->health(host.instance(), Str(service), serving ? 1 : 0), mh_err{}, service);
}

// Collects the methods of one service, and registers it when the statement ends.
template <class T>
class GrpcService final {
 public:
  GrpcService(Registry& registry, std::string_view name, T* object)
      : registry_(registry), name_(name), object_(object) {}
  GrpcService(const GrpcService&) = delete;
  GrpcService& operator=(const GrpcService&) = delete;

  ~GrpcService() {
    const auto* grpc = registry_.Require<mh_grpc_1>(MH_GRPC_1);
    if (grpc == nullptr) return;
    mh_err err = {sizeof(mh_err), 0, ""};
    const mh_rc rc = grpc->service(registry_.host().instance(), Str(name_), methods_.data(),
                                   methods_.size(), sizeof(mh_method), &err);
    registry_.Check(FromHost(rc, err, name_));
  }

  template <class In, class Out>
  GrpcService& Method(std::string_view name, Status (T::*function)(Call&, const In&, Out&),
                      MethodOptions options = {}) {
    auto* handler =
        registry_.Own(detail::UnaryHandler<T, In, Out>{registry_.host(), object_, function});
    methods_.push_back(detail::MakeMethod(name, MH_KIND_UNARY, options, handler));
    return *this;
  }

  template <class In, class Out>
  GrpcService& Method(std::string_view name, Task<Status> (T::*function)(Call&, const In&, Out&),
                      MethodOptions options = {}) {
    return Add<In, Out>(name, MH_KIND_UNARY, function, options);
  }

  template <class In, class Out>
  GrpcService& Method(std::string_view name,
                      Task<Status> (T::*function)(Call&, const In&, Writer<Out>&),
                      MethodOptions options = {}) {
    return Add<In, Writer<Out>>(name, MH_KIND_SERVER_STREAM, function, options);
  }

  template <class In, class Out>
  GrpcService& Method(std::string_view name, Task<Status> (T::*function)(Call&, Reader<In>&, Out&),
                      MethodOptions options = {}) {
    return Add<Reader<In>, Out>(name, MH_KIND_CLIENT_STREAM, function, options);
  }

  template <class In, class Out>
  GrpcService& Method(std::string_view name, Task<Status> (T::*function)(Call&, Stream<In, Out>&),
                      MethodOptions options = {}) {
    return Add<Stream<In, Out>, detail::Nothing>(name, MH_KIND_BIDI, function, options);
  }

 private:
  template <class In, class Out, class Function>
  GrpcService& Add(std::string_view name, uint32_t kind, Function function,
                   const MethodOptions& options) {
    auto* handler = registry_.Own(
        detail::TaskHandler<T, In, Out, Function>{registry_.host(), object_, function, kind});
    methods_.push_back(detail::MakeMethod(name, kind, options, handler));
    return *this;
  }

  Registry& registry_;
  std::string_view name_;
  T* object_;
  std::vector<mh_method> methods_;
};

}  // namespace mh
