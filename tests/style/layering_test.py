# SPDX-License-Identifier: Apache-2.0
"""Which includes and links the layering rule refuses: one small tree for each arrow."""

import unittest

from rules import layering
from source_tree import SourceTree


def refused(path, text):
    return [finding.line for finding in layering.check(SourceTree.of_texts({path: text}))]


class HostIncludes(unittest.TestCase):
    def test_a_lower_layer_and_the_own_folder_are_fine(self):
        text = '#include "host/http/route_table.h"\n#include "host/net/worker.h"\n#include <map>\n'
        self.assertEqual(refused("host/http/session.cc", text), [])

    def test_an_upper_layer_is_refused(self):
        self.assertEqual(refused("host/net/x.cc", '\n#include "host/runtime/host.h"\n'), [2])

    def test_a_sibling_is_refused(self):
        self.assertEqual(refused("host/grpc/x.cc", '#include "host/http/session.h"\n'), [1])
        self.assertEqual(refused("host/call/x.h", '#include "host/config/config.h"\n'), [1])

    def test_the_module_abi_lies_below_everything(self):
        text = '#include "meshhost/abi/call.h"\n#include "sdk/include/meshhost/abi/note.h"\n'
        self.assertEqual(refused("host/base/x.h", text), [])

    def test_the_sdk_beyond_the_abi_is_refused(self):
        self.assertEqual(refused("host/module/x.cc", '#include "meshhost/module.h"\n'), [1])

    def test_generated_messages_are_no_layer(self):
        self.assertEqual(refused("host/grpc/x.cc", '#include "meshhost/rpc/status.pb.h"\n'), [])

    def test_plugins_and_tests_are_refused(self):
        text = '#include "plugins/echo/echo.h"\n#include "tests/support/x.h"\n'
        self.assertEqual(refused("host/runtime/x.cc", text), [1, 2])

    def test_a_folder_outside_the_layers_is_refused(self):
        self.assertEqual(refused("host/net/x.cc", '#include "host/extra/x.h"\n'), [1])

    def test_an_include_in_angle_brackets_counts_too(self):
        self.assertEqual(refused("host/base/x.cc", "#include <host/net/worker.h>\n"), [1])


class PluginAndSdkIncludes(unittest.TestCase):
    def test_a_plugin_sees_the_sdk_and_itself(self):
        text = '#include "meshhost/sdk.h"\n#include "plugins/echo/x.h"\n#include "echo.pb.h"\n'
        self.assertEqual(refused("plugins/echo/x.cc", text), [])

    def test_a_plugin_sees_neither_the_host_nor_another_plugin(self):
        text = '#include "host/base/clock.h"\n#include "plugins/catalog/x.h"\n'
        self.assertEqual(refused("plugins/echo/x.cc", text), [1, 2])

    def test_the_sdk_sees_nothing_of_ours(self):
        text = '#include "meshhost/abi/call.h"\n#include "host/base/clock.h"\n'
        self.assertEqual(refused("sdk/include/meshhost/x.h", text), [2])


class Links(unittest.TestCase):
    def test_libraries_obey_the_same_order(self):
        text = "target_link_libraries(meshhost_grpc PUBLIC meshhost::call\n  meshhost::http)\n"
        self.assertEqual(refused("host/grpc/CMakeLists.txt", text), [2])


if __name__ == "__main__":
    unittest.main()
