// SPDX-License-Identifier: Apache-2.0
// Goal: what a module registers is checked against its descriptors and against what other modules
// have, and every refusal names the thing and, for conflicts, both modules. Method: registrations
// of two modules over one set of claims.
#include "host/module/registration.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include "tests/unit/module/fake_call.h"

namespace meshhost {
namespace {

std::string EchoDescriptors(std::string_view method = "Get") {
  google::protobuf::FileDescriptorSet set;
  auto* file = set.add_file();
  file->set_name("echo.proto");
  file->set_package("echo.v1");
  file->add_message_type()->set_name("M");
  auto* service = file->add_service();
  service->set_name("Echo");
  for (const auto& [name, streams] :
       {std::pair{std::string(method), false}, std::pair{std::string("Watch"), true}}) {
    auto* added = service->add_method();
    added->set_name(name);
    added->set_input_type(".echo.v1.M");
    added->set_output_type(".echo.v1.M");
    added->set_server_streaming(streams);
  }
  return set.SerializeAsString();
}

mh_method Method(std::string_view name, std::uint32_t kind) {
  mh_method method = {};
  method.size = sizeof(method);
  method.kind = kind;
  method.name = ToAbi(name);
  method.on_call = [](void*, mh_call*, const mh_msg*) {};
  return method;
}

std::string TextOf(const absl::Status& status) { return std::string(status.message()); }

class RegistrationTest : public testing::Test {
 protected:
  FakeModule module_;
  Claims claims_;
  Registration WithHosts(std::string name, std::vector<std::string> hosts) {
    return Registration(std::move(name), std::move(hosts), module_.mark, module_.context, claims_);
  }

  Registration echo_ = WithHosts("echo", {});
  Registration billing_ = WithHosts("billing", {});
};

TEST_F(RegistrationTest, S04_ServiceIsCheckedAgainstItsDescriptors) {
  const mh_method get = Method("Get", MH_KIND_UNARY);
  EXPECT_EQ(TextOf(echo_.AddService("echo.v1.Echo", {get})),
            "service \"echo.v1.Echo\": not in the descriptors of the module");
  ASSERT_TRUE(echo_.AddDescriptors(EchoDescriptors()).ok());
  EXPECT_EQ(TextOf(echo_.AddService("echo.v1.Echo", {Method("Put", MH_KIND_UNARY)})),
            "method \"echo.v1.Echo/Put\": not in the descriptors of the module");
  EXPECT_EQ(TextOf(echo_.AddService("echo.v1.Echo", {Method("Watch", MH_KIND_UNARY)})),
            "method \"echo.v1.Echo/Watch\": registered as unary, declared as server-streaming");
  EXPECT_EQ(TextOf(echo_.AddService("echo.v1.Echo", {get, get})),
            "method \"echo.v1.Echo/Get\": registered twice");
  ASSERT_TRUE(echo_.AddService("echo.v1.Echo", {get, Method("Watch", MH_KIND_SERVER_STREAM)}).ok());
  ASSERT_EQ(echo_.methods().size(), 2u);
  EXPECT_EQ(echo_.methods()[0]->endpoint().name, "echo.v1.Echo/Get");
  EXPECT_EQ(echo_.methods()[0]->endpoint().handler, echo_.methods()[0].get());
  EXPECT_TRUE(echo_.methods()[1]->endpoint().server_stream);
  EXPECT_THAT(echo_.services(), testing::ElementsAre("echo.v1.Echo"));
}

TEST_F(RegistrationTest, S04_SecondOwnerOfAServiceIsRefusedNamingBoth) {
  for (Registration* each : {&echo_, &billing_}) {
    ASSERT_TRUE(each->AddDescriptors(EchoDescriptors()).ok());
  }
  ASSERT_TRUE(echo_.AddService("echo.v1.Echo", {}).ok());
  const absl::Status status = billing_.AddService("echo.v1.Echo", {});
  EXPECT_TRUE(absl::IsAlreadyExists(status));
  EXPECT_EQ(TextOf(status),
            "service \"echo.v1.Echo\" of module \"billing\": already taken by module \"echo\"");
}

TEST_F(RegistrationTest, S04_SecondOwnerOfARouteIsRefusedWhateverItsParametersAreCalled) {
  const mh_method get = Method("", MH_KIND_UNARY);
  ASSERT_TRUE(echo_.AddRoute("GET", "/v1/items/{id}", get).ok());
  EXPECT_EQ(TextOf(billing_.AddRoute("GET", "/v1/items/{name}", get)),
            "route \"GET /v1/items/{name}\" of module \"billing\": already taken by module "
            "\"echo\"");
  EXPECT_TRUE(billing_.AddRoute("PUT", "/v1/items/{id}", get).ok());
  EXPECT_TRUE(billing_.AddRoute("GET", "/v1/items/{rest...}", get).ok());
  EXPECT_TRUE(billing_.AddRoute("GET", "/v1/items/all", get).ok());
  EXPECT_TRUE(billing_.AddWebSocket("/v1/items/{id}", "", get).ok());
}

TEST_F(RegistrationTest, S36_OneRouteHasAnOwnerForEachHost) {
  const mh_method get = Method("", MH_KIND_UNARY);
  Registration shop = WithHosts("shop", {"shop.example", "*.shop.example"});
  Registration blog = WithHosts("blog", {"blog.example"});
  for (Registration* each : {&echo_, &shop, &blog}) {
    EXPECT_TRUE(each->AddRoute("GET", "/a/{id}", get).ok());
    EXPECT_TRUE(each->AddWebSocket("/a", "", get).ok());
  }
  EXPECT_EQ(shop.methods()[0]->endpoint().hosts,
            (std::vector<std::string>{"shop.example", "*.shop.example"}));

  Registration late = WithHosts("late", {"late.example", "*.shop.example"});
  EXPECT_EQ(
      TextOf(late.AddRoute("GET", "/a/{name}", get)),
      "route \"GET /a/{name}\" for host \"*.shop.example\" of module \"late\": already taken by "
      "module \"shop\"");
  EXPECT_EQ(
      TextOf(late.AddWebSocket("/a", "", get)),
      "WebSocket route \"/a\" for host \"*.shop.example\" of module \"late\": already taken by "
      "module \"shop\"");
  // A route that was refused for one host is taken for none.
  EXPECT_TRUE(WithHosts("next", {"late.example"}).AddRoute("GET", "/a/{id}", get).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(billing_.AddRoute("GET", "/a/{x}", get)));
}

TEST_F(RegistrationTest, S36_ServicesAreOfEveryHost) {
  Registration shop = WithHosts("shop", {"shop.example"});
  ASSERT_TRUE(shop.AddDescriptors(EchoDescriptors()).ok());
  ASSERT_TRUE(shop.AddService("echo.v1.Echo", {Method("Get", MH_KIND_UNARY)}).ok());
  EXPECT_TRUE(shop.methods()[0]->endpoint().hosts.empty());
  ASSERT_TRUE(echo_.AddDescriptors(EchoDescriptors()).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(echo_.AddService("echo.v1.Echo", {})));
}

TEST_F(RegistrationTest, MalformedRoutesAreRefused) {
  const mh_method get = Method("", MH_KIND_UNARY);
  for (std::string_view pattern : {"", "v1", "/a{b}", "/{}", "/{a}/{a}", "/{a...}/b", "/a?b"}) {
    EXPECT_FALSE(echo_.AddRoute("GET", pattern, get).ok()) << pattern;
  }
  EXPECT_FALSE(echo_.AddRoute("get", "/a", get).ok());
  EXPECT_FALSE(echo_.AddRoute("CONNECT", "/a", get).ok());
  mh_method broken = get;
  broken.on_call = nullptr;
  EXPECT_EQ(TextOf(echo_.AddRoute("GET", "/a", broken)), "route \"GET /a\": on_call is missing");
  EXPECT_TRUE(echo_.AddRoute("GET", "/", get).ok());
}

TEST_F(RegistrationTest, DescriptorsMustParseAndAgree) {
  EXPECT_FALSE(echo_.AddDescriptors("\xff\xff\xff").ok());
  ASSERT_TRUE(echo_.AddDescriptors(EchoDescriptors()).ok());
  EXPECT_TRUE(echo_.AddDescriptors(EchoDescriptors()).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(echo_.AddDescriptors(EchoDescriptors("Other"))));
  // The other module may have another file of that name.
  EXPECT_TRUE(billing_.AddDescriptors(EchoDescriptors("Other")).ok());
}

TEST_F(RegistrationTest, KeptInstanceClaimsAgain) {
  ASSERT_TRUE(echo_.AddRoute("GET", "/a", Method("", MH_KIND_UNARY)).ok());
  echo_.Close();
  Claims next;
  ASSERT_TRUE(echo_.ClaimAll(next).ok());
  Endpoint route = echo_.methods()[0]->endpoint();
  route.module = "billing";
  EXPECT_TRUE(absl::IsAlreadyExists(next.ClaimRoute(route)));
}

}  // namespace
}  // namespace meshhost
