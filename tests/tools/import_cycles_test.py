"""No import cycles: files of a crate form a hierarchy, and so do the entries of each folder."""

import tempfile
import unittest
from pathlib import Path

from rust_imports import Crate, crates, file_cycles, folder_cycles

REPOSITORY = Path(__file__).parents[2]


class Repository(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.crates = list(crates(REPOSITORY))

    def test_no_files_use_items_of_each_other(self):
        found = [text for crate in self.crates for text in file_cycles(crate, REPOSITORY)]
        self.assertEqual(found, [], "\n\n".join(["import cycles:", *found]))

    def test_no_folders_use_items_of_each_other(self):
        found = [text for crate in self.crates for text in folder_cycles(crate, REPOSITORY)]
        self.assertEqual(found, [], "\n\n".join(["import cycles:", *found]))

    def test_each_crate_is_read(self):
        uses = {str(crate.root.relative_to(REPOSITORY)): sum(map(len, crate.uses.values())) for crate in self.crates}
        for root in ("shared/src/lib.rs", "dev/src/lib.rs"):
            self.assertGreater(uses[root], 100, root)
        for root in ("tests/harness/lib.rs", "tests/cases/main.rs"):
            self.assertGreater(uses[root], 20, root)
        self.assertGreater(len(uses), 12)


class Cycles(unittest.TestCase):
    def crate(self, **files):
        """A crate of these files; `__` in a name stands for a folder."""
        root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name, text in files.items():
            path = Path(root, f"{name.replace('__', '/')}.rs")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return Crate(root / "lib.rs"), root

    def found(self, **files):
        return [text.splitlines() for text in file_cycles(*self.crate(**files))]

    def test_two_files_that_use_each_other(self):
        found = self.found(
            lib="mod a;\nmod b;",
            a="use crate::b::{One, two as other};\npub struct A(One);",
            b="//! Two.\nuse std::fmt;\nuse super::a::A;\npub struct One;\npub fn two() {}",
        )
        self.assertEqual(found, [["a.rs:1 uses crate::b::One of b.rs", "b.rs:3 uses super::a::A of a.rs"]])

    def test_a_ring_of_files(self):
        found = self.found(
            lib="mod a;\nmod b;\nmod c;",
            a="use crate::b::B;\npub struct A;",
            b="use crate::c::C;\npub struct B;",
            c="use crate::a::A;\npub struct C;",
        )
        ring = ["a.rs:1 uses crate::b::B of b.rs", "b.rs:1 uses crate::c::C of c.rs", "c.rs:1 uses crate::a::A of a.rs"]
        self.assertEqual(found, [ring])

    def test_paths_in_code_count(self):
        for path in ("crate::b::B", "super::b::B", "self::super::b::B", "b::B", "other::B", "$crate::b::B"):
            with self.subTest(path=path):
                found = self.found(
                    lib="mod a;\nmod b;",
                    a=f"use crate::b;\nuse crate::b as other;\npub struct A;\nfn f<'a>() -> {path}<'a> {{ g() }}",
                    b="use crate::a::A;\npub struct B;",
                )
                self.assertEqual(len(found), 1)

    def test_a_module_and_its_child_that_use_each_other(self):
        for parent in ("use child::Child;", "pub use child::Child;", "fn f(_: child::Child) {}", "use self::child::*;"):
            with self.subTest(parent=parent):
                found = self.found(
                    lib="mod a;",
                    a__mod=f"mod child;\n{parent}\npub struct Parent;",
                    a__child="use super::Parent;\npub struct Child;",
                )
                self.assertEqual([len(lines) for lines in found], [2])

    def test_a_child_that_takes_all_of_its_parent(self):
        found = self.found(
            lib="mod a;",
            a__mod="mod child;\nuse child::Child;\npub struct Parent;",
            a__child="use super::*;\npub struct Child(Parent);",
        )
        self.assertEqual(len(found), 1)

    def test_a_reexport_stands_for_the_file_that_defines_the_item(self):
        found = self.found(
            lib="mod a;\nmod b;",
            a__mod="mod deep;\npub use deep::Deep;",
            a__deep="use crate::b::B;\npub struct Deep;",
            b="use crate::a::Deep;\npub struct B;",
        )
        self.assertEqual(found, [["a/deep.rs:1 uses crate::b::B of b.rs", "b.rs:1 uses crate::a::Deep of a/deep.rs"]])

    def test_what_does_not_count(self):
        a = "use crate::b::B;\npub struct A;"
        for b in (
            "",
            "#[cfg(test)]\nmod tests { use crate::a::A; }",
            "#[cfg(test)]\n#[allow(unused)]\npub(crate) use crate::a::{A};",
            "#[cfg(test)]\nfn f() -> &'static str { crate::a::A::f() }\n#[cfg(test)]\nconst C: u8 = { crate::a::A::C };",
            "// use crate::a::A;\n/* crate::a::A /* nested */ crate::a::A */",
            '/// [`crate::a::A`]\nconst S: &str = "crate::a::A";\nconst R: &str = r#"a "crate::a::A" \'"#;\nconst Q: char = \'"\';',
            "mod inner { pub struct A; }\nuse inner::A;",
            "use ::a::A;",
            "use super::a;",
        ):
            with self.subTest(b=b):
                self.assertEqual(self.found(lib="mod a;\nmod b;\npub use a::A;\npub use b::B;", a=a, b=f"{b}\npub struct B;"), [])
        # The same file with a path that counts.
        for b in ("#[cfg(not(test))]\nuse crate::a::A;", "#[cfg(test)]\nmod tests {}\nuse crate::A;", "use super::{a};\nfn f(_: a::A) {}"):
            with self.subTest(b=b):
                found = self.found(lib="mod a;\nmod b;\npub use a::A;\npub use b::B;", a=a, b=f"{b}\npub struct B;")
                self.assertEqual(len(found), 1)

    def test_folders_that_use_each_other_through_different_files(self):
        crate, root = self.crate(
            lib="mod a;\nmod b;",
            a__mod="pub mod one;\npub mod two;",
            a__one="use crate::b::B;",
            a__two="pub struct Two;",
            b="use crate::a::two::Two;\npub struct B;",
        )
        self.assertEqual(list(file_cycles(crate, root)), [])
        (text,) = folder_cycles(crate, root)
        self.assertEqual(
            text.splitlines(),
            ["in .: a -> b.rs -> a", "    a/one.rs:1 uses crate::b::B", "    b.rs:1 uses crate::a::two::Two"],
        )


if __name__ == "__main__":
    unittest.main()
