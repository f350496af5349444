// SPDX-License-Identifier: Apache-2.0
#include "host/config/schema.h"
#include "host/config/text_forms.h"

namespace meshhost {
namespace {

SchemaTable Method() {
  using C = MethodConfig;
  return ManyTable("method", &ModuleConfig::methods,
                   "Overrides for one method or route of the module.",
                   {
                       TextKey("match", &C::match, MethodMatchForm(), kHot,
                               "Method or route as the module registered it.")
                           .Required(),
                       DurationKey("timeout", &C::timeout, {0, kDay}, kHot,
                                   "Instead of timeouts.request; \"0s\" = not overridden."),
                       SizeKey("max_message", &C::max_message, {0, kGiB}, kHot,
                               "Instead of the message or body limits; \"0B\" = not overridden."),
                       CountKey("max_in_flight", &C::max_in_flight, {0, kMillion}, kHot,
                                "At work at once; 0 = no limit of its own."),
                   });
}

}  // namespace

SchemaTable ModuleTable() {
  using C = ModuleConfig;
  return ManyTable(
      "module", &Config::modules, "A shared object with services, routes or WebSockets.",
      {
          TextKey("name", &C::name, IdentifierForm(), kHot, "Unique name, label of its metrics.")
              .Required(),
          TextKey("path", &C::path, RequiredFileForm(), kHot, "The shared object.").Required(),
          FlagKey("enabled", &C::enabled, kHot, "false = not loaded."),
          CountKey("pool_threads", &C::pool_threads, {1, 1024}, kHot,
                   "Threads for its handlers that may block."),
          CountKey("pool_queue", &C::pool_queue, {1, kMillion}, kHot,
                   "Calls that wait for such a thread; more are refused."),
          CountKey("max_in_flight", &C::max_in_flight, {0, kMillion}, kHot,
                   "Its requests at work at once; 0 = limits.max_in_flight alone."),
          ListKey("allowed_libraries", &C::allowed_libraries, LibraryNameForm(), {0, 1000}, kHot,
                  "Shared libraries that it may need besides the C library."),
          ListKey("hosts", &C::hosts, HostForm(), {0, 1000}, kHot,
                  "Hosts (RFC 9110 Host / :authority, without port) that its REST routes and "
                  "WebSockets are served for; \"*.example.com\" = any name below; empty = every "
                  "host. gRPC methods are served for every host."),
          TextKey("sha256", &C::sha256, Sha256Form(), kHot,
                  "Pin: the file must have this SHA-256; \"\" = not pinned."),
          DurationKey("init_timeout", &C::init_timeout, {kMs, kHour}, kHot,
                      "For the module to start."),
          DurationKey("stop_timeout", &C::stop_timeout, {kMs, kHour}, kHot,
                      "For the module to stop."),
          DurationKey("callback_warn", &C::callback_warn, {kMs, kHour}, kHot,
                      "A callback on a worker that takes longer is logged and counted."),
          SizeKey("state_limit", &C::state_limit, {0, kGiB}, kHot,
                  "State that an upgrade hands to the next generation; larger is dropped."),
      },
      {FreeFormTable("config", &C::config_json, "The module's own settings, handed to it as JSON."),
       Method()});
}

}  // namespace meshhost
