# SPDX-License-Identifier: Apache-2.0
"""What counts as a function, and how long it is, on the shapes that our sources have."""

import textwrap
import unittest

from cpp_outline import functions
from rules import functions as functions_rule
from source_tree import SourceTree


def outline(text):
    return [(found.name, found.length) for found in functions(textwrap.dedent(text).lstrip("\n"))]


class Outline(unittest.TestCase):
    def test_functions_in_namespaces_and_classes(self):
        self.assertEqual(outline("""
            namespace meshhost {
            class Session final : public Reader {
             public:
              int Size() const { return size_; }

             private:
              int size_ = 0;
            };
            absl::Status Session::Read(std::string_view text,
                                       size_t limit) {
              if (text.empty()) {
                return absl::OkStatus();
              }
              return Parse(text);
            }
            }  // namespace meshhost
            """), [("Size", 1), ("Session::Read", 7)])

    def test_a_constructor_with_brace_initializers(self):
        self.assertEqual(outline("""
            Session::Session(int fd) : fd_{fd}, limits_{1, 2}, name_(Name{fd}.text()) {
              Start();
            }
            """), [("Session::Session", 3)])

    def test_a_lambda_belongs_to_its_function(self):
        self.assertEqual(outline("""
            void Worker::Post() {
              queue_.push([this] {
                Run();
              });
            }
            """), [("Worker::Post", 5)])

    def test_tables_and_enums_are_no_functions(self):
        self.assertEqual(outline("""
            enum class Kind { kOne, kTwo };
            constexpr Row kRows[] = {
                {"a", Parse(1)},
                {"b", Parse(2)},
            };
            const mh_module kModule = {
                .size = sizeof(mh_module),
            };
            """), [])

    def test_a_defaulted_and_a_pure_function_have_no_body(self):
        self.assertEqual(outline("""
            struct Handler {
              virtual ~Handler() = default;
              virtual void Call(int) = 0;
            };
            """), [])

    def test_braces_in_literals_comments_and_macros_do_not_count(self):
        self.assertEqual(outline("""
            #define OPEN(x) \\
              if (x) {
            // {
            const char kText[] = "{";
            const char kRaw[] = R"json({"a": "}"})json";
            void Write() {
              Put('{');  // }
            }
            """), [("Write", 3)])

    def test_templates_and_trailing_returns(self):
        self.assertEqual(outline("""
            template <class Result>
            auto Map(Result value) -> std::optional<Result> {
              return value;
            }
            """), [("Map", 4)])

    def test_a_test_body_is_a_function(self):
        self.assertEqual(outline("""
            TEST(RouteTable, S36_FindsAWildcard) {
              EXPECT_TRUE(true);
            }
            """), [("TEST", 3)])


class FunctionRule(unittest.TestCase):
    def lines(self, body_lines):
        text = "void Long() {\n" + "  Step();\n" * body_lines + "}\n"
        return list(functions_rule.check(SourceTree.of_texts({"host/base/x.cc": text})))

    def test_seventy_lines_pass_and_one_more_does_not(self):
        self.assertEqual(self.lines(68), [])
        self.assertEqual(len(self.lines(69)), 1)


if __name__ == "__main__":
    unittest.main()
