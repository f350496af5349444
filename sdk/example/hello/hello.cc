// SPDX-License-Identifier: Apache-2.0
#include <meshhost/http.h>
#include <meshhost/module.h>

class Hello final : public mh::Module {
 public:
  void Register(mh::Registry& registry) override {
    mh::HttpRoutes(registry, this).Get("/hello/{name}", &Hello::Greet);
  }

 private:
  mh::Status Greet(const mh::Request& request, mh::Response& response) {
    if (request.Param("name") == "nobody") return mh::NotFound("there is nobody to greet");
    return response.SendText("Hello, " + std::string(request.Param("name")) + "!");
  }
};

MESHHOST_MODULE(Hello, "hello", "1.0.0", "mh.http/1");
