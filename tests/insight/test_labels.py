from __future__ import annotations

import math
from collections import Counter

import pytest

from searchkit.insight.labels import _told_apart, _weights, label_of, topic_phrases
from searchkit.insight.phrases import PhraseCounts


def labelled(*topics: list[str]) -> list[tuple[str, ...]]:
    counter = PhraseCounts()
    counts = [counter.count(texts) for texts in topics]
    return topic_phrases(counts, counter)


def test_a_label_says_what_the_others_do_not() -> None:
    first, second = labelled(["shop apple", "shop apple", "shop pear"], ["shop boat", "shop boat", "shop mast"])
    assert first[0] == "shop apple"
    assert second[0] == "shop boat"


def test_no_phrase_repeats_anothers_words() -> None:
    (phrases,) = labelled(["exchange rate fee"] * 3)
    assert phrases == ("exchange rate fee",)


def test_pieces_of_one_long_phrase_are_named_once() -> None:
    (phrases,) = labelled(["human phenotype ontology provides symptoms"] * 3)
    assert phrases == ("human phenotype ontology", "provides symptoms")
    (phrases,) = labelled(["exchange rate, card rate"] * 3)
    assert phrases == ("card rate", "exchange rate")


def test_words_of_one_family_are_named_once() -> None:
    (phrases,) = labelled(["german, germany, gearbox"] * 3)
    assert phrases == ("gearbox", "german")


def test_what_occurs_once_names_no_topic_unless_all_does() -> None:
    (often,) = labelled(["apple", "apple", "pear"])
    (once,) = labelled(["plum"])
    assert (often, once) == (("apple",), ("plum",))


def test_the_weight_of_a_phrase_by_hand() -> None:
    # 4 of the 5 phrases of this topic, 6 of all 12: log2(2) * 4/5 * ln(1 + (4/5) / (6/12))
    counter = PhraseCounts()
    own, other = counter.count(["fee"] * 4 + ["tax"]), counter.count(["fee"] * 2 + ["toll"] * 5)
    weight = _weights(own, own + other)["fee"]
    assert weight == pytest.approx(4 / 5 * math.log(1 + 1.6))


def test_a_topic_without_words_has_no_phrases() -> None:
    assert labelled(["42", "?!"], ["apple"] * 2) == [(), ("apple",)]


def test_a_label_is_the_first_three_phrases() -> None:
    assert label_of(["a", "b", "c", "d"]) == "a, b, c"


def test_how_well_a_phrase_tells_topics_apart_by_hand() -> None:
    # shares of "fee" in the topics: 2/4 and 1/4, so 2/3 and 1/3 of both; "toll" stands in one alone
    apart = _told_apart([Counter(fee=2, tax=2), Counter(fee=1, toll=3)])
    entropy = -(2 / 3 * math.log(2 / 3) + 1 / 3 * math.log(1 / 3))
    assert apart["fee"] == pytest.approx(1 - entropy / math.log(3))
    assert apart["toll"] == pytest.approx(1)


def test_a_form_that_many_pages_repeat_names_none_of_them() -> None:
    subjects = ("kafka", "redis", "mysql", "udp", "stunnel", "queue", "lookup", "anonymity")
    topics = [[f"obsolete form, {name}"] * 2 + ["obsolete form"] * 2 for name in subjects]
    named = labelled(*topics, *([f"weather {number}", "weather report"] for number in range(40)))[: len(subjects)]
    assert [phrases[0] for phrases in named] == list(subjects)


def test_topics_that_all_say_the_same_are_named_all_the_same() -> None:
    assert labelled(["fee tax"] * 3, ["fee tax"] * 3) == [("fee tax",), ("fee tax",)]
