"""A chunk -> what names its topic; of source code no imports, no keywords of the language, no phrases across lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from searchkit.documents.formats import by_name

if TYPE_CHECKING:
    from searchkit.store import ChunkRow

_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+\S+[ \t]+import\b|import\b|#[ \t]*(?:include|define|ifn?def|endif)\b"
    r"|(?:(?:pub )?use|using)[ \t][^\n]*;|package[ \t]+[\w.]+;?[ \t]*$"
    r"|(?:const|var|let)[^\n=]*=[ \t]*require\b|require(?:_relative)?\b)[^\n]*",
    re.M,
)
# of many languages at once; not those that may be what the code is about, such as table, map, key, module or package
_KEYWORDS = """
abstract and any args as assert async auto await bool boolean break byte case catch cdef char class cls const
constexpr continue def default defer del delete dict do done double echo elif else elsif end endif enum esac except
exit explicit export extends extern false fi final finally float fn for friend from func function getattr global goto
hasattr if impl implements import in include inline insert instanceof int int32 int64 interface into is isinstance
issubclass kwargs lambda len let list local long loop main mut namespace new nil none nonlocal not null nullptr object
operator or override param pass print printf private protected pub public raise raises readonly register return
returns sealed select self set setattr shift short signed sizeof static std str string struct super switch then this
throw throws trait true try tuple type type_checking typedef typename typeof uint undefined union unless unsigned
update using usize values var vec virtual void volatile where while with yield
"""
# names of fields, the same in every document of a site
_FRONT_MATTER = re.compile(r"\A(?P<fence>---|\+\+\+)[ \t]*\n(?:[^\n]*\n){0,200}?(?P=fence)[ \t]*(?:\n|\Z)")
_KEYWORD = re.compile(rf"\b(?:{'|'.join(_KEYWORDS.split())})\b", re.IGNORECASE)


def telling_text(chunk: ChunkRow) -> str:
    """The text that a topic's name is made from."""
    return without_syntax(chunk.text) if is_code(chunk.path) else without_front_matter(chunk.text)


def without_front_matter(text: str) -> str:
    """Text without the fields that stand above it."""
    return _FRONT_MATTER.sub("", text)


def is_code(path: str | None) -> bool:
    """Whether a file holds source code or settings, by its name."""
    known = by_name(path) if path else None
    return known is not None and known.name == "code"


def without_syntax(code: str) -> str:
    """Code without what any code of its language has; a line is never read on into the next."""
    return _KEYWORD.sub(" . ", _IMPORT.sub("", code)).replace("\n", "\n\n")
