// SPDX-License-Identifier: Apache-2.0
#include "host/http/openapi_document.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "host/base/concat.h"
#include "host/http/problem.h"

namespace meshhost {
namespace {

using nlohmann::json;
using Segment = RoutePattern::Segment;

// The verbs that a Path Item has a field for.
constexpr std::array<std::string_view, 8> kFields = {"GET",     "PUT",  "POST",  "DELETE",
                                                     "OPTIONS", "HEAD", "PATCH", "TRACE"};
constexpr std::string_view kOtherVerbs = "x-additional-operations";

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool IsLetterOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// "/v1/items/{id}", or with `names` off its shape "/v1/items/{}".
enum class Names { kKept, kLeftOut };
std::string PathText(const RoutePattern& pattern, Names names) {
  std::string text;
  for (const Segment& segment : pattern.segments) {
    if (segment.kind == Segment::Kind::kLiteral) {
      text += Concat({"/", segment.text});
    } else {
      text += Concat({"/{", names == Names::kKept ? segment.text : "", "}"});
    }
  }
  return text;
}

json Parameters(const RoutePattern& pattern) {
  json parameters = json::array();
  for (const Segment& segment : pattern.segments) {
    if (segment.kind == Segment::Kind::kLiteral) continue;
    json parameter = {{"name", segment.text},
                      {"in", "path"},
                      {"required", true},
                      {"schema", {{"type", "string"}}}};
    if (segment.kind == Segment::Kind::kWildcard) {
      parameter["description"] = "The rest of the path, with its slashes; may be empty.";
    }
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

json Server(const Endpoint& endpoint, std::string_view host) {
  const std::string description = Concat({"Served by module \"", endpoint.module, "\"."});
  if (!host.starts_with('*')) {
    return {{"url", Concat({"//", host})}, {"description", description}};
  }
  const json name = {{"default", "www"},
                     {"description", Concat({"Any name below ", host.substr(2), "."})}};
  return {{"url", Concat({"//{name}", host.substr(1)})},
          {"description", description},
          {"variables", {{"name", name}}}};
}

// Empty when all are served for every host, which is what a document without servers says.
json Servers(const std::vector<const Endpoint*>& endpoints) {
  json servers = json::array();
  bool for_every_host = false;
  for (const Endpoint* endpoint : endpoints) {
    for_every_host = for_every_host || endpoint->hosts.empty();
    for (const std::string& host : endpoint->hosts) servers.push_back(Server(*endpoint, host));
  }
  if (for_every_host && !servers.empty()) {
    servers.push_back({{"url", "/"}, {"description", "Every other host."}});
  }
  return servers;
}

json Tags(const std::vector<const Endpoint*>& endpoints) {
  json tags = json::array();
  for (const Endpoint* endpoint : endpoints) {
    if (std::find(tags.begin(), tags.end(), endpoint->module) == tags.end()) {
      tags.push_back(endpoint->module);
    }
  }
  return tags;
}

std::string Description(const std::vector<const Endpoint*>& endpoints) {
  std::string text;
  for (const Endpoint* endpoint : endpoints) {
    text += Concat({text.empty() ? "" : "\n", "Route \"", endpoint->verb, " ", endpoint->name,
                    "\" of module \"", endpoint->module, "\"."});
  }
  return text;
}

// A name in any programming language: "catalog_get_v1_items_id". Different paths may give the same.
std::string OperationId(const Endpoint& endpoint, std::set<std::string>& taken) {
  std::string id;
  const std::string words = Concat({endpoint.module, " ", Lower(endpoint.verb), endpoint.name});
  for (const char c : words) {
    if (IsLetterOrDigit(c)) {
      id += c;
    } else if (!id.empty() && id.back() != '_') {
      id += '_';
    }
  }
  if (id.ends_with('_')) id.pop_back();
  std::string unique = id;
  for (int n = 2; !taken.insert(unique).second; ++n) unique = Concat({id, "_", std::to_string(n)});
  return unique;
}

json Operation(const RoutePattern& pattern, const std::vector<const Endpoint*>& endpoints,
               std::set<std::string>& taken_ids) {
  const Endpoint& first = *endpoints.front();
  json operation = {{"operationId", OperationId(first, taken_ids)},
                    {"tags", Tags(endpoints)},
                    {"description", Description(endpoints)},
                    {"responses",
                     {{"2XX", {{"description", "The answer of the module."}}},
                      {"default", {{"$ref", "#/components/responses/Problem"}}}}}};
  if (first.verb == "POST" || first.verb == "PUT" || first.verb == "PATCH") {
    operation["requestBody"] = {{"content", {{"*/*", json::object()}}}};
  }
  if (json parameters = Parameters(pattern); !parameters.empty()) {
    operation["parameters"] = std::move(parameters);
  }
  if (json servers = Servers(endpoints); !servers.empty()) {
    operation["servers"] = std::move(servers);
  }
  return operation;
}

// What ProblemJson writes.
json Components() {
  const json text = {{"type", "string"}};
  const json reference = {{"type", "string"}, {"format", "uri-reference"}};
  const json schema = {
      {"type", "object"},
      {"description", "RFC 9457, with the stable name of the reason."},
      {"required", {"type", "title", "status"}},
      {"properties",
       {{"type", reference},
        {"title", text},
        {"status", {{"type", "integer"}, {"minimum", 200}, {"maximum", 599}}},
        {"detail", text},
        {"instance", reference},
        {"code", {{"type", "string"}, {"description", "Stable, for programs: ROUTE_NOT_FOUND."}}},
        {"trace_id", {{"type", "string"}, {"pattern", "^[0-9a-f]{32}$"}}}}}};
  const json content = {{kProblemType, {{"schema", {{"$ref", "#/components/schemas/Problem"}}}}}};
  const json response = {{"description", "A refusal or an error."}, {"content", content}};
  return {{"schemas", {{"Problem", schema}}}, {"responses", {{"Problem", response}}}};
}

}  // namespace

void OpenApiDocument::Add(const Endpoint& endpoint) {
  auto pattern = RoutePattern::Parse(endpoint.name);
  assert(pattern.ok() && "a route table took it");
  const std::string shape = PathText(*pattern, Names::kLeftOut);
  Path& path = paths_.try_emplace(shape, Path{*std::move(pattern), {}}).first->second;
  path.by_verb[endpoint.verb].push_back(&endpoint);
}

std::string OpenApiDocument::ToJson(std::string_view version) const {
  json paths = json::object();
  std::set<std::string> taken_ids;
  for (const auto& [shape, path] : paths_) {
    json item = json::object();
    for (const auto& [verb, endpoints] : path.by_verb) {
      const bool has_field = std::find(kFields.begin(), kFields.end(), verb) != kFields.end();
      json& place = has_field ? item[Lower(verb)] : item[std::string(kOtherVerbs)][verb];
      place = Operation(path.pattern, endpoints, taken_ids);
    }
    paths[PathText(path.pattern, Names::kKept)] = std::move(item);
  }
  const json document = {{"openapi", "3.1.0"},
                         {"info",
                          {{"title", "meshhost"},
                           {"version", version},
                           {"description",
                            "The REST routes of this host. URLs of servers are relative to its "
                            "listeners, not to where this document is served."}}},
                         {"paths", std::move(paths)},
                         {"components", Components()}};
  // A literal in a template need not be UTF-8.
  return document.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace meshhost
