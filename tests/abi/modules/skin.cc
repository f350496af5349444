// SPDX-License-Identifier: Apache-2.0
//
// The sample module on the C++ skin with protobuf LITE messages, built by gcc and by clang.
#include <meshhost/grpc.h>
#include <meshhost/http.h>
#include <meshhost/module.h>
#include <sample/v1/sample.pb.h>

namespace {

class Skin final : public mh::Module {
 public:
  void Register(mh::Registry& registry) override {
    mh::GrpcDescriptors(registry, mh::descriptors());
    mh::GrpcService(registry, SAMPLE_SERVICE, this).Method("Name", &Skin::Name);
    mh::HttpRoutes(registry, this).Get("/sample/" SAMPLE_NAME, &Skin::HttpName);
  }

 private:
  mh::Status Name(mh::Call&, const sample::v1::Message& request, sample::v1::Message& response) {
    response.set_text(SAMPLE_NAME);
    response.set_number(request.number());
    return mh::Status();
  }

  mh::Status HttpName(const mh::Request&, mh::Response& response) {
    return response.Send("text/plain", SAMPLE_NAME);
  }
};

}  // namespace

MESHHOST_MODULE(Skin, SAMPLE_NAME, "1.0.0", "mh.grpc/1 mh.http/1");
