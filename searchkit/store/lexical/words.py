"""Text analysis of the lexical index: text -> the words that are indexed and looked up.

- Unicode: compatibility forms, case and accents are folded (``Ｃａｆé`` is ``cafe``).
- English: words of the letters a to z are stemmed (`stemming`); ``'s`` goes.
- Names and numbers as programs write them, ``max_retries``, ``HTTPServer2``, ``--dry-run``, ``src/foo/bar.py``: their
  parts stand in the text like words; the whole, its parts joined (``maxretries``), is added at the end of the text, so
  that the ways to write a name are one and phrases are not cut by it.
- Scripts without spaces between words (Chinese, Japanese, Thai ...) and Korean: every pair of neighbours, and the last
  character of a run. A pair is the shortest thing that says something; pairs in a row find any longer text exactly,
  and every single character begins one of these words.

What is indexed depends on this file alone, on `stemming` and on Python's Unicode tables: `ANALYSIS` names them, and an
index of another analysis is filled anew by the next writer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from searchkit.store.lexical.stemming import english_stem

ANALYSIS_VERSION = 1  # one more whenever other words come out, or what `tables` makes changes
ANALYSIS = f"{ANALYSIS_VERSION}, Unicode {unicodedata.unidata_version}"
LONGEST_WORD = 64  # characters; more is data, of which only the beginning is kept

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u1100-\u11ff\uac00-\ud7a3"  # Korean
    "\u3005-\u3007\u3021-\u3029\u3041-\u309a\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese characters
)
_LETTERS = r"[^\x00-/:-@\[-`{-\x7f]+"  # what of it is no letter beyond ASCII is sorted out later
_RAW = re.compile(rf"{_LETTERS}(?:(?:::|_+|[-./\\:']){_LETTERS})*")
_JOINT = re.compile(r"[-_./\\:']+")
_PIECE = re.compile(
    r"""
      0[xX][0-9a-fA-F]+                                   # 0x80070005
    | (?: [A-Za-z](?![a-zA-Z]) )? [0-9]+ (?: [A-Za-z](?![A-Za-z]) | (?:st|nd|rd|th)(?![a-z]) )?   # E1234, 3d, 4th
    | [A-Z]+ (?![a-z]) | [A-Z]? [a-z]+ | [A-Z]+           # HTTP, Server, server
    """,
    re.VERBOSE,
)
_LATIN = re.compile("[a-z]+")
_SUFFIXES = "ability ation ational ator ement ence fulness ible ical icity iveness ization izing ity"
_BEGINS_SUFFIX = re.compile("|".join(sorted({s[:n] for s in _SUFFIXES.split() for n in range(2, len(s) + 1)})))
_ACCENTS = re.compile("[\u0300-\u036f]")
_NO_WORD = re.compile(r"[\x00-/:-@\[-`{-\x7f]")


@dataclass(frozen=True, slots=True)
class Name:
    """A word, a name of several parts, or a run of a script without spaces.

    Attributes:
        written: as it stands in the text.
        pieces: its parts as they stand in the text.
        words: what each is indexed as; of the same length.
        whole: what the name is indexed as besides; "" where there is one piece, a run, or nothing but numbers.
        is_run: whether the pieces are the pairs of a run.
    """

    written: str
    pieces: tuple[str, ...]
    words: tuple[str, ...]
    whole: str = ""
    is_run: bool = False

    @property
    def is_spelled_apart(self) -> bool:
        """Whether it is one thing to a reader whose parts alone say little: ``well-known``, ``2026-11-21``."""
        if all(piece.isalpha() for piece in self.pieces):
            return self.written.lower() == "-".join(self.pieces).lower()
        return all(piece.isdecimal() for piece in self.pieces)

    @property
    def indexed(self) -> tuple[str, ...]:
        """The words in the order of the text, as a phrase finds them."""
        return (*self.words, self.words[-1][-1]) if self.is_run and len(self.written) > 1 else self.words


def names_in(text: str, most: int | None = None) -> Iterator[Name]:
    """The words, names and runs of a text in order; in its first ``most`` characters as `length_read` counts them."""
    return (name for raw in _RAW.finditer(_compatible(text)[:most]) for name in _names(raw[0]))


def length_read(text: str) -> int:
    """How many characters of a text are read: its compatibility forms have up to 18 for one."""
    return len(_compatible(text))


def indexed_words(text: str) -> str:
    """The words of a text as the lexical index takes them, separated by spaces."""
    running, wholes = [], []
    for raw in _RAW.findall(_compatible(text)):
        words, whole = _indexed(raw) if len(raw) <= LONGEST_WORD else _indexed.__wrapped__(raw)
        running.append(words)
        if whole:
            wholes.append(whole)
    return " ".join(filter(None, running + wholes))


def prefix_forms(piece: str) -> tuple[str, ...]:
    """The beginning of a word as words are indexed, and the stems of words that begin so but are shorter."""
    folded = _fold(piece)
    cuts = {folded[:at] for at in range(3, len(folded) - 1) if _BEGINS_SUFFIX.fullmatch(folded, at)}
    return (folded, *sorted({_word(piece), *cuts} - {folded}))


def _compatible(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFKC", text).replace("’", "'")


@lru_cache(maxsize=1 << 15)
def _indexed(raw: str) -> tuple[str, str]:
    """The words of one raw piece of text, and of its names as wholes."""
    if raw.isascii() and raw.isalpha() and (raw.islower() or raw.istitle()):  # nearly all
        return _word(raw), ""
    names = list(_names(raw))
    return " ".join(word for name in names for word in name.indexed), " ".join(
        name.whole for name in names if name.whole
    )


def _names(raw: str) -> Iterator[Name]:
    for name in [_name(raw)] if raw.isascii() else _runs_and_names(raw):
        if name.words:
            yield name


def _runs_and_names(raw: str) -> Iterator[Name]:
    clean = "".join(mark if mark.isascii() or unicodedata.category(mark)[0] in "LMN" else " " for mark in raw)
    for part in _run_or_name().finditer(clean):
        yield _run(part[0]) if part["run"] else _name(part[0])


@lru_cache(maxsize=1)
def _run_or_name() -> re.Pattern[str]:
    """Made at its first use: a set of so many characters takes 20 ms."""
    return re.compile(rf"(?P<run>[{_UNSPACED}]+)|[^\s{_UNSPACED}]+")


def _run(written: str) -> Name:
    pairs = tuple(written[at : at + 2] for at in range(max(1, len(written) - 1)))
    return Name(written, pairs, pairs, is_run=True)


def _name(written: str) -> Name:
    return _kept_name(written) if len(written) <= LONGEST_WORD else _kept_name.__wrapped__(written)


@lru_cache(maxsize=1 << 13)
def _kept_name(written: str) -> Name:
    written = written.strip("-_./\\:'")
    bare = written[:-2] if written[-2:] in {"'s", "'S"} else written
    found = [(piece, word) for piece in _pieces(bare) if (word := _word(piece))]
    pieces, words = tuple(piece for piece, _ in found), tuple(word for _, word in found)
    is_joined = len(found) > 1 and "'" not in bare and not all(piece.isdecimal() for piece in pieces)
    whole = _word("".join(pieces)) if is_joined and len(bare) <= LONGEST_WORD else ""
    return Name(written, pieces, words, whole)


def _pieces(name: str) -> Iterator[str]:
    for part in _JOINT.split(name):
        if part.isascii() and len(part) <= LONGEST_WORD:
            yield from _PIECE.findall(part)
        else:
            yield part


def _word(piece: str) -> str:
    """What a piece is indexed as; "" for one of accents alone."""
    folded = _fold(piece)
    return english_stem(folded) if _LATIN.fullmatch(folded) else folded


def _fold(piece: str) -> str:
    if piece.isascii():
        return piece.lower()[:LONGEST_WORD]
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", piece).casefold()))
    return _NO_WORD.sub("", unicodedata.normalize("NFC", bare))[:LONGEST_WORD]
