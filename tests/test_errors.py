from __future__ import annotations

import copy

import pytest

from searchkit.errors import FilterError, InputError, MissingExtraError, SearchkitError


@pytest.mark.parametrize(
    "error",
    [
        SearchkitError("torn", hint="repair it"),
        InputError("k is 0"),
        FilterError("no field", hint="name one", position=3),
        MissingExtraError("pyarrow, which reads parquet,", "bulk"),
    ],
)
def test_an_error_comes_back_from_another_process_as_it_was(error: SearchkitError) -> None:
    """Copying takes it apart and puts it together again in the same way."""
    other = copy.copy(error)
    assert type(other) is type(error)
    assert (str(other), vars(other)) == (str(error), vars(error))
