# SPDX-License-Identifier: Apache-2.0
"""The smaller rules: each finds the fault it is named for, and lets good sources pass."""

import pathlib
import subprocess
import tempfile
import unittest

from rules import clang_format, headers, lengths, listed, marks, metrics, names, spdx
from source_tree import SourceTree

SPDX = "// SPDX-License-Identifier: Apache-2.0\n"


def messages(rule, texts):
    return [str(finding) for finding in rule.check(SourceTree.of_texts(texts))]


class Lengths(unittest.TestCase):
    def test_headers_and_sources_have_their_own_limits(self):
        fine = {"host/a.h": "x\n" * 300, "host/a.cc": "x\n" * 600}
        self.assertEqual(messages(lengths, fine), [])
        self.assertEqual(len(messages(lengths, {"a.h": "x\n" * 301, "a.cc": "x\n" * 601})), 2)


class Names(unittest.TestCase):
    def test_a_word_of_a_path_is_banned_not_a_part_of_a_word(self):
        self.assertEqual(messages(names, {"host/net/commonality.h": ""}), [])
        self.assertEqual(len(messages(names, {"host/net/string_util.h": ""})), 1)
        self.assertEqual(len(messages(names, {"host/common/clock.h": ""})), 1)

    def test_type_names_count_too(self):
        text = "// class Manager\nclass SessionManager {};\nnamespace detail {}\n"
        self.assertEqual(len(messages(names, {"host/net/session.h": text})), 1)


class Listed(unittest.TestCase):
    def test_a_source_is_named_in_its_folder_or_above(self):
        texts = {"host/net/a.cc": "", "plugins/echo/src/b.c": "",
                 "host/net/CMakeLists.txt": "add_library(net a.cc)",
                 "plugins/echo/CMakeLists.txt": "add(src/b.c)"}
        self.assertEqual(messages(listed, texts), [])

    def test_a_comment_or_a_longer_name_is_no_listing(self):
        texts = {"host/net/a.cc": "", "host/net/CMakeLists.txt": "# a.cc\nadd_library(net data.cc)"}
        self.assertEqual(len(messages(listed, texts)), 1)

    def test_a_fuzz_target_is_listed_by_its_name(self):
        texts = {"tests/fuzz/a_fuzz.cc": "", "tests/fuzz/b_fuzz.cc": "",
                 "tests/fuzz/CMakeLists.txt": "meshhost_fuzz(a LIBS meshhost::net)"}
        self.assertEqual(len(messages(listed, texts)), 1)

    def test_a_unit_test_is_listed_by_its_name(self):
        texts = {"tests/unit/net/a_test.cc": "", "tests/unit/net/b_test.cc": "",
                 "tests/unit/net/CMakeLists.txt": "meshhost_unit_test(a LIBS meshhost::net)"}
        self.assertEqual(len(messages(listed, texts)), 1)


class Marks(unittest.TestCase):
    def test_a_mark_is_found_and_a_word_that_holds_one_is_not(self):
        mark = "TO" + "DO"
        found = messages(marks, {"host/a.cc": f"// {mark}: later\n", "host/b.cc": f"{mark}S\n"})
        self.assertEqual(len(found), 1)


class Spdx(unittest.TestCase):
    def test_the_first_line_or_the_second_of_a_script(self):
        texts = {"a.cc": SPDX, "run": "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n",
                 "notes.md": "no licence line is asked of prose\n"}
        self.assertEqual(messages(spdx, texts), [])

    def test_a_missing_line_is_found(self):
        self.assertEqual(len(messages(spdx, {"a.cc": "int a;\n", "run": "#!/bin/sh\n"})), 2)


class Metrics(unittest.TestCase):
    def check(self, page, source):
        return messages(metrics, {metrics.PAGE: page, "host/telemetry/a.cc": source})

    def test_page_and_code_agree(self):
        self.assertEqual(self.check("`process_handshakes_total`", 'Add("process_handshakes_total");'), [])

    def test_an_undescribed_metric_is_found(self):
        self.assertEqual(len(self.check("", 'Add("process_handshakes_total");')), 1)

    def test_the_series_of_a_histogram_belong_to_it(self):
        page = "`http_server_wait_seconds`, `rate(http_server_wait_seconds_bucket[5m])`"
        self.assertEqual(self.check(page, 'Add("http_server_wait_seconds");'), [])

    def test_a_description_without_a_metric_is_found(self):
        self.assertEqual(len(self.check("`process_handshakes_total`", "")), 1)


class OnDisk(unittest.TestCase):
    """Rules that run a compiler or formatter, and the listing of files, on a real folder."""

    def tree(self, texts):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        root = pathlib.Path(folder.name)
        for path, text in texts.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        subprocess.run(["git", "init", "-q"], cwd=root, check=True)
        return SourceTree.on_disk(root)

    def test_a_header_that_leans_on_its_includer_is_found(self):
        tree = self.tree({"host/net/good.h": "#pragma once\n#include <string>\nstd::string Name();\n",
                          "host/net/bad.h": "#pragma once\nstd::string Name();\n"})
        self.assertEqual([finding.path for finding in headers.check(tree)], ["host/net/bad.h"])

    def test_a_source_that_hides_its_header_behind_another_is_found(self):
        tree = self.tree({"host/net/a.h": "#pragma once\n",
                          "host/net/a.cc": '#include <map>\n#include "host/net/a.h"\n'})
        self.assertEqual([finding.path for finding in headers.check(tree)], ["host/net/a.cc"])

    def test_a_header_without_a_guard_is_found(self):
        tree = self.tree({"host/net/a.h": "int a();\n"})
        self.assertEqual(len(list(headers.check(tree))), 1)

    def test_a_badly_laid_out_source_is_found(self):
        tree = self.tree({".clang-format": "BasedOnStyle: Google\n", "a.cc": "int  a ;\n",
                          "b.cc": "int b;\n"})
        self.assertEqual([finding.path for finding in clang_format.check(tree)], ["a.cc"])

    def test_ignored_files_are_not_looked_at(self):
        tree = self.tree({".gitignore": "/build/\n", "build/a.cc": "", "a.cc": ""})
        self.assertEqual(tree.cpp(), ["a.cc"])


if __name__ == "__main__":
    unittest.main()
