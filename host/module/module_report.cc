// SPDX-License-Identifier: Apache-2.0
#include "host/module/module_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "host/base/concat.h"

namespace meshhost {
namespace {

std::string_view Word(Finding::Severity severity) {
  return severity == Finding::Severity::kError ? "error" : "warning";
}

std::string Or(const std::string& text, std::string_view otherwise) {
  return text.empty() ? std::string(otherwise) : text;
}

}  // namespace

bool ModuleReport::ok() const {
  return std::none_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.severity == Finding::Severity::kError;
  });
}

std::string ModuleReport::ErrorText() const {
  std::string text;
  for (const Finding& finding : findings) {
    if (finding.severity != Finding::Severity::kError) continue;
    if (!text.empty()) text += "; ";
    text += Concat({finding.text, " [", finding.rule, "]"});
  }
  return text;
}

std::string ToText(const ModuleReport& report) {
  std::string text;
  for (const Finding& finding : report.findings) {
    text += Concat(
        {report.path, ": ", Word(finding.severity), ": ", finding.text, " [", finding.rule, "]\n"});
  }
  const ModuleNote& note = report.note;
  text += Concat({report.path, ": ", report.ok() ? "ok" : "refused", ": module ",
                  Or(note.module, "(no name)"), " ", Or(note.version, "(no version)"), ", ABI ",
                  std::to_string(note.major), ".", std::to_string(note.needs_minor), ", glibc ",
                  Or(report.glibc_version, "none"), "\n"});
  return text;
}

std::string ToJson(const ModuleReport& report) {
  nlohmann::json findings = nlohmann::json::array();
  for (const Finding& finding : report.findings) {
    findings.push_back(
        {{"severity", Word(finding.severity)}, {"rule", finding.rule}, {"text", finding.text}});
  }
  const ModuleNote& note = report.note;
  const nlohmann::json json = {{"path", report.path},
                               {"sha256", report.sha256},
                               {"ok", report.ok()},
                               {"module", note.module},
                               {"version", note.version},
                               {"abi_major", note.major},
                               {"abi_built_minor", note.built_minor},
                               {"abi_needs_minor", note.needs_minor},
                               {"interfaces", note.needs},
                               {"libraries", report.needed},
                               {"glibc", report.glibc_version},
                               {"findings", std::move(findings)}};
  // A path or symbol that is not UTF-8 must not make the report fail.
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace meshhost
