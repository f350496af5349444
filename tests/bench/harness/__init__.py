# SPDX-License-Identifier: Apache-2.0
"""The parts of tests/bench/run: servers, loads, rounds, report. Standard library only."""
