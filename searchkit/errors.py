"""Every error that searchkit raises, by what the caller can do about it; and how many of something, in words.

    SearchkitError
    ├── InputError                 the call itself is wrong: change the arguments
    │   ├── FilterError            a `where` expression that does not parse, or an unknown field
    │   ├── QueryError             a lexical query that does not parse
    │   ├── UnknownNameError       no chunk, document or file of that name is in the index
    │   └── ShapeError             arrays of the wrong shape or dtype
    ├── DocumentRefusedError       one document cannot be read; the others go on
    │   └── DocumentTooLargeError  it unpacks to more than the limit
    ├── MissingExtraError          an optional dependency is not installed
    ├── EncoderError               no usable encoder
    │   ├── CheckpointError        a checkpoint folder is missing, incomplete or damaged
    │   └── EncoderMismatchError   the index was built with another encoder
    ├── IndexStateError            the saved index cannot be used as it is
    │   ├── IndexNotFoundError     there is none here
    │   ├── IndexLockedError       another process is writing
    │   ├── IndexFormatError       written by a newer searchkit
    │   ├── NoTopicsError          no topics are known, or they are of another encoder
    │   └── IndexDamagedError      a file is missing, torn or altered
    ├── ShardsError                shards of embeddings are missing, not complete, or not what their manifest says
    ├── RemoteError                a server that holds an index does not answer, or refuses
    ├── TrainingError              a training run cannot start or go on
    └── EvaluationError            the evaluation data do not fit the index or the encoder

A message names the thing, what was found and what was expected; ``hint`` is the next step.
"""

from __future__ import annotations


class SearchkitError(Exception):
    """The base of every expected error.

    Args:
        message: the thing, what was found, what was expected.
        hint: what to do next, one sentence or command; may be empty.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class SearchkitWarning(UserWarning):
    """Something that works and may yet go wrong; the command line shows it on standard error."""


class InputError(SearchkitError, ValueError):
    """The call itself is wrong."""


class FilterError(InputError):
    """A ``where`` expression does not parse or names an unknown field; ``position`` counts characters from 0."""

    def __init__(self, message: str, *, hint: str = "", position: int | None = None) -> None:
        super().__init__(message, hint=hint)
        self.position = position


class QueryError(InputError):
    """A lexical query does not parse; ``position`` counts characters from 0."""

    def __init__(self, message: str, *, hint: str = "", position: int | None = None) -> None:
        super().__init__(message, hint=hint)
        self.position = position


class UnknownNameError(InputError):
    """No chunk, document or file of that name is in the index."""


class ShapeError(InputError):
    """Arrays of the wrong shape or dtype."""


class DocumentRefusedError(SearchkitError):
    """One document cannot be read; the message is the reason shown in the summary."""


class DocumentTooLargeError(DocumentRefusedError):
    """One document unpacks to more than the limit of this run; another run may have another one."""


class MissingExtraError(SearchkitError, ImportError):
    """An optional dependency is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} is not installed", hint=f"pip install 'searchkit[{extra}]'")
        self.extra = extra
        self.args = (what, extra)  # so that it can be copied, and come back from another process


class EncoderError(SearchkitError):
    """No usable encoder."""


class CheckpointError(EncoderError):
    """A checkpoint folder is missing, incomplete or damaged."""


class EncoderMismatchError(EncoderError):
    """The index was built with another encoder; its answers would be meaningless."""


class IndexStateError(SearchkitError):
    """The saved index cannot be used as it is."""


class IndexNotFoundError(IndexStateError):
    """There is no index here."""


class IndexLockedError(IndexStateError):
    """Another process is writing to the index."""


class IndexFormatError(IndexStateError):
    """The index was written by a newer searchkit."""


class NoTopicsError(IndexStateError):
    """No topics of this index are known, or they were found with another encoder."""


class IndexDamagedError(IndexStateError):
    """A file of the index is missing, torn or altered."""


class ShardsError(SearchkitError):
    """Shards of embeddings cannot be used or made as they are."""


class RemoteError(SearchkitError):
    """A server that holds an index does not answer, refuses us, or cannot do what is asked."""


class TrainingError(SearchkitError):
    """A training run cannot start or go on."""


class EvaluationError(SearchkitError):
    """The evaluation data do not fit the index or the encoder."""


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """``1 chunk``, ``1,234 chunks``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
