// SPDX-License-Identifier: Apache-2.0
#include "host/admin/admin_pages.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "host/base/concat.h"
#include "host/base/units.h"
#include "host/call/outcome.h"
#include "host/telemetry/exposition.h"
#include "host/telemetry/registry.h"

namespace meshhost {
namespace {

using nlohmann::json;

// Texts of modules may be no UTF-8; a page that cannot be written would be worse than a mark in it.
std::string Dump(const json& document) {
  return document.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

AdminAnswer Problem(int status, std::string_view code, std::string_view detail) {
  const json problem = {{"type", "about:blank"},
                        {"title", ReasonPhrase(status)},
                        {"status", status},
                        {"code", code},
                        {"detail", detail}};
  return {status, "application/problem+json", Dump(problem), ""};
}

AdminAnswer Json(std::string document) {
  return {200, "application/json", std::move(document), ""};
}

AdminAnswer Probe(bool good, std::string_view bad_text) {
  return {good ? 200 : 503, "text/plain; charset=utf-8",
          Concat({good ? std::string_view("ok") : bad_text, "\n"}), ""};
}

bool IsDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "host", "host:port" or "[v6]:port" without its port; none when it is not of that form.
std::optional<std::string_view> HostWithoutPort(std::string_view field) {
  std::size_t end = 0;
  if (field.starts_with('[')) {
    end = field.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    ++end;
  } else {
    end = std::min(field.find(':'), field.size());
  }
  std::string_view port = field.substr(end);
  if (!port.empty() && (port.front() != ':' || !IsDigits(port.substr(1)))) return std::nullopt;
  return field.substr(0, end);
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [lower](char x, char y) { return lower(x) == lower(y); });
}

constexpr std::array<std::string_view, 8> kPages = {
    "/metrics", "/livez", "/readyz", "/health", "/config", "/modules", "/openapi.json", "/version"};
constexpr std::array<std::string_view, 5> kOperations = {"/plan", "/reload", "/reload/confirm",
                                                         "/reload/rollback", "/upgrade"};

template <std::size_t N>
bool Contains(const std::array<std::string_view, N>& paths, std::string_view path) {
  return std::find(paths.begin(), paths.end(), path) != paths.end();
}

AdminAnswer WrongMethod(const char* allow) {
  AdminAnswer refusal = Problem(405, "METHOD_NOT_ALLOWED", Concat({"this takes ", allow}));
  refusal.allow = allow;
  return refusal;
}

// The time to confirm that a reload asks for; 0: none. An error says what is wrong.
absl::StatusOr<std::chrono::nanoseconds> ConfirmTimeOf(std::string_view body) {
  const json document = body.empty() ? json::object() : json::parse(body, nullptr, false);
  if (!document.is_object()) return absl::InvalidArgumentError("the body is no JSON object");
  std::chrono::nanoseconds confirm{0};
  for (const auto& [name, value] : document.items()) {
    if (name != "confirm" || !value.is_string()) {
      return absl::InvalidArgumentError("the only member is \"confirm\", a duration like \"60s\"");
    }
    const auto parsed = ParseDuration(value.get_ref<const std::string&>());
    if (!parsed.ok()) return absl::InvalidArgumentError("\"confirm\" is no duration like \"60s\"");
    confirm = *parsed;
  }
  return confirm;
}

}  // namespace

AdminPages::AdminPages(const Registry& registry, const AdminSource& source,
                       AdminOperations& operations, std::string host)
    : registry_(registry), source_(source), operations_(operations), host_(std::move(host)) {}

bool AdminPages::IsOurHost(std::string_view field) const {
  const std::optional<std::string_view> host = HostWithoutPort(field);
  if (!host) return false;
  if (host->starts_with('[')) return *host == "[::1]" || host->substr(1, host->size() - 2) == host_;
  return EqualsIgnoringCase(*host, "localhost") || *host == "127.0.0.1" || *host == host_;
}

AdminAnswer AdminPages::Answer(const AdminRequest& request) const {
  if (request.host.empty()) return Problem(400, "HOST_MISSING", "the Host field is missing");
  if (!IsOurHost(request.host))
    return Problem(421, "MISDIRECTED_REQUEST", "the admin endpoint has loopback names only");
  if (Contains(kOperations, request.path)) {
    return request.method == "POST" ? Operate(request) : WrongMethod("POST");
  }
  if (!Contains(kPages, request.path)) return Problem(404, "ROUTE_NOT_FOUND", "no such page");
  return request.method == "GET" ? Page(request.path, request.accept) : WrongMethod("GET");
}

AdminAnswer AdminPages::TooManyOperations() {
  return Problem(503, "TOO_MANY_OPERATIONS", "wait for the answers to those before");
}

AdminAnswer AdminPages::Operate(const AdminRequest& request) const {
  if (request.content_type != "application/json") {
    return Problem(415, "UNSUPPORTED_MEDIA_TYPE", "operations take application/json");
  }
  OperationResult result;
  if (request.path == "/plan") {
    result = operations_.Plan();
  } else if (request.path == "/reload/confirm") {
    result = operations_.Confirm();
  } else if (request.path == "/reload/rollback") {
    result = operations_.RollBack();
  } else if (request.path == "/upgrade") {
    result = operations_.Upgrade();
  } else {
    const auto confirm = ConfirmTimeOf(request.body);
    if (!confirm.ok())
      return Problem(400, "MALFORMED_REQUEST", std::string(confirm.status().message()));
    result = operations_.Reload(*confirm);
  }
  return {result.status, "application/json", std::move(result.json), ""};
}

AdminAnswer AdminPages::Page(std::string_view path, std::string_view accept) const {
  if (path == "/metrics") {
    const ExpositionFormat format = NegotiateFormat(accept);
    return {200, std::string(ContentTypeOf(format)), Expose(registry_, format), ""};
  }
  if (path == "/livez") return Probe(source_.Health().live, "not live");
  if (path == "/readyz") return Probe(source_.Health().ready, "not ready");
  if (path == "/health") return Health();
  if (path == "/config") return Json(source_.ConfigJson());
  if (path == "/modules") return Json(source_.ModulesJson());
  if (path == "/openapi.json") return Json(source_.OpenApiJson());
  return Json(source_.VersionJson());
}

AdminAnswer AdminPages::Health() const {
  const HealthReport report = source_.Health();
  json checks = json::array();
  for (const HealthCheck& check : report.checks) {
    json entry = {{"name", check.name}, {"status", check.healthy ? "healthy" : "unhealthy"}};
    if (!check.detail.empty()) entry["detail"] = check.detail;
    checks.push_back(std::move(entry));
  }
  const bool healthy = report.Healthy();
  const json document = {{"status", healthy ? "healthy" : "unhealthy"},
                         {"live", report.live},
                         {"ready", report.ready},
                         {"checks", std::move(checks)}};
  return {healthy ? 200 : 503, "application/json", Dump(document), ""};
}

}  // namespace meshhost
