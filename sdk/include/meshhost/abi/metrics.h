/* SPDX-License-Identifier: Apache-2.0
 *
 * meshhost module ABI v1: "mh.metrics/1", metrics of the module's own in the host's registry.
 * The host adds the label `module`. The next generation that defines the same name, type and labels
 * continues the same series; another shape is MH_CONFLICT.
 */
#pragma once

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MH_METRICS_1 "mh.metrics/1"
#define MH_METRIC_COUNTER 1u /* name ends in _total */
#define MH_METRIC_GAUGE 2u
#define MH_METRIC_HISTOGRAM 3u

typedef struct mh_metrics_1 {
  uint32_t size;
  /* [control] buckets: ascending upper bounds, histogram only; NULL = the host's default. Names and
   * labels as Prometheus has them: [a-zA-Z_][a-zA-Z0-9_]*. */
  mh_rc (*define)(mh_instance*, uint32_t type, mh_str name, mh_str help, const mh_str* labels,
                  size_t n, const double* buckets, size_t n_buckets, mh_metric**, mh_err*);
  /* [any] The series with these label values, in the order of define; made when new. Beyond the
   * host's cap per family all further values share the series "__other__". Keep the handle: this
   * takes a lock, the three below do not. */
  mh_rc (*series)(mh_metric*, const mh_str* values, size_t n, mh_series**);
  void (*add)(mh_series*, double);     /* [any] counter (>= 0), gauge */
  void (*set)(mh_series*, double);     /* [any] gauge */
  void (*observe)(mh_series*, double); /* [any] histogram */
} mh_metrics_1;

#ifdef __cplusplus
}
#endif
