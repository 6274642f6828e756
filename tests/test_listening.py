from __future__ import annotations

import socket

import pytest

from searchkit.errors import InputError
from searchkit.listening import address_of, listen


def test_a_free_port_is_chosen_and_told() -> None:
    with listen("127.0.0.1", 0) as listener:
        address = address_of(listener)
        assert address == f"http://127.0.0.1:{listener.getsockname()[1]}"
        with socket.create_connection(listener.getsockname()[:2]):
            pass


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_an_address_of_six_is_written_in_brackets(host: str) -> None:
    with listen(host, 0) as listener:
        assert address_of(listener).startswith("http://[::1]:")


def test_an_address_that_is_taken_is_said_plainly() -> None:
    with listen("127.0.0.1", 0) as taken, pytest.raises(InputError, match=r"cannot listen on 127\.0\.0\.1:") as found:
        listen("127.0.0.1", taken.getsockname()[1])
    assert found.value.hint == "choose another with --port"


def test_what_is_no_address_is_said_plainly() -> None:
    with pytest.raises(InputError, match=r"no\.host\.invalid is no address of this machine"):
        listen("no.host.invalid", 0)
