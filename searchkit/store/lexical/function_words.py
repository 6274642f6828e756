"""English words that hold a sentence together and say nothing about its subject.

A query is looked up without them: they stand in most chunks, so they would take most of the time of a search and tell
few chunks apart. They are indexed all the same, for phrases and for queries made of nothing else. Words that a
question may hinge on (``not``, ``without``, ``before``, ``first``) are none of them.
"""

from __future__ import annotations

_KINDS = {
    "articles and pointers": "a an the this that these those there such",
    "pronouns": """i me my mine myself we us our ours ourselves you your yours yourself yourselves he him his himself
        she her hers herself it its itself they them their theirs themselves""",
    "verbs that help": """am is are was were be been being have has had having do does did doing can could may might
        must shall should will would""",
    "the commonest prepositions": "of in on at to for from by with as into",
    "conjunctions": "and or but if then",
    "question words": "how what when where which who whom whose why",
    "what is left of contractions": """d ll m re s t ve ain aren couldn didn doesn don hadn hasn haven isn shouldn wasn
        weren won wouldn""",
}
FUNCTION_WORDS = frozenset(word for words in _KINDS.values() for word in words.split())
