# SPDX-License-Identifier: Apache-2.0
"""Goal: the harness cannot flatter anybody. Method: known outputs of the load generators, known
measures, and a child that must not survive its context."""

import os
import tempfile
import unittest
from unittest import mock

from harness import loads, processes, report, rounds, table

_WRK = """Running 1s test @ http://127.0.0.1:1/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     0.90ms    1.00ms  12.00ms   90.00%
    Req/Sec    70.00k     1.00k   71.00k    90.00%
  Latency Distribution
     50%  820.00us
     75%    1.00ms
     90%    1.10ms
     99%    2.50ms
  70000 requests in 2.00s, 10.00MB read
Requests/sec:  35000.00
"""

_H2LOAD = """finished in 2.00s, 50.00 req/s, 1.02MB/s
requests: 101 total, 120 started, 100 done, 100 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 100 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 3.05MB (3203313) total, 187.13KB (191625) headers (space savings 96%), 1.8KB ({data}) data
"""


class LoadOutput(unittest.TestCase):

    def wrk(self, output):
        with mock.patch.object(processes, "run_load", return_value=(0, output, "")):
            return loads.http1_get(1, "/", 64, 1)

    def h2load(self, data, code=0):
        with tempfile.TemporaryDirectory() as directory:
            def run(_argv, _seconds):
                with open(os.path.join(directory, "h2load.log"), "w", encoding="ascii") as log:
                    log.writelines(f"0\t200\t{duration}\n" for duration in range(100))
                return code, _H2LOAD.replace("{data}", str(data)), ""
            with mock.patch.object(processes, "run_load", side_effect=run):
                return loads.grpc_unary(1, 10, 10, 1, directory)

    def test_wrk_figures_are_read_with_their_units(self):
        self.assertEqual(self.wrk(_WRK), loads.Sample(70000, 2.0, 820.0, 2500.0))

    def test_wrk_with_a_failed_request_is_no_sample(self):
        for trouble in ("  Non-2xx or 3xx responses: 1\n",
                        "  Socket errors: connect 0, read 1, write 0, timeout 0\n"):
            with self.assertRaises(processes.BenchError):
                self.wrk(_WRK.replace("Requests/sec", trouble + "Requests/sec"))

    def test_h2load_figures_are_read_from_output_and_log(self):
        self.assertEqual(self.h2load(1800), loads.Sample(100, 2.0, 50, 99))

    def test_h2load_answers_without_their_bytes_are_no_sample(self):
        with self.assertRaises(processes.BenchError):
            self.h2load(1799)

    def test_a_load_that_fails_is_no_sample(self):
        with self.assertRaises(processes.BenchError):
            self.h2load(1800, code=1)


class Ratios(unittest.TestCase):

    def comparison(self, ours, peer, p99=(1.0, 1.0)):
        sides = [rounds.Side(title, [rounds.Measure(value, 1.0, 1.0, tail, 0.0, 0.0)
                                     for value in values])
                 for title, values, tail in (("ours", ours, p99[0]), ("peer", peer, p99[1]))]
        return rounds.Comparison(*sides)

    def test_ratios_pair_the_measures_of_one_round(self):
        self.assertEqual(self.comparison([8, 2], [2, 1]).ratios(), [4, 2])

    def verdict(self, *arguments):
        row = next(row for row in table.VERSUS if row.name == "grpc-unary")
        return report.versus_lines(row, self.comparison(*arguments))[-1]

    def test_a_missed_goal_is_said(self):
        self.assertIn(">= 4: **missed**", self.verdict([3.9, 4.1, 3.8], [1, 1, 1]))
        self.assertIn(">= 4: met", self.verdict([4.0, 4.1, 3.8], [1, 1, 1]))

    def test_a_higher_tail_is_said(self):
        self.assertIn("p99 not above: **missed**", self.verdict([9], [1], (1.1, 1.0)))
        self.assertIn("p99 not above: met", self.verdict([9], [1], (1.0, 1.0)))


class Children(unittest.TestCase):

    def test_no_child_survives_an_interrupted_bench(self):
        with tempfile.TemporaryDirectory() as directory:
            with self.assertRaises(KeyboardInterrupt):
                with processes.Processes() as group:
                    child = group.start_server(["/bin/sleep", "600"],
                                               os.path.join(directory, "log"))
                    raise KeyboardInterrupt
            self.assertFalse(os.path.exists(f"/proc/{child.pid}"))

    def test_a_load_without_end_is_cut(self):
        with self.assertRaises(processes.BenchError):
            processes.run_load(["/bin/sleep", "600"], 0.1)


if __name__ == "__main__":
    unittest.main()
