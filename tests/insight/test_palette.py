from __future__ import annotations

import json
import re
from importlib.resources import files

from searchkit.insight.palette import GREY, LIGHT, spread_colours


def test_topics_that_lie_side_by_side_have_different_colours() -> None:
    middles = [(float(place), 0.0) for place in range(40)]
    colours = spread_colours(middles)
    for place in range(40):
        near = colours[max(0, place - 3) : place] + colours[place + 1 : place + 4]
        assert colours[place] not in near
    assert set(colours) == set(range(len(LIGHT)))


def test_a_topic_without_a_place_takes_no_colour_from_others() -> None:
    assert spread_colours([None, (0.0, 0.0), None, (1.0, 0.0)]) == [0, 0, 0, 1]


def test_topics_on_one_spot_and_no_topics() -> None:
    assert len(set(spread_colours([(1.0, 1.0)] * 10))) == 10
    assert spread_colours([]) == []


def test_the_page_has_the_same_colours() -> None:
    script = (files("searchkit.insight.page") / "map.js").read_text(encoding="utf-8")
    shades = ", ".join(json.dumps(shade) for shade in LIGHT)
    assert f"light: [{shades}]" in script
    assert f'light: "{GREY}"' in script
    assert len(re.findall("#[0-9a-f]{6}", script.partition("dark: [")[2].partition("]")[0])) == len(LIGHT)
