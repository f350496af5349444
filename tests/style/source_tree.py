# SPDX-License-Identifier: Apache-2.0
"""The files that the rules look at: what git knows or would take, or a dictionary in a test."""

import dataclasses
import pathlib
import subprocess

CPP_ENDINGS = (".h", ".cc", ".c")


@dataclasses.dataclass(frozen=True)
class Finding:
    path: str
    line: int
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.message}"


class SourceTree:
    """Paths relative to the root, with their text. Texts are read once."""

    def __init__(self, root, paths, texts):
        self.root = root
        self.paths = sorted(paths)
        self._texts = texts

    @classmethod
    def on_disk(cls, root):
        listing = subprocess.run(["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=root,
                                 check=True, stdout=subprocess.PIPE, text=True).stdout
        paths = {path for path in listing.split("\0") if path and (root / path).is_file()}
        return cls(root, paths, {})

    @classmethod
    def of_texts(cls, texts):
        return cls(pathlib.Path("/nonexistent"), texts, dict(texts))

    def text(self, path):
        if path not in self._texts:
            self._texts[path] = (self.root / path).read_text(encoding="utf-8", errors="replace")
        return self._texts[path]

    def lines(self, path):
        return enumerate(self.text(path).splitlines(), start=1)

    def cpp(self, *folders):
        """C and C++ files, of all folders or of those named."""
        return [path for path in self.paths if path.endswith(CPP_ENDINGS)
                and (not folders or path.startswith(tuple(folder + "/" for folder in folders)))]

    def has(self, path):
        return path in self.paths
