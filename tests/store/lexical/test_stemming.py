from __future__ import annotations

import pytest

from searchkit.store.lexical.stemming import english_stem

PAIRS = {  # from the vocabulary that Snowball publishes with the algorithm
    **{"consist": "consist", "consisted": "consist", "consistency": "consist", "consolation": "consol"},
    **{"consolidating": "consolid", "conspicuously": "conspicu", "conspiracies": "conspiraci", "knack": "knack"},
    **{"knackeries": "knackeri", "kneeling": "kneel", "knightly": "knight", "knots": "knot", "knuckle": "knuckl"},
}
BY_RULE = {
    **{
        "caresses": "caress",
        "ties": "tie",
        "cries": "cri",
        "gas": "gas",
        "this": "this",
        "gaps": "gap",
        "kiwis": "kiwi",
    },
    **{"agreed": "agre", "feed": "feed", "hopping": "hop", "hoping": "hope", "luxuriated": "luxuri", "sized": "size"},
    **{"by": "by", "say": "say", "cry": "cri", "yet": "yet", "boyish": "boyish", "keyboard": "keyboard", "key": "key"},
    **{
        "relational": "relat",
        "conditional": "condit",
        "rationalize": "ration",
        "analogy": "analog",
        "really": "realli",
    },
    **{"hopefulness": "hope", "formative": "format", "adoption": "adopt", "controlling": "control", "rate": "rate"},
    **{"skies": "sky", "news": "news", "inning": "inning", "generally": "general", "communication": "communic"},
}


@pytest.mark.parametrize(("word", "stem"), [*PAIRS.items(), *BY_RULE.items()])
def test_the_stem_is_that_of_snowball(word: str, stem: str) -> None:
    assert english_stem(word) == stem


def test_words_of_two_letters_stay_as_they_are() -> None:
    assert [english_stem(word) for word in ("as", "is", "y", "")] == ["as", "is", "y", ""]
