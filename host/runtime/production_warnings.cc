// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/production_warnings.h"

#include "host/config/production_overrides.h"

namespace meshhost {

void WarnOfProductionOverrides(const Config& config, Log& log) {
  for (const ProductionOverride& one : ProductionOverrides(config)) {
    log.Warn("profile \"production\" is overridden", {{"key", one.key},
                                                      {"effect", one.effect},
                                                      {"file", config.file},
                                                      {"line", one.position.line}});
  }
}

}  // namespace meshhost
