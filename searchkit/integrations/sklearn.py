"""searchkit in scikit-learn: texts to embeddings as a transformer, for pipelines and grid searches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from searchkit.errors import InputError, MissingExtraError, ShapeError
from searchkit.integrations.opening import loaded

try:
    from sklearn.base import BaseEstimator, TransformerMixin
    from sklearn.utils.validation import check_is_fitted
except ImportError as exc:
    raise MissingExtraError("scikit-learn", "eval") from exc

if TYPE_CHECKING:
    from typing_extensions import Self

    from searchkit.encoder import Encoder
    from searchkit.types import Rows

ROLES = ("passage", "query")


class SearchkitTransformer(TransformerMixin, BaseEstimator):
    """Texts to unit rows.

    There is nothing to learn: ``fit`` loads the checkpoint and counts its columns. Where a transformer has to be
    pickled, give a name: it loads its encoder where it arrives.

    >>> pipeline = make_pipeline(SearchkitTransformer(), LogisticRegression())    # doctest: +SKIP
    >>> pipeline.fit(texts, labels).predict(["another text"])                     # doctest: +SKIP

    Args:
        model: an encoder, or the name or folder of its checkpoint; None for the bundled one.
        role: which prompt a checkpoint with prompts puts before the texts: ``passage`` or ``query``.
        dimension: keep so many leading columns and bring the rows to unit length again; None for all.

    Attributes:
        n_features_out_: columns of the rows.
    """

    def __init__(
        self, model: Encoder | str | Path | None = None, *, role: str = "passage", dimension: int | None = None
    ) -> None:
        self.model = model
        self.role = role
        self.dimension = dimension

    def fit(self, X: Iterable[str], y: object = None) -> Self:
        """Load the encoder; the texts are only checked.

        Raises:
            InputError: not a list of texts, an unknown role, or more columns than there are.
        """
        texts_of(X)
        if self.role not in ROLES:
            raise InputError(f"role is {self.role!r}; expected one of {', '.join(ROLES)}")
        encoder = loaded(self.model)
        if self.dimension is not None and not 1 <= self.dimension <= encoder.dimension:
            raise InputError(f"dimension is {self.dimension}; {encoder.name} has {encoder.dimension} columns")
        self._encoder = encoder
        self.n_features_out_ = self.dimension or encoder.dimension
        return self

    def transform(self, X: Iterable[str]) -> Rows:
        """(N, D) float32 unit rows, row i for text i.

        Args:
            X: N texts: a list, a Series, or an array (N,) or (N, 1).

        Raises:
            NotFittedError: before ``fit``.
            InputError: something that is no text.
        """
        check_is_fitted(self)
        encode = self._encoder.encode_queries if self.role == "query" else self._encoder.encode_passages
        rows = encode(texts_of(X))
        if self.n_features_out_ == rows.shape[1]:
            return rows
        kept = rows[:, : self.n_features_out_]
        return np.asarray(kept / np.maximum(np.linalg.norm(kept, axis=1, keepdims=True), 1e-12), dtype=np.float32)

    def fit_transform(self, X: Iterable[str], y: object = None, **more: Any) -> Rows:
        """`fit`, then `transform`, also of texts that can be read only once."""
        rows: Rows = super().fit_transform(list(X) if isinstance(X, Iterator) else X, y, **more)
        return rows

    def get_feature_names_out(self, input_features: object = None) -> Any:
        """(D,) names of the columns, ``searchkit0`` and so on."""
        check_is_fitted(self)
        return np.array([f"searchkit{column}" for column in range(self.n_features_out_)], dtype=object)

    def __sklearn_clone__(self) -> Self:
        """Not fitted; an encoder that was given is shared, which is safe and spares loading it again."""
        return type(self)(**self.get_params(deep=False))

    def __getstate__(self) -> dict[str, Any]:
        """Without the encoder that a name stands for: it is loaded again where the transformer goes."""
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_encoder"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "n_features_out_" in state:
            self._encoder = loaded(self.model)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_encoder")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.two_d_array, tags.input_tags.one_d_array = True, False, True
        return tags


def texts_of(X: Iterable[str]) -> list[str]:
    """The texts of what scikit-learn may hand over: a list, a Series, an array (N,) or (N, 1).

    Raises:
        InputError: something that is no text inside; missing values are named as such.
        ShapeError: an array of more columns.
    """
    if isinstance(X, str):
        raise InputError("X is one string; expected a list of strings", hint="write [text]")
    shape = getattr(X, "shape", None)
    if shape is not None and len(shape) != 1:
        if len(shape) != 2 or shape[1] != 1:
            raise ShapeError(f"X has shape {tuple(shape)}; expected (N,) or (N, 1): one column of texts")
        X = np.asarray(X, dtype=object).ravel()
    texts = list(X)
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(f"X[{row}] is {text!r}; expected a text", hint="fill or drop what is missing first")
    return texts
