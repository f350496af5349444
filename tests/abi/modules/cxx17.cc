// SPDX-License-Identifier: Apache-2.0
//
// The sample module as C++17 with a static runtime, built once per compiler and std::string ABI:
// uses what tends to break when C++ runtimes mix and to keep a module mapped (strings, regex,
// streams, thread-safe statics, throw and catch).
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>

#include "sample.h"

MH_MODULE_NOTE(SAMPLE_NAME, "1.0.0", MH_GRPC_1 " " MH_HTTP_1);

static_assert(_GLIBCXX_USE_CXX11_ABI == SAMPLE_STRING_ABI, "built with the wrong string ABI");

namespace {

const std::string& Pattern() {
  static const std::string pattern = [] {
    std::ostringstream out;
    out << "/sample/" << SAMPLE_NAME;
    return out.str();
  }();
  return pattern;
}

void CheckPattern() {
  if (!std::regex_match(Pattern(), std::regex("/sample/[a-z0-9_]+"))) return;
  throw std::invalid_argument("matches");  // the expected way out
}

mh_rc Create(const mh_host* host, mh_instance* instance, mh_str, void** ud, mh_err* err) {
  try {
    CheckPattern();
    return sample_fail(err, "std::regex does not work in this module");
  } catch (const std::invalid_argument&) {
  }
  sample_module* module = sample_create(host, instance);
  if (module == nullptr) return MH_FAILED;
  mh_rc rc = sample_register_grpc(module, SAMPLE_SERVICE, "Name", err);
  if (rc == MH_OK) rc = sample_register_http(module, Pattern().c_str(), err);
  if (rc != MH_OK) {
    free(module);
    return rc;
  }
  *ud = module;
  return MH_OK;
}

}  // namespace

SAMPLE_ENTRY(Create, nullptr)
