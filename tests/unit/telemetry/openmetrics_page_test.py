# SPDX-License-Identifier: Apache-2.0
"""Reads our OpenMetrics page with the strict parser of the Python client library.

Usage: openmetrics_page_test.py METRIC_PAGE
"""

import subprocess
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families


def main():
    page = subprocess.run([sys.argv[1], "openmetrics"], stdout=subprocess.PIPE, check=True,
                          text=True).stdout
    families = {family.name: family for family in text_string_to_metric_families(page)}
    duration = families["http_server_request_duration_seconds"]
    assert (duration.type, duration.unit) == ("histogram", "seconds"), duration
    samples = {sample.name: sample for sample in duration.samples}
    assert samples["http_server_request_duration_seconds_count"].value == 1, samples
    assert abs(samples["http_server_request_duration_seconds_sum"].value - 0.001234567) < 1e-12
    assert samples["http_server_request_duration_seconds_count"].labels["http_route"] \
        == '/v1/"x\\y\n', samples
    assert families["meshhost_build"].type == "info", families["meshhost_build"]
    assert families["meshhost_refusals"].type == "counter", families["meshhost_refusals"]
    print(f"{len(families)} families parsed")


main()
