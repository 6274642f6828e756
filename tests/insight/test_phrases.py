from __future__ import annotations

from searchkit.insight.phrases import PhraseCounts, key_of, phrases_in


def written(text: str) -> list[str]:
    return [phrase for _, phrase in phrases_in(text)]


def test_phrases_are_words_in_a_row() -> None:
    assert written("blue card fees") == ["blue", "blue card", "blue card fees", "card", "card fees", "fees"]


def test_function_words_and_signs_part_phrases() -> None:
    assert written("the fee of a card, payment") == ["fee", "card", "payment"]
    assert written("die Gebühr für das Konto") == ["Gebühr", "Konto"]


def test_numbers_and_single_letters_name_nothing() -> None:
    assert written("in 2020 x 3rd version") == ["version"]


def test_words_of_every_subject_name_nothing_alone() -> None:
    assert written("New York year") == ["New York", "New York year", "York", "York year"]


def test_a_hyphen_an_underscore_or_a_new_line_joins() -> None:
    assert "open source" in written("open-source")
    assert "unit rows" in written("unit_rows(x)")
    assert "open source" in written("open\nsource")
    assert "open source" not in written("open\n\nsource")


def test_scripts_without_spaces_give_pairs_of_characters() -> None:
    assert written("搜索引擎 Python编程") == ["搜索", "索引", "引擎", "Python", "编程"]


def test_inflections_share_a_key() -> None:
    assert key_of("Exchange rates") == key_of("exchanged rate")
    assert key_of("Übung") == "übung"


def test_a_phrase_counts_once_a_text() -> None:
    counts = PhraseCounts().count(["cards, cards and a card", "a card"])
    assert counts[key_of("card")] == 2


def test_a_phrase_is_written_as_it_mostly_is() -> None:
    counter = PhraseCounts()
    counter.count(["Cards", "a card", "some card", "PDF", "a PDF", "pdf"])
    assert counter.written(key_of("card")) == "card"
    assert counter.written("pdf") == "pdf"
    counter.count(["PDF"] * 5)
    assert counter.written("pdf") == "PDF"
