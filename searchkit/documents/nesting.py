"""A look at the tags of a page before it is parsed: some pages take an HTML parser quadratic time and memory.

For each tag the parser looks through the elements that are open, and in each paragraph it makes the open
formatting tags anew; a hundred thousand unclosed ``<div>`` take half a minute. People's pages are shallow.
"""

from __future__ import annotations

import re
from collections import Counter

from searchkit.errors import DocumentRefusedError

MOST_TAGS = 2_000_000
FREE_COST = 1_000_000  # for a page of any size
MOST_ATTRIBUTES = 2_000  # of one tag; the parser compares each with all before it
COST_PER_TAG = 200  # the mean depth; browsers stop at a depth of 512
FORMATTING_WEIGHT = 20


def tags(names: str) -> frozenset[str]:
    """Tag names written with spaces between them."""
    return frozenset(names.split())


_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/<>]*)([^<>]*)")
_CLOSED_BY_OTHERS = tags(
    "area base br col embed hr img input link meta source track wbr p li dt dd tr td th thead tbody tfoot option "
    "html head body"
)
_FORMATTING = tags("a b big code em font i nobr s small strike strong tt u")
_FOREIGN = frozenset({"svg", "math"})
_ENDS_FOREIGN = (_CLOSED_BY_OTHERS | _FORMATTING) - {"a", "font", "link"} | tags(
    "blockquote center div dl h1 h2 h3 h4 h5 h6 listing menu ol pre ruby span sub sup table ul var"
)


def check_nesting(html: str) -> None:
    """Refuse a page whose tags are opened and hardly ever closed.

    Raises:
        DocumentRefusedError: parsing it would take time out of proportion to its length.
    """
    if html.count("<") > MOST_TAGS:
        raise DocumentRefusedError(f"more than {MOST_TAGS:,} tags; split it into smaller pages")
    opened: Counter[str] = Counter()
    depth = cost = count = 0
    is_foreign = False  # in SVG and MathML, unlike in HTML, "/>" closes a tag
    for closing, name, attributes in _TAG.findall(html):
        name = name.lower()
        is_foreign = (is_foreign and name not in _ENDS_FOREIGN) or name in _FOREIGN
        weight = FORMATTING_WEIGHT if name in _FORMATTING else 1
        if closing:
            if opened[name]:
                opened[name] -= 1
                depth -= weight
            is_foreign = is_foreign and name not in _FOREIGN
            continue
        count += 1
        if len(attributes) > MOST_ATTRIBUTES and _QUOTED.sub("", attributes).count(" ") > MOST_ATTRIBUTES:
            raise DocumentRefusedError(f"a tag with more than {MOST_ATTRIBUTES:,} attributes")
        if name not in _CLOSED_BY_OTHERS and not (is_foreign and attributes.endswith("/")):
            opened[name] += 1
            depth += weight
        cost += depth
    if cost > FREE_COST + COST_PER_TAG * count:
        raise DocumentRefusedError("its tags are nested too deeply, or opened and never closed")
