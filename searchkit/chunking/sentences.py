"""Where sentences begin and end, by rule: no model, no dictionary, the same answer everywhere.

A sentence ends at ``. ! ? …`` before space, at ``。！？`` anywhere, at a blank line, and before a list item
or table row. It does not end inside numbers, URLs and names with dots (no space follows), after abbreviations
and initials, or where the next word goes on in lower case.
"""

from __future__ import annotations

import re

_BREAK = re.compile(
    r"""
      (?P<blank> \n\s*\n )
    | (?P<item>  \n(?=[^\S\n]{0,40}(?:[-*+•‣–][^\S\n]|\(?(?:\d{1,3}|[A-Za-z])[.)][^\S\n]|\|)) )
    | (?P<wide>  [。！？｡]+ (?P<wide_close>[”’」』）】》"')]*) )
    | (?P<stop>  (?<![.!?…।॥؟۔]) [.!?…।॥؟۔]+ ["'”’»)\]]* ) (?=\s)
    """,
    re.VERBOSE,
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NEVER_LAST = _words("e.g i.e eg ie vs cf viz approx ca incl excl resp")
# Of these the next word tells: "Acme Inc. The board" against "Acme Inc. Chairman".
_SOMETIMES_LAST = _words("""
    mr mrs ms mx dr prof rev hon st gen col lt sgt capt cmdr gov sen rep pres messrs mme mlle
    etc al inc ltd co corp llc bros jr sr dept univ est ave blvd rd ph.d""")
# These are abbreviations before a number alone: "No. 5", "Sec. IV", "Dec. 1999" against "open the app. Then".
_NEEDS_NUMBER = _words("""
    no nr fig figs eq eqs sec secs ch chap vol vols p pp ed eds tab app art para ref refs
    jan feb mar apr jun jul aug sep sept oct nov dec""")
_OPENERS = _words("""
    a an the this that these those there here it its he she they we you i his her their our your my
    in on at to for from with by as if when while after before since because although though however
    but and or so yet thus then also not no what who why how where which all some many most each
    one see use set add run""")
_ROMAN = re.compile(r"[IVXLC]+")

_LOOK_BACK = 48  # characters; an abbreviation is never longer
_OPENING = "\"'“‘«([{„¿¡*_`"
_CLOSING = "\"'”’»)]"


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """The sentences of ``text`` as half-open spans of characters.

    Returns:
        Spans in order, not overlapping, without surrounding space; together they hold every character that
        is not space. Empty for a text without words.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for found in _BREAK.finditer(text):
        if _ends_sentence(text, found):
            start = _close(text, start, found.end(), spans)
    _close(text, start, len(text), spans)
    return spans


def _close(text: str, start: int, end: int, spans: list[tuple[int, int]]) -> int:
    body = text[start:end]
    if kept := body.strip():
        first = start + len(body) - len(body.lstrip())
        spans.append((first, first + len(kept)))
    return end


def _ends_sentence(text: str, found: re.Match[str]) -> bool:
    kind = found.lastgroup
    if kind == "blank" or kind == "item":
        return True
    if kind != "stop":
        # 「…。」と: after a closing quote the sentence goes on, unless a line or space follows
        closed = bool(found["wide_close"])
        return not closed or not text[found.end() : found.end() + 1].strip()
    following = _next_word(text, found.end())
    if following[:1].islower():
        return False
    mark = found["stop"].rstrip(_CLOSING)
    return mark != "." or _stop_ends_sentence(text, found.start(), following)


def _stop_ends_sentence(text: str, at: int, following: str) -> bool:
    """Whether the single full stop at ``text[at]`` ends a sentence, judged by the words around it."""
    before = text[max(0, at - _LOOK_BACK) : at]
    words = before.split()
    if not words or before[-1:].isspace():
        return True
    word = words[-1].lstrip(_OPENING)
    name = word.lower()
    if _is_list_number(text, at, word):
        return False
    opens = following.lower() in _OPENERS
    if name in _NEEDS_NUMBER:
        return not (following[:1].isdigit() or _ROMAN.fullmatch(following))
    if name in _NEVER_LAST:
        return False
    if name in _SOMETIMES_LAST or _is_dotted(name):
        return opens or not following
    is_initial = len(word) == 1 and word.isupper()
    return not is_initial or opens


def _is_dotted(word: str) -> bool:
    """Single letters between full stops: "u.s", "d.h"."""
    return len(word) > 1 and all(len(letter) == 1 and letter.isalpha() for letter in word.split("."))


def _is_list_number(text: str, at: int, word: str) -> bool:
    """Whether ``word`` numbers a list item: "1." or "a." at the start of its line."""
    if len(word) > 3 or not (word.isdigit() or len(word) == 1):
        return False
    line_start = text.rfind("\n", max(0, at - _LOOK_BACK), at) + 1 or max(0, at - _LOOK_BACK)
    return text[line_start:at].strip() == word and (line_start == 0 or text[line_start - 1] == "\n")


def _next_word(text: str, at: int) -> str:
    """The word after the space at ``text[at]``, without opening quotes; empty at a blank line or the end."""
    ahead = text[at : at + _LOOK_BACK]
    if ahead.count("\n") > 1 and not ahead[: ahead.rfind("\n")].strip():
        return ""
    words = ahead.split(None, 1)
    return words[0].lstrip(_OPENING).rstrip(".,;:!?\"'”’»)]}*_`") if words else ""
