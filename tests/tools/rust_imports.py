"""Import cycles among the files and folders of Rust crates.

    python3 tests/tools/rust_imports.py [REPOSITORY]     prints each import cycle

This reads the source text without the compiler. A path counts, in a `use` declaration or in code,
if its first name resolves inside the crate. Paths are followed through re-exports to the file that
defines the item. These do not count: `mod` declarations, `pub use` in the root of a crate, and
`#[cfg(test)]` items.
"""

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOTS = ("lib.rs", "main.rs")
SKIPPED = {"target", "node_modules", ".venv", ".git", ".aws-sam"}
# Comments, raw strings, strings, characters, and lifetimes.
NOT_CODE = re.compile(
    r"""//[^\n]*|/\*|\b[bc]?r(?P<hashes>\#*)".*?"(?P=hashes)|(?:\b[bc])?"(?:\\.|[^"\\])*"|"""
    r"""(?:\bb)?'(?:\\[^\n]+?|[^\\'\n])'|'\w+""",
    re.S,
)
TOKEN = re.compile(r"::|->|=>|r#\w+|\w+|\S")
NAME = re.compile(r"[A-Za-z_]\w*")
ITEMS = {"fn", "struct", "enum", "union", "trait", "type", "const", "static"}
CLOSING = {"{": "}", "(": ")", "[": "]"}


@dataclass
class Module:
    path: tuple
    file: Path
    children: dict = field(default_factory=dict)
    items: set = field(default_factory=set)
    # From a name to the path that it stands for.
    imports: dict = field(default_factory=dict)
    globs: list = field(default_factory=list)
    # (line, path) of each path in `use` declarations and in code.
    named: list = field(default_factory=list)


def code(text):
    """The text without comments, literals and lifetimes; lines keep their numbers."""
    parts, at = [], 0
    while found := NOT_CODE.search(text, at):
        parts.append(text[at : found.start()])
        end = end_of_comment(text, found.start()) if found[0] == "/*" else found.end()
        parts.append(" " + "\n" * text.count("\n", found.start(), end))
        at = end
    return "".join(parts) + text[at:]


def end_of_comment(text, start):
    """Block comments nest."""
    depth = 0
    for mark in re.finditer(r"/\*|\*/", text[start:]):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return start + mark.end()
    return len(text)


def tokens(text):
    for number, line in enumerate(code(text).splitlines(), 1):
        for token in TOKEN.findall(line):
            yield number, token.removeprefix("r#")


class Reader:
    """Reads a file into its module, and the inline modules of the file into modules of their own."""

    def __init__(self, crate, module):
        self.crate = crate
        self.tokens = list(tokens(module.file.read_text()))
        self.at = 0
        folder = module.file.parent
        if module.file.name not in (*ROOTS, "mod.rs"):
            folder /= module.file.stem
        self.read(module, folder)

    def peek(self, ahead=0):
        return self.tokens[self.at + ahead][1] if self.at + ahead < len(self.tokens) else ""

    def skip_group(self):
        """Moves from an opening bracket to the token after its closing bracket."""
        depth = 0
        while self.at < len(self.tokens):
            token = self.peek()
            depth += (token in CLOSING) - (token in CLOSING.values())
            self.at += 1
            if depth == 0:
                return

    def attribute(self):
        """Moves past an attribute and returns the tokens between its brackets."""
        while self.peek() != "[":
            self.at += 1
        start = self.at
        self.skip_group()
        return [token for _, token in self.tokens[start + 1 : self.at - 1]]

    def skip_item(self):
        """Moves past the item that follows an attribute."""
        while self.peek() == "#":
            self.attribute()
        if self.peek() == "pub":
            self.at += 1
            if self.peek() == "(":
                self.skip_group()
        keyword, following = self.peek(), self.peek(1)
        has_body = not (keyword in ("use", "static", "type") or keyword == "const" and following not in ITEMS | {"async", "unsafe"})
        while self.at < len(self.tokens) and self.peek() != "}":
            token = self.peek()
            if token in CLOSING:
                self.skip_group()
                if token == "{" and has_body:
                    return
            else:
                self.at += 1
                if token == ";":
                    return

    def read(self, module, folder):
        """Reads to the bracket that closes the module, or to the end of the file."""
        depth, public, elsewhere = 0, False, False
        while self.at < len(self.tokens):
            line, token = self.tokens[self.at]
            if token == "#" and self.peek(1) in ("[", "!"):
                words = self.attribute()
                if words[:2] == ["cfg", "("] and "test" in words and not {"any", "not"} & set(words):
                    self.skip_item()
                elsewhere |= words[:1] == ["path"]
                continue
            if token == "pub":
                public = True
                self.at += 1
                if self.peek() == "(":
                    self.skip_group()
                continue
            if token == "}" and depth == 0:
                self.at += 1
                return
            if token == "mod" and NAME.match(self.peek(1)) and self.peek(2) in (";", "{"):
                name, inline = self.peek(1), self.peek(2) == "{"
                self.at += 3
                if not elsewhere:
                    self.child(module, folder, name, inline)
                elsewhere = False
            elif token == "use" and (NAME.match(self.peek(1)) or self.peek(1) in ("::", "{")):
                self.at += 1
                exported = public and module.file == self.crate.root
                for path, alias in self.use_tree(()):
                    self.imported(module, line, path, alias, exported)
            elif token in ITEMS and NAME.match(self.peek(1)) and depth == 0:
                module.items.add(self.peek(1))
                self.at += 2
            elif token == "macro_rules":
                module.items.add(self.peek(2))
                self.at += 3
            elif NAME.match(token) and self.peek(1) == "::" and self.peek(-1) != "::":
                path = [token]
                self.at += 1
                while self.peek() == "::" and NAME.match(self.peek(1)):
                    path.append(self.peek(1))
                    self.at += 2
                module.named.append((line, tuple(path)))
            else:
                depth += (token == "{") - (token == "}")
                self.at += 1
            public = False

    def child(self, module, folder, name, inline):
        path = (*module.path, name)
        files = [module.file] if inline else [folder / f"{name}.rs", folder / name / "mod.rs"]
        file = next((file for file in files if file.is_file()), None)
        if file is None:
            raise FileNotFoundError(f"{module.file} declares the module {name}, which has no file")
        child = self.crate.modules[path] = module.children[name] = Module(path, file)
        if inline:
            self.read(child, folder / name)
        else:
            Reader(self.crate, child)

    def use_tree(self, prefix):
        """The paths of a `use` declaration, each with the name that it introduces."""
        path = list(prefix)
        while True:
            token = self.peek()
            self.at += 1
            if token == "{":
                while self.peek() != "}":
                    yield from self.use_tree(tuple(path))
                    if self.peek() == ",":
                        self.at += 1
                self.at += 1
                return
            if token == "*":
                yield tuple(path), "*"
                return
            if token == "::":
                # `use ::name` names another crate; the empty name resolves to nothing here.
                path = path or [""]
                continue
            path.append(token)
            if self.peek() == "::":
                continue
            if path[-1] == "self" and len(path) > 1:
                path.pop()
            alias = path[-1]
            if self.peek() == "as":
                alias = self.peek(1)
                self.at += 2
            yield tuple(path), alias
            return

    def imported(self, module, line, path, alias, exported):
        if alias == "*":
            module.globs.append(path)
        else:
            module.imports[alias] = path
        if not exported:
            module.named.append((line, path))


class Crate:
    """A crate with its modules, and `uses`: {file: {other file: [(line, path)]}}."""

    def __init__(self, root):
        self.root = root
        self.modules = {}
        top = self.modules[()] = Module((), root)
        Reader(self, top)
        self.uses = self.find_uses()

    def resolve(self, module, path, seen=frozenset()):
        """What a path in a module names: (module, item), or None outside of the crate. The item of
        a module itself is None.
        """
        if not path or (module.path, path) in seen:
            return None
        seen |= {(module.path, path)}
        first, rest = path[0], path[1:]
        if first in ("crate", "self", "super"):
            if first == "super" and not module.path:
                return None
            target = {"crate": (), "self": module.path, "super": module.path[:-1]}[first]
            module = self.modules[target]
            if not rest:
                return module, None
            if rest[0] == "super":
                return self.resolve(module, rest, seen)
            # A name that is not found is an item that a macro defines.
            return self.member(module, rest, seen) or (None if rest[0] in module.imports else (module, rest[0]))
        return self.member(module, path, seen)

    def member(self, module, path, seen):
        """The same for a path that begins with a name of the module."""
        first, rest = path[0], path[1:]
        if first in module.children:
            child = module.children[first]
            return (self.member(child, rest, seen) or (child, rest[0])) if rest else (child, None)
        if first in module.items:
            return module, first
        if first in module.imports:
            return self.resolve(module, (*module.imports[first], *rest), seen)
        for glob in module.globs:
            target = self.resolve(module, glob, seen)
            if target and target[1] is None and target[0] is not module and (found := self.member(target[0], path, seen)):
                return found
        return None

    def find_uses(self):
        uses = {module.file: {} for module in self.modules.values()}
        for module in self.modules.values():
            for line, path in module.named:
                target, item = self.resolve(module, path) or (module, None)
                # The import of a module does not count; the paths that go through it do.
                if target.file != module.file and (item or path in module.globs):
                    uses[module.file].setdefault(target.file, []).append((line, "::".join(path)))
        return uses

    def folders(self):
        """The uses among the entries of each folder: {folder: {entry: {other entry: [(file, line,
        path)]}}}.
        """
        levels = {}
        for file, others in self.uses.items():
            for other, places in others.items():
                here, there = (at.relative_to(self.root.parent).parts for at in (file, other))
                depth = next(number for number, name in enumerate(here) if name != there[number])
                level = levels.setdefault(Path(self.root.parent, *here[:depth]), {})
                level.setdefault(there[depth], {})
                entry = level.setdefault(here[depth], {}).setdefault(there[depth], [])
                entry.extend((file, line, path) for line, path in places)
        return levels


def shortest_cycle(graph, start):
    """The shortest way from a node back to itself, or None."""
    ways, seen = [[start]], set()
    for way in ways:
        for other in sorted(graph[way[-1]]):
            if other == start:
                return way
            if other not in seen:
                seen.add(other)
                ways.append([*way, other])
    return None


def cycles(graph):
    """A shortest cycle through each node that is part of one. Each cycle is listed once and begins
    with its smallest node.
    """
    found = set()
    for node in graph:
        if way := shortest_cycle(graph, node):
            first = way.index(min(way))
            found.add((*way[first:], *way[:first]))
    return sorted(found, key=lambda way: (len(way), way))


def crates(repository):
    for root in sorted(path for name in ROOTS for path in repository.rglob(name)):
        if not SKIPPED & set(root.relative_to(repository).parts):
            yield Crate(root)


def steps(way):
    return zip(way, (*way[1:], way[0]))


def file_cycles(crate, repository):
    """Each cycle of files as text, one import per line."""
    for way in cycles(crate.uses):
        lines = []
        for file, other in steps(way):
            line, path = crate.uses[file][other][0]
            lines.append(f"{file.relative_to(repository)}:{line} uses {path} of {other.relative_to(repository)}")
        yield "\n".join(lines)


def folder_cycles(crate, repository):
    """Each cycle of folders as text, one import per line. A cycle of files is also one of their
    folder.
    """
    for folder, graph in sorted(crate.folders().items()):
        for way in cycles(graph):
            lines = [f"in {folder.relative_to(repository)}: {' -> '.join((*way, way[0]))}"]
            for entry, other in steps(way):
                lines += [f"    {file.relative_to(repository)}:{line} uses {path}" for file, line, path in graph[entry][other]]
            yield "\n".join(lines)


def main(repository):
    found = [list(kind(crate, repository)) for kind in (file_cycles, folder_cycles) for crate in crates(repository)]
    for text in sum(found, []):
        print(text, end="\n\n")
    return 1 if any(found) else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2]).resolve()))
