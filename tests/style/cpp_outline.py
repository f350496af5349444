# SPDX-License-Identifier: Apache-2.0
"""Where functions begin and end in C++ that clang-format has laid out.

Not a parser: it blanks comments and literals, then follows braces. clang-format makes that enough,
since the brace of a body follows a space and the brace of an initializer does not. A brace opens a
function when what stands before it, back to the last statement, has a parameter list and is no
initializer; whatever is nested in a function, lambdas included, belongs to that function.
"""

import dataclasses
import re

_LITERALS = re.compile(
    r'R"(?P<tag>[^\s()\\]{0,16})\(.*?\)(?P=tag)"'  # raw strings first: they may hold anything
    r'|//[^\n]*|/\*.*?\*/'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'", re.DOTALL)
_DIRECTIVES = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
_CONTAINERS = re.compile(r"(?:^|[\s;])(?:namespace|class|struct|union|enum|extern)(?:\s|$)")
_ACCESS = re.compile(r"\s*(?:(?:public|protected|private):)?\s*")
_NAME = re.compile(r"([~\w:]+|operator\s*\S+)\s*\(")


@dataclasses.dataclass(frozen=True)
class Function:
    name: str
    first_line: int
    last_line: int

    @property
    def length(self):
        return self.last_line - self.first_line + 1


def without_literals(text):
    """The text with comments, strings and directives blanked; lines and columns stay."""
    blank = lambda match: re.sub(r"[^\n]", " ", match.group())
    return _DIRECTIVES.sub(blank, _LITERALS.sub(blank, text))


def _opens_function(head):
    if "(" not in head or re.search(r"(=|\breturn)\s*$", head):
        return False
    return not _CONTAINERS.search(re.sub(r"<[^<>]*>|\([^()]*\)", " ", head))


def functions(text):
    """Every function body of a file, in order."""
    code = without_literals(text)
    found, stack, statement = [], [], 0
    for position, char in enumerate(code):
        if char == "{":
            initializer = position > 0 and not code[position - 1].isspace()
            inside = any(kind == "function" for kind, _ in stack)
            head = code[statement:position]
            if initializer or inside:
                stack.append(("nested" if inside else "initializer", statement))
            else:
                kind = "function" if _opens_function(head) else "container"
                stack.append((kind, statement))
                statement = position + 1
        elif char == "}" and stack:
            kind, start = stack.pop()
            if kind == "function":
                found.append(_function(code, start, position))
            if kind in ("function", "container"):
                statement = position + 1
        elif char == ";" and all(kind == "container" for kind, _ in stack):
            statement = position + 1
    return found


def _function(code, start, end):
    start = _ACCESS.match(code, start).end()
    name = _NAME.search(code, start, end)
    line = lambda position: code.count("\n", 0, position) + 1
    return Function(name.group(1) if name else "?", line(start), line(end))
