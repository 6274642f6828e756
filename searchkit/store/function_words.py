"""English words that hold a sentence together and say nothing about its subject.

A question is looked up without them: they occur in nearly every chunk, so they cost most of the time of a search and
tell no two chunks apart. They are indexed all the same, for phrases and for questions made of nothing else.
"""

from __future__ import annotations

_GROUPS = {
    "articles and pointers": "a an the this that these those here there such same own",
    "pronouns": """i me my myself we us our ours ourselves you your yours yourself yourselves he him his himself she her
        hers herself it its itself they them their theirs themselves""",
    "verbs that help": """am is are was were be been being have has had having do does did doing done can could may
        might must shall should will would ought cannot""",
    "prepositions": """about above after against at before below between by down during for from in into of off on onto
        out over through to toward towards under until up upon with within without""",
    "conjunctions": "and as because both but either if neither nor or so than then though unless whether while yet",
    "questions": "how what when where which who whom whose why",
    "amounts and degrees": "all any each every few just many more most much no not only other some too very also",
    "what contractions leave": """d don didn doesn isn aren wasn weren hasn haven hadn couldn shouldn wouldn won ain
        ll m re s t ve""",
}
FUNCTION_WORDS = frozenset(word for words in _GROUPS.values() for word in words.split())
