"""A tiny random BERT learns a made-up language from an index; used only if it finds held-out documents better."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from searchkit import SearchEngine
from searchkit.errors import TrainingError
from searchkit.evaluation.adaptation import adapt
from searchkit.training import RunSettings

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("onnx")

TOPICS = 60
RUN = {
    "steps": 60,
    "learning_rate": 3e-3,
    "batch_size": 32,
    "max_tokens": 48,
    "device": "cpu",
    "seed": 1,
    "save_every": 0,
}


@pytest.fixture(autouse=True)
def _torch_as_it_was() -> Iterator[None]:
    before = torch.get_rng_state()
    yield
    torch.set_rng_state(before)


def word(topic: int, number: int) -> str:
    return f"w{topic % 20}x{number}"


def document(topic: int, rng: random.Random) -> str:
    """Three sections about one topic: sentences of a fixed grammar with the topic's own words."""
    sections = []
    for part in range(3):
        pairs = [(word(topic, rng.randrange(4)), word(topic, rng.randrange(4))) for _ in range(6)]
        sentences = [f"the {one} of the {other} is near {word(topic, part)} now." for one, other in pairs]
        sections.append(f"## part {part} of {word(topic, part)} {topic}\n\n" + " ".join(sentences) + "\n")
    return f"# about {word(topic, 0)} {topic}\n\n" + "\n".join(sections)


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT that knows the words of the language as tokens, and nothing of what they mean."""
    import transformers
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    from searchkit.encoder import export_onnx

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    glue = ["the", "of", "is", "near", "now", "about", "part", ".", *map(str, range(TOPICS))]
    words = [*special, *glue, *(word(topic, number) for topic in range(20) for number in range(4))]
    tokenizer = Tokenizer(models.WordPiece({text: n for n, text in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.add_special_tokens(special)
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    folder = tmp_path_factory.mktemp("adaptation") / "start"
    torch.manual_seed(3)
    config = transformers.BertConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=128,
    )
    transformers.BertModel(config).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "BertTokenizer", "model_max_length": 128}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    out = folder.with_name("start-onnx")
    export_onnx(folder, out)
    return out


def write_corpus(folder: Path, *, shuffled: bool = False) -> None:
    rng = random.Random(5)
    folder.mkdir()
    texts = [document(topic, rng) for topic in range(TOPICS)]
    if shuffled:
        words = " ".join(texts).replace("#", "").split()
        rng.shuffle(words)
        share = len(words) // TOPICS
        texts = [" ".join(words[n * share : (n + 1) * share]) + ".\n" for n in range(TOPICS)]
    for topic, text in enumerate(texts):
        (folder / f"{topic:02}.md").write_text(text)


def test_an_encoder_that_learned_is_used_from_then_on(tmp_path: Path, start: Path) -> None:
    write_corpus(tmp_path / "docs")
    index = tmp_path / "index"
    with SearchEngine.open_or_create(index, encoder=start) as engine:
        engine.index_paths([tmp_path / "docs"])
        found = adapt(engine, str(start), index / "encoders" / "adapted", run=RunSettings(base="", **RUN))
        assert found.verdict.promoted, found.verdict.sentence
        assert found.verdict.low > 0
        assert found.encoded == engine.status().chunks
        assert engine.status().encoder == "./encoders/adapted"
        before = engine.search("the w3x1 of the w3x2", k=3)
    index.rename(tmp_path / "moved")  # the encoder moves with the index
    with SearchEngine.open(tmp_path / "moved") as engine:
        assert engine.search("the w3x1 of the w3x2", k=3) == before


def test_held_out_documents_are_not_trained_on(tmp_path: Path, start: Path) -> None:
    write_corpus(tmp_path / "docs")
    with SearchEngine.open_or_create(tmp_path / "index", encoder=start) as engine:
        engine.index_paths([tmp_path / "docs"])
        out = tmp_path / "new"
        run = RunSettings(base="", **{**RUN, "steps": 1})
        found = adapt(engine, str(start), out, run=run, promote=False)
        used = (tmp_path / "new.texts" / "passages.jsonl").read_text()
        passages = {json.loads(line)["text"] for line in used.splitlines()}
        chunks = list(engine.iter_chunks())
        held_out = {chunk.doc_id for chunk in chunks if not any(text in chunk.text for text in passages)}
        assert len(held_out) == round(0.2 * TOPICS)
        assert found.encoded == 0
        assert engine.status().encoder == str(start)


def test_shuffled_words_are_refused(tmp_path: Path, start: Path) -> None:
    write_corpus(tmp_path / "docs", shuffled=True)
    with SearchEngine.open_or_create(tmp_path / "index", encoder=start) as engine:
        engine.index_paths([tmp_path / "docs"])
        run = RunSettings(base="", **{**RUN, "steps": 5})
        found = adapt(engine, str(start), tmp_path / "new", run=run)
        assert not found.verdict.promoted
        assert found.encoded == 0


def test_an_occupied_place_is_told_before_any_training(tmp_path: Path, start: Path) -> None:
    (tmp_path / "new").mkdir()
    with SearchEngine.open_or_create(tmp_path / "index", encoder=start) as engine:
        engine.add(["the w1x1 is near"])
        with pytest.raises(TrainingError, match="new exists already"):
            adapt(engine, str(start), tmp_path / "new")


def test_one_process_alone_trains_on_an_index(tmp_path: Path, start: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with SearchEngine.open_or_create(tmp_path / "index", encoder=start) as engine:
        engine.add(["the w1x1 is near"])
        with pytest.raises(TrainingError, match="several processes cannot train on one index"):
            adapt(engine, str(start), tmp_path / "new")


def test_a_start_that_reads_less_than_the_index_keeps_its_limit_and_its_name(tmp_path: Path, start: Path) -> None:
    from searchkit.encoder import describe, export_onnx

    export_onnx(start, tmp_path / "short", max_tokens=64)
    write_corpus(tmp_path / "docs")
    with SearchEngine.open_or_create(tmp_path / "index", encoder=start) as engine:
        engine.index_paths([tmp_path / "docs"])
        run = RunSettings(base="", **{**RUN, "steps": 1})
        adapt(engine, str(tmp_path / "short"), tmp_path / "new", run=run, promote=False)
    found = describe(tmp_path / "new")
    assert (found.max_tokens, found.base) == (64, "short")
    assert "trained from `short`" in (tmp_path / "new" / "README.md").read_text()


def test_too_small_an_index_is_told(tmp_path: Path, start: Path) -> None:
    with SearchEngine.open_or_create(tmp_path / "index", encoder=start) as engine:
        engine.add(["the w1x1 is near"])
        with pytest.raises(TrainingError, match="1 chunks; training needs at least 100"):
            adapt(engine, str(start), tmp_path / "new")
