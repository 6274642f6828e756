from __future__ import annotations

from typing import Any

import pytest

from searchkit.errors import InputError
from searchkit.mcp import HttpSettings


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.3.2.1"])
def test_on_this_machine_no_token_is_needed(host: str) -> None:
    assert HttpSettings(host=host).is_loopback


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.7", "::", "search.example.org"])
def test_beyond_it_one_is(host: str) -> None:
    with pytest.raises(InputError, match="expected a token"):
        HttpSettings(host=host)
    assert HttpSettings(host=host, token="t" * 16).token


@pytest.mark.parametrize(
    "wrong",
    [{"token": "short"}, {"token": "with spaces in it, long"}, {"port": 65536}, {"allow_origins": ("app.example",)}],
)
def test_wrong_settings_are_told(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="expected"):
        HttpSettings(**wrong)
