// SPDX-License-Identifier: Apache-2.0
//
// named: says the name from its settings at GET /name, POST /name/{id} and the WebSocket /name, and
// has no gRPC service, so that one host can load it several times for different hosts.
#include <meshhost/config.h>
#include <meshhost/http.h>
#include <meshhost/module.h>
#include <meshhost/websocket.h>

#include <string>

namespace {

struct Config {
  std::string name = "nobody";
  void Describe(auto& fields) { fields("name", name); }
};

class Named final : public mh::Module {
 public:
  mh::Status Configure(const mh::Settings& settings) override {
    return mh::ReadConfig(settings, config_);
  }

  void Register(mh::Registry& registry) override {
    mh::HttpRoutes(registry, this).Get("/name", &Named::Say).Post("/name/{id}", &Named::Say);
    mh::WebSocketRoutes(registry, this).Route("/name", &Named::SayOnce);
  }

 private:
  mh::Status Say(const mh::Request&, mh::Response& response) {
    return response.SendText(config_.name);
  }

  mh::Task<mh::Status> SayOnce(mh::Call&, mh::WebSocket& socket) {
    co_await socket.SendText(config_.name);
    co_return mh::Status();
  }

  Config config_;
};

}  // namespace

MESHHOST_MODULE(Named, "named", "1.0.0", "mh.http/1 mh.ws/1");
