"""The tokenizer of a checkpoint, from tokenizer.json or from the older files it can be made from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from searchkit.encoder.manifest import read_json
from searchkit.errors import CheckpointError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MOST_BYTES = 256 << 20  # of a file; the vocabularies of 250,000 words have a tenth of it
_FILES = ("tokenizer.json", "vocab.txt", "vocab.json", "merges.txt")
LONE_SURROGATES = re.compile("[\ud800-\udfff]")


def load_tokenizer(folder: Path, *, max_tokens: int | None = None) -> Tokenizer:
    """The tokenizer of a checkpoint folder, never padding.

    Args:
        folder: the checkpoint folder.
        max_tokens: what is longer is cut to this many tokens, special ones included; None cuts nothing.
            Truncation and padding stored in tokenizer.json are those of some training run and are dropped.

    Raises:
        CheckpointError: there is no tokenizer, or it is damaged, or larger than any.
    """
    _check_sizes(folder)
    try:
        tokenizer = _read(folder)
        tokenizer.no_padding()
        if max_tokens is None:
            tokenizer.no_truncation()
        else:
            tokenizer.enable_truncation(max_tokens)
        tokenizer.encode("a \u2603")  # some damage shows with the first text, such as an unknown word without a token
    except CheckpointError:
        raise
    except BaseException as exc:  # tokenizers raises bare Exception, and panics with what is not even that
        if not isinstance(exc, Exception) and type(exc).__name__ != "PanicException":
            raise
        raise CheckpointError(f"the tokenizer of {folder} is damaged: {exc}") from exc
    return tokenizer


def _check_sizes(folder: Path) -> None:
    for file in (folder / name for name in _FILES):
        if file.exists() and file.stat().st_size > MOST_BYTES:
            raise CheckpointError(f"{file} has {file.stat().st_size:,} bytes; a tokenizer has at most {MOST_BYTES:,}")


def without_surrogates(text: str) -> str:
    """The text with lone surrogates, which have no UTF-8 form, replaced by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return LONE_SURROGATES.sub("\ufffd", text)
    return text


def _read(folder: Path) -> Tokenizer:
    config_path = folder / "tokenizer_config.json"
    config = read_json(config_path) if config_path.exists() else {}
    if (folder / "tokenizer.json").exists():
        return _from_json(folder / "tokenizer.json", config)
    if (folder / "vocab.txt").exists():
        return _word_piece(folder / "vocab.txt", config)
    if (folder / "vocab.json").exists() and (folder / "merges.txt").exists():
        return _byte_level(folder)
    raise CheckpointError(
        f"{folder} has no tokenizer.json, vocab.txt, or vocab.json with merges.txt",
        hint="write one: AutoTokenizer.from_pretrained(NAME).save_pretrained(FOLDER)",
    )


def _from_json(path: Path, config: dict[str, Any]) -> Tokenizer:
    from tokenizers import Tokenizer
    from tokenizers.normalizers import BertNormalizer

    tokenizer = Tokenizer.from_file(str(path))
    normalizer = tokenizer.normalizer
    lowercase = config.get("do_lower_case")
    if isinstance(normalizer, BertNormalizer) and isinstance(lowercase, bool) and normalizer.lowercase != lowercase:
        normalizer.lowercase = lowercase  # transformers lets tokenizer_config.json win
        tokenizer.normalizer = normalizer
    return tokenizer


def _word_piece(path: Path, config: dict[str, Any]) -> Tokenizer:
    """BERT's tokenizer from its vocabulary."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.WordPiece.from_file(str(path), unk_token="[UNK]"))
    tokenizer.add_special_tokens(
        [t for t in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]") if tokenizer.token_to_id(t) is not None]
    )
    tokenizer.normalizer = normalizers.BertNormalizer(
        lowercase=config.get("do_lower_case", True),
        strip_accents=config.get("strip_accents"),
        handle_chinese_chars=config.get("tokenize_chinese_chars", True),
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ids = [(token, _id(tokenizer, token, path)) for token in ("[SEP]", "[CLS]")]
    tokenizer.post_processor = processors.BertProcessing(*ids)
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def _byte_level(folder: Path) -> Tokenizer:
    """RoBERTa's tokenizer from its vocabulary and merges."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

    vocabulary = folder / "vocab.json"
    tokenizer = Tokenizer(models.BPE.from_file(str(vocabulary), str(folder / "merges.txt")))
    special = [AddedToken(token, special=True) for token in ("<s>", "<pad>", "</s>", "<unk>")]
    tokenizer.add_special_tokens([*special, AddedToken("<mask>", lstrip=True, special=True)])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    end, start = (("</s>", _id(tokenizer, "</s>", vocabulary)), ("<s>", _id(tokenizer, "<s>", vocabulary)))
    tokenizer.post_processor = processors.RobertaProcessing(end, start, add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _id(tokenizer: Tokenizer, token: str, path: Path) -> int:
    found = tokenizer.token_to_id(token)
    if found is None:
        raise CheckpointError(f"{path} has no {token}, which every text starts or ends with")
    return found
