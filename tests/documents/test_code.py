from __future__ import annotations

import pytest
from sample_files import check_blocks, document, documents, outline, text_of

from searchkit.errors import DocumentRefusedError
from searchkit.types import Document

MODULE = '''"""Tea.

def in_docstring(): pass
"""
import os

@register
@cached(
    1)
class Pot(Base):
    """A pot."""

    @property
    def size(self,
             unit):
        def nested(): pass
        return "def quoted():"

    async def pour(self): ...

LIMIT = 2

def boil(water): return water  # class Not

if __name__ == "__main__":
    boil(1)
'''


def test_python_definitions_are_headings_and_what_follows_them_is_not_theirs() -> None:
    found = document(MODULE, "pot.py")
    check_blocks(found)
    assert outline(found) == [
        (1, "class Pot"),
        (2, "def size"),
        (2, "def pour"),
        (1, ""),
        (1, "def boil"),
        (1, ""),
    ]
    assert found.metadata == {"format": "code", "language": "python"}
    assert found.title == "pot.py"


def test_decorators_belong_to_their_definition() -> None:
    found = document(MODULE, "pot.py")
    heading = next(block for block in found.blocks if block.title == "class Pot")
    assert text_of(found, heading) == "@register\n@cached(\n    1)\nclass Pot(Base):"


def covered(found: Document) -> str:
    return "".join("".join(text_of(found, block).split()) for block in found.blocks)


def test_blocks_hold_every_character() -> None:
    found = document(MODULE, "pot.py")
    assert covered(found) == "".join(MODULE.split())


@pytest.mark.parametrize(
    ("name", "text", "titles"),
    [
        ("a.rs", "use x;\n\n/// Doc\npub fn parse<T>(x: &str) -> T {\n    1\n}\n\nimpl<T> Foo for Bar<T> {\n}\n",
         ["pub fn parse<T>(x: &str) -> T", "impl<T> Foo for Bar<T>"]),
        ("a.c", "#include <x.h>\n\nstatic int add(int a,\n               int b)\n{\n  return a;\n}\n\nint x;\n",
         ["static int add(int a", ""]),
        ("a.js", "export default class Pot {\n}\n\nconst pour = (cup) => {\n  x();\n}\n",
         ["export default class Pot", "const pour = (cup)"]),
        ("a.go", "package tea\n\nfunc (p *Pot) Pour(n int) error {\n\treturn nil\n}\n",
         ["package tea", "func (p *Pot) Pour(n int) error"]),
        ("a.sql", "CREATE TABLE tea (\n  id int\n);\n\nSELECT 1;\n", ["CREATE TABLE tea", ""]),
        ("a.sh", "set -e\n\nboil() {\n  kettle\n}\n\nif [ -f x ]; then\n  boil\nfi\n", ["boil()", ""]),
        ("a.yaml", "type: x\n\nclass: y\n", []),
    ],
)  # fmt: skip
def test_definitions_of_other_languages(name: str, text: str, titles: list[str]) -> None:
    found = document(text, name)
    check_blocks(found)
    assert [title for _, title in outline(found)] == titles
    assert covered(found) == "".join(text.split())


def test_broken_code_is_code_too() -> None:
    found = document('def f(:\n  x = """never closed\n\ndef g(', "a.py")
    assert outline(found) == [(1, "def f")]
    check_blocks(found)


def test_minified_code_is_refused() -> None:
    with pytest.raises(DocumentRefusedError, match="minified"):
        documents("var a=1;" * 2000, "a.min.js")
