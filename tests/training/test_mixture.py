from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from searchkit.errors import TrainingError
from searchkit.training import DataSettings, Kind, Row, Source
from searchkit.training.mixture import Mixture


def source(rows: list[Row], kind: Kind = Kind.UNSUP, **settings: Any) -> Source:
    return Source(DataSettings(path=Path("x.txt"), kind=kind, **settings), tuple(rows), 0, (), 0, "")


def singles(count: int, **settings: Any) -> Source:
    return source([Row((f"text {n}",)) for n in range(count)], **settings)


def mixture(*sources: Source, batch_size: int = 4, seed: int = 0) -> Mixture:
    return Mixture(sources, batch_size=batch_size, seed=seed)


def test_one_pass_shows_every_row_once() -> None:
    mix = mixture(singles(20))
    shown = [text for n in range(5) for text in mix.batch(n).columns[0]]
    assert Counter(shown) == Counter(f"text {n}" for n in range(20))


def test_passes_differ_in_order() -> None:
    mix = mixture(singles(20), batch_size=20)
    assert mix.batch(0).columns != mix.batch(1).columns


def test_no_text_stands_twice_in_a_batch() -> None:
    rows = [Row((f"a{n % 5}", f"b{n}")) for n in range(30)] + [Row(("q", f"A{n % 5}")) for n in range(5)]
    mix = mixture(source(rows, Kind.PAIRS), batch_size=8)
    for n in range(40):
        texts = [text.casefold() for column in mix.batch(n).columns for text in column]
        assert len(texts) == len(set(texts))


def test_rows_put_off_come_again_soon() -> None:
    rows = [Row((f"a{n % 2}", f"b{n}")) for n in range(8)]
    mix = mixture(source(rows, Kind.PAIRS), batch_size=2)
    shown = [text for n in range(4) for text in mix.batch(n).columns[1]]
    assert sorted(shown) == sorted(f"b{n}" for n in range(8))


def test_rows_put_off_again_and_again_wait_once() -> None:
    rows = [Row((f"a{n}", f"b{n}"), group="crowd" if n > 9 else str(n)) for n in range(200)]
    mix = mixture(source(rows, Kind.PAIRS), batch_size=8)
    for n in range(30):
        mix.batch(n)
    (position,) = mix.position
    assert len(position.waiting) == len(set(position.waiting)) <= 190


def test_rows_of_one_group_never_meet() -> None:
    rows = [Row((f"a{n}", f"b{n}"), group=str(n // 5)) for n in range(50)]
    mix = mixture(source(rows, Kind.PAIRS), batch_size=10)
    for n in range(20):
        batch = mix.batch(n)
        groups = [int(text[1:]) // 5 for text in batch.columns[0]]
        assert len(groups) == len(set(groups)) == 10


def test_a_batch_comes_from_one_source_drawn_by_weight() -> None:
    mix = mixture(singles(30, weight=3.0, name="often"), singles(30, weight=1.0, name="rarely"))
    drawn = Counter(mix.batch(n).settings.label for n in range(400))
    assert 270 < drawn["often"] < 330


def test_seed_repeats_the_sequence() -> None:
    def first_ten(seed: int) -> list[Any]:
        mix = mixture(singles(30), singles(30), seed=seed)
        return [mix.batch(n).columns for n in range(10)]

    assert first_ten(1) == first_ten(1) != first_ten(2)


def test_position_goes_on_exactly_where_it_was() -> None:
    rows = [Row((f"a{n % 3}", f"b{n}")) for n in range(17)]
    sources = source(rows, Kind.PAIRS), singles(11)
    mix = mixture(*sources, batch_size=3)
    for n in range(7):
        mix.batch(n)
    saved = mix.position
    expected = [mix.batch(n) for n in range(7, 30)]
    again = mixture(*sources, batch_size=3)
    again.seek(saved)
    assert [again.batch(n) for n in range(7, 30)] == expected


def test_small_source_gives_smaller_batches_and_own_sizes_win() -> None:
    assert len(mixture(singles(3), batch_size=8).batch(0)) == 3
    assert len(mixture(singles(30, batch_size=5), batch_size=8).batch(0)) == 5


def test_one_text_alone_has_nothing_to_be_contrasted_with() -> None:
    with pytest.raises(TrainingError, match=r"x\.txt gives a batch of one row"):
        mixture(source([Row(("same",)), Row(("Same",))])).batch(0)


def test_cropped_sources_give_pairs_that_the_batch_number_repeats() -> None:
    rows = [Row((" ".join(f"w{n}x{i}" for i in range(40)),)) for n in range(4)]
    first, again = (mixture(source(rows, Kind.CROP)).batch(0) for _ in range(2))
    assert first == again
    assert len(first.columns) == 2


def test_scores_stay_with_their_rows() -> None:
    rows = [Row((f"a{n}", f"b{n}"), float(n)) for n in range(6)]
    batch = mixture(source(rows, Kind.SCORED)).batch(0)
    assert [float(text[1:]) for text in batch.columns[0]] == list(batch.scores)
    assert batch.rows(1, 3).scores == batch.scores[1:3]
