# SPDX-License-Identifier: Apache-2.0
"""Where things are; ctest passes the build folder in MESHHOST_BUILD."""
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MESHHOST_BUILD", ROOT / "build" / "release"))
MESHHOST = BUILD / "bin" / "meshhost"
MODULES = BUILD / "modules"
TEST_MODULES = BUILD / "test_modules"
DEV_CA_SCRIPT = ROOT / "packaging" / "dev_ca"
# Sanitizers make everything slower; waits, never sleeps, are stretched by this.
PATIENCE = float(os.environ.get("MESHHOST_PATIENCE", "1"))
# What the thread sanitizer needs for each byte that the host needs.
MEMORY_FACTOR = int(os.environ.get("MESHHOST_MEMORY_FACTOR", "1"))
