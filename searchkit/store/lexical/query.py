"""What is asked of the lexical index.

``plain_query`` takes text as it comes. ``parse_query`` also knows some signs::

    rename branch       chunks with any of these words; the more, and the rarer, the better
    "exact phrase"      these words in a row
    +word  +"a phrase"  has to occur
    -word  -"a phrase"  must not occur
    config*             words that begin so, and words of the same stem

A sign counts where a word begins (``well-known`` and ``--dry-run`` are words), the star where one ends. Words that
only hold a sentence together are left out while there are others, unless they stand in quotes or after a sign.

However long the text, the work is bounded: its first ``MOST_READ`` characters are read, and of bare words the first
``MOST_TERMS`` count. Of what has a sign nothing is passed over in silence: it is an error where it stands later, where
there is more than ``MOST_TERMS`` of it, and where one quote or word of it has more than ``MOST_SAID`` characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from searchkit.errors import QueryError
from searchkit.store.caret import with_caret
from searchkit.store.lexical.function_words import FUNCTION_WORDS
from searchkit.store.lexical.words import LONGEST_WORD, Name, length_read, names_in, prefix_forms

MOST_TERMS = 64
MOST_READ = 65_536  # characters
MOST_SAID = MOST_TERMS * LONGEST_WORD  # characters in one quote, or of one word with a sign
SHORTEST_PREFIX = 2
_ITEM = re.compile(
    r"""
      (?P<lone> (?<!\S) [-+] (?!\S) )
    | (?P<sign> (?<!\S) [-+] (?![-+]) )? (?: " (?P<phrase> [^"]* ) (?P<end> "? ) | (?P<word> [^\s"]+ ) )
    """,
    re.VERBOSE,
)
_SIGN = re.compile(r""" " | (?<!\S) [-+] (?![-+]) | (?<=[^\x00-/:-@\[-`{-\x7f]) \* (?!\S) """, re.VERBOSE)


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that is looked for.

    Attributes:
        written: as a person wrote it.
        phrases: FTS5 phrases, any of which is it.
    """

    written: str
    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LexicalQuery:
    """A chunk matches with any of the wanted terms, all of the required ones and none of the excluded.

    Attributes:
        wanted: what the score counts, as often as it was written; the required terms are among them.
        required, excluded: what a chunk has to have or must not have.
    """

    wanted: tuple[Term, ...]
    required: tuple[Term, ...] = ()
    excluded: tuple[Term, ...] = ()

    @property
    def terms(self) -> tuple[str, ...]:
        """What is wanted, as a person wrote it, each once."""
        return tuple(dict.fromkeys(term.written for term in self.wanted))

    @property
    def phrases(self) -> tuple[str, ...]:
        """The FTS5 phrases that the score counts, as often as it counts them."""
        return tuple(phrase for term in self.wanted for phrase in term.phrases)

    @property
    def match(self) -> str:
        """The FTS5 expression of all that has a score."""
        return " OR ".join(self.phrases)


def plain_query(text: str) -> LexicalQuery | None:
    """The words of a text, any of which may match; None where there is no word in it.

    Of a long text the first ``MOST_TERMS`` terms in ``MOST_READ`` characters are looked up.
    """
    wanted = _worth_looking_up(_terms_of(names_in(text[:MOST_READ], MOST_READ)))
    return LexicalQuery(wanted) if wanted else None


def parse_query(text: str) -> LexicalQuery:
    """The query that a text with signs asks; without signs that of `plain_query`.

    Raises:
        QueryError: a quote is not closed, a sign has no word, more than ``MOST_TERMS`` words are in one quote or have
            signs, one of those is too long or stands too late, or there is nothing to look for; it points at the place.
    """
    return _Parser(text).query()


class _Parser:
    """Reads the items of a query one after the other."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = self._saying = 0
        self._bare: list[tuple[Term, bool]] = []
        self._said: list[Term] = []
        self._required: list[Term] = []
        self._excluded: list[Term] = []

    def query(self) -> LexicalQuery:
        late = _SIGN.search(self._text, MOST_READ - 1)
        if late and len(self._text) > MOST_READ:
            raise self._too_late(late.start())
        for item in _ITEM.finditer(self._text, 0, MOST_READ):
            self._at = item.start()
            if item["lone"]:
                raise self._error(
                    item.start(), f"{item['lone']} stands alone", "put it right before a word, or leave it out"
                )
            if item["phrase"] is not None:
                self._phrase(item)
            else:
                self._word(item)
        bare = _worth_looking_up(self._bare, known=bool(self._said))
        wanted = (*bare[: MOST_TERMS - len(self._said)], *self._said)
        if not wanted:
            what = "only says what must not occur" if self._excluded else "has no word in it"
            raise self._error(0, f"the query {what}", "add a word to look for")
        return LexicalQuery(wanted, tuple(self._required), tuple(self._excluded))

    def _phrase(self, item: re.Match[str]) -> None:
        if not item["end"]:
            raise self._error(item.start("phrase") - 1, "this quote is never closed", "")
        self._check_length(item)
        names = list(islice(names_in(item["phrase"]), MOST_TERMS + 1))  # one more than there may be
        if not names:
            raise self._error(item.start("phrase") - 1, "there is no word in these quotes", "")
        phrases = _ways_to_write(names[0]) if len(names) == 1 else (_phrase(names),)
        self._take(item["sign"], Term(item["phrase"].strip(), phrases))

    def _word(self, item: re.Match[str]) -> None:
        word, sign = item["word"], item["sign"]
        if sign or word.endswith("*"):
            self._check_length(item)
        elif self._saying >= MOST_TERMS:
            return
        names = list(names_in(word, MOST_READ))
        if sign and not names:
            raise self._error(item.start(), f"there is no word after this {sign}", "")
        if names and word.endswith(f"{names[-1].written}*"):
            self._names(sign, names[:-1])
            self._prefix(item, names[-1])
        else:
            self._names(sign, names)

    def _check_length(self, item: re.Match[str]) -> None:
        if length_read(item[0]) > MOST_SAID:
            problem = f"more than {MOST_SAID:,} characters in one quote or word with a sign"
            raise self._error(item.start(), problem, "ask for the few words that matter")
        if item.end() == MOST_READ < len(self._text):
            raise self._too_late(item.start())

    def _names(self, sign: str | None, names: list[Name]) -> None:
        if not sign:
            terms = list(_terms_of(names))
            self._bare += terms
            self._saying += sum(not is_function_word for _, is_function_word in terms)
            return
        for name in names:
            self._take(sign, Term(name.written, _ways_to_write(name)), [term for term, _ in _terms_of([name])])

    def _prefix(self, item: re.Match[str], last: Name) -> None:
        if not last.is_run and len(last.written) < SHORTEST_PREFIX:
            raise self._error(
                item.start("word"), f"a beginning of {SHORTEST_PREFIX} letters at least is needed before *", ""
            )
        self._take(item["sign"], Term(f"{last.written}*", _beginnings(last)))

    def _take(self, sign: str | None, term: Term, scored: Iterable[Term] | None = None) -> None:
        if any(phrase.count(" ") >= MOST_TERMS for phrase in term.phrases):
            raise self._error(self._at, f"more than {MOST_TERMS} words in a row", "leave some out")
        if sign == "-":
            self._excluded.append(term)
        else:
            self._said.extend((term,) if scored is None else scored)
        if sign == "+":
            self._required.append(term)
        if max(len(self._said), len(self._required), len(self._excluded)) > MOST_TERMS:
            raise self._error(self._at, f"more than {MOST_TERMS} words with signs or in quotes", "leave some out")

    def _too_late(self, position: int) -> QueryError:
        problem = f"a sign or quote after the first {MOST_READ:,} characters, which are all that is read"
        return self._error(position, problem, "put it at the beginning")

    def _error(self, position: int, problem: str, hint: str) -> QueryError:
        hint = hint or 'such as: branch "rename a" -remote config*'
        return QueryError(with_caret(problem, self._text, position), hint=hint, position=position)


def _terms_of(names: Iterable[Name]) -> Iterator[tuple[Term, bool]]:
    """The terms of each name, and whether it only holds a sentence together."""
    for name in names:
        if name.is_run:
            single = len(name.pieces[0]) == 1
            yield from ((Term(pair, (f'"{pair}"' + "*" * single,)), False) for pair in name.pieces)
        elif len(name.pieces) == 1:
            yield Term(name.written, (f'"{name.words[0]}"',)), _is_function_word(name.pieces[0])
        elif name.is_spelled_apart and len(name.words) <= MOST_TERMS:
            yield Term(name.written, (_phrase([name]),)), False
        else:
            yield from _terms_of_compound(name)


def _terms_of_compound(name: Name) -> Iterator[tuple[Term, bool]]:
    if name.whole:
        yield Term(name.written, (f'"{name.whole}"',)), False
    for piece, word in zip(name.pieces, name.words, strict=True):
        if len(piece) > 1 and not piece.isdecimal():
            yield Term(piece, (f'"{word}"',)), _is_function_word(piece)


def _is_function_word(piece: str) -> bool:
    return piece.lower() in FUNCTION_WORDS


def _worth_looking_up(terms: Iterable[tuple[Term, bool]], *, known: bool = False) -> tuple[Term, ...]:
    """The terms that say something; all where none does and nothing else is known to be asked."""
    says: list[Term] = []
    others: list[Term] = []
    for term, is_function_word in terms:
        (others if is_function_word else says).append(term)
        if len(says) == MOST_TERMS:
            break
    return tuple(says) if says or known else tuple(others)[:MOST_TERMS]


def _phrase(names: list[Name]) -> str:
    """The FTS5 phrase of names in a row."""
    words = [word for name in names[:-1] for word in name.indexed] + list(names[-1].words)
    is_open = names[-1].is_run and len(names[-1].words[-1]) == 1
    return f'"{" ".join(words)}"' + "*" * is_open


def _ways_to_write(name: Name) -> tuple[str, ...]:
    return (f'"{name.whole}"', _phrase([name])) if name.whole else (_phrase([name]),)


def _beginnings(name: Name) -> tuple[str, ...]:
    if name.is_run:
        return (_phrase([name]),)
    forms = prefix_forms("".join(name.pieces))
    ways = (f'"{forms[0]}"*', *(f'"{form}"' for form in forms[1:]))
    if len(name.pieces) == 1:
        return ways
    return (*ways, f'"{" ".join((*name.words[:-1], prefix_forms(name.pieces[-1])[0]))}"*')
