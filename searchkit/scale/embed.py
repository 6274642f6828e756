"""Sources -> shards of embeddings, here or on many machines; what stands behind `searchkit embed`.

The order of events, each of which may be the last one of a run:

    plan.json     written first: the recipe. Another one finds it and stops
    shards        each appears whole, in any order; one that is there by this recipe is not made again
    files.parquet
    manifest.json says that all of it is there

So a run that was killed, or lost workers, goes on with what is missing, and ends with the bytes that an undisturbed
run ends with.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from searchkit import __version__
from searchkit.documents import ReadOptions, WalkOptions
from searchkit.errors import InputError, ShardsError
from searchkit.scale.executors import Executor, InProcess, Job, Processes
from searchkit.scale.making import Receipt, kept_receipt
from searchkit.scale.manifest import MANIFEST, PLAN, Counts, FileRecord, Manifest, Recipe, ShardRecord, read_manifest
from searchkit.scale.place import Place
from searchkit.scale.plan import Plan, make_plan
from searchkit.scale.shards import FILES, FileRow, files_schema, parquet, shard_name
from searchkit.scale.sources import list_files
from searchkit.search.encoders import EncoderChoice, IndexSettings
from searchkit.search.reports import Progress, ProgressSink

if TYPE_CHECKING:
    from searchkit.encoder import Encoder

BATCH_SIZE = 1024
SHARD_SIZE = 16_384
DTYPES = ("float16", "float32")


@dataclass(frozen=True, slots=True)
class EmbedOptions:
    """How to embed.

    Attributes:
        batch_size: passages that are encoded together; bounds a worker's memory.
        shard_size: passages that a shard is planned to have. What is lost with a worker is at most a shard.
        dtype: of the embeddings, ``float16`` or ``float32``; an index keeps float16.
        concurrency: workers; None for one here, or with Ray one a GPU or a machine.
        ray: where a Ray cluster is (``HOST:PORT``, ``auto``, ``local``); None for this machine without Ray.
        device: of the encoder: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        walk, read: which files, and how they become documents; as for an index.

    Raises:
        InputError: a value is out of range.
    """

    batch_size: int = BATCH_SIZE
    shard_size: int = SHARD_SIZE
    dtype: str = "float16"
    concurrency: int | None = None
    ray: str | None = None
    device: str = "auto"
    walk: WalkOptions = field(default_factory=WalkOptions)
    read: ReadOptions = field(default_factory=ReadOptions)

    def __post_init__(self) -> None:
        for name in ("batch_size", "shard_size", "concurrency"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name} is {value}; expected 1 or more")
        if self.dtype not in DTYPES:
            raise InputError(f"dtype is {self.dtype!r}; expected {' or '.join(DTYPES)}")


@dataclass(frozen=True, slots=True)
class EmbedReport:
    """What a run did.

    Attributes:
        counts: of all shards.
        shards: that there are; ``made`` of them in this run, with ``passages_made`` passages.
        refused: path and reason of each file that gave nothing.
    """

    out: str
    counts: Counts
    shards: int
    made: int
    passages_made: int
    refused: tuple[tuple[str, str], ...]
    seconds: float


def embed(
    sources: Sequence[str],
    out: str,
    *,
    encoder: Encoder | str | None = None,
    options: EmbedOptions | None = None,
    progress: ProgressSink | None = None,
) -> EmbedReport:
    """Embed all documents of the sources into a folder of shards; goes on where an earlier run was cut off.

    Args:
        sources: paths and URLs of folders and files.
        out: a folder, new or of an earlier run; with several machines one that all of them share, or a URL.
        encoder: the name or folder of a checkpoint; None for the bundled one. An encoder itself works in this process
            alone.
        progress: called with each step: ``plan`` (files looked at) and ``embed`` (shards done, and their passages).

    Raises:
        InputError: a source does not exist, or two have the same files.
        ShardsError: ``out`` holds other things, or shards of other sources or options; a worker was lost for good.
        EncoderError, MissingExtraError: no usable encoder, or a package is missing.
    """
    run = _Run(out, encoder, options or EmbedOptions(), progress or (lambda _: None))
    return run.report(sources)


class _Run:
    def __init__(self, out: str, encoder: Encoder | str | None, options: EmbedOptions, tell: ProgressSink) -> None:
        parquet()
        self._place, self._options, self._tell = Place(out), options, tell
        self._model = encoder if isinstance(encoder, str) else None
        if encoder is not None and self._model is None and (options.ray or (options.concurrency or 1) > 1):
            raise InputError("an encoder object works in this process alone", hint="name a checkpoint instead")
        self._choice = EncoderChoice(encoder, IndexSettings(), None, options.device)

    def report(self, sources: Sequence[str]) -> EmbedReport:
        started = time.monotonic()
        self._check_free()
        plan = self._plan(sources)
        recipe = self._begun(self._recipe(plan))
        receipts = self._kept(plan, recipe)
        before = set(receipts)
        self._make(plan, recipe, receipts)
        manifest = self._finish(plan, recipe, [receipts[number] for number in range(len(plan.tasks))])
        made = [receipt for number, receipt in receipts.items() if number not in before]
        return EmbedReport(
            out=str(self._place),
            counts=manifest.counts,
            shards=len(manifest.shards),
            made=len(made),
            passages_made=sum(receipt.rows for receipt in made),
            refused=tuple((row.path, row.reason) for row in _rows(plan, receipts.values()) if row.reason),
            seconds=time.monotonic() - started,
        )

    def _check_free(self) -> None:
        names = self._place.names()
        if names and PLAN not in names:
            raise ShardsError(f"{self._place} holds other things, such as {names[0]}", hint="choose a new folder")

    def _plan(self, sources: Sequence[str]) -> Plan:
        files = list_files(sources, self._options.walk, leave_out=self._place.where)

        def tell(count: int, path: str) -> None:
            self._tell(Progress("plan", count, path=path))

        return make_plan(files, self._options.read, self._options.shard_size, tell)

    def _recipe(self, plan: Plan) -> Recipe:
        return Recipe(
            **asdict(self._choice.new_settings()),
            dtype=self._options.dtype,
            batch_size=self._options.batch_size,
            shard_size=self._options.shard_size,
            walking=_words(self._options.walk),
            reading=_words(self._options.read),
            sources=plan.digest(),
        )

    def _begun(self, recipe: Recipe) -> Recipe:
        """Write down the recipe, or go by the one that is there if it is the same; without a shard it binds nobody."""
        if set(self._place.names()) <= {PLAN}:
            with self._place.aside(PLAN) as path:
                path.write_text(json.dumps(asdict(recipe), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            return recipe
        try:
            there = json.loads(self._place.read(PLAN))
            ours = replace(recipe, canaries=there["canaries"])  # another processor may round them otherwise
            differing = [name for name, value in asdict(ours).items() if there[name] != value]
        except (ValueError, KeyError, TypeError) as exc:
            raise ShardsError(f"{self._place}/{PLAN} cannot be read: {exc!r}", hint="choose a new folder") from exc
        if differing:
            raise ShardsError(
                f"{self._place} holds shards of another run: {', '.join(_DIFFERING.get(n, n) for n in differing)}",
                hint="repeat that run exactly, or choose a new folder",
            )
        return ours

    def _kept(self, plan: Plan, recipe: Recipe) -> dict[int, Receipt]:
        """What earlier runs made, as far as it is sound, by number."""
        names, digest = set(self._place.names()), recipe.digest()
        found = [
            kept_receipt(self._place, task.number, digest) for task in plan.tasks if shard_name(task.number) in names
        ]
        recorded = {}
        if MANIFEST in names:
            try:
                recorded = {record.file: record.sha256 for record in read_manifest(self._place).shards}
            except ShardsError:
                self._place.remove(MANIFEST)
        return {r.shard: r for r in found if r and recorded.get(shard_name(r.shard), r.sha256) == r.sha256}

    def _make(self, plan: Plan, recipe: Recipe, receipts: dict[int, Receipt]) -> None:
        """Make what is missing; the receipts come to those that there are."""
        missing = [task for task in plan.tasks if task.number not in receipts]
        if not missing:
            return
        if MANIFEST in self._place.names():
            self._place.remove(MANIFEST)
        passages = sum(receipt.rows for receipt in receipts.values())
        self._tell(Progress("embed", len(receipts), len(plan.tasks), passages))
        for receipt in self._executor(recipe).run(missing):
            receipts[receipt.shard] = receipt
            passages += receipt.rows
            self._tell(Progress("embed", len(receipts), len(plan.tasks), passages))
        self._place.clear_aside()

    def _executor(self, recipe: Recipe) -> Executor:
        options = self._options
        job = Job(recipe, self._model, options.device, str(self._place))
        if options.ray is not None:
            from searchkit.scale.ray_workers import RayWorkers

            return RayWorkers(job, options.ray, options.concurrency)
        if options.concurrency is not None and options.concurrency > 1:
            return Processes(job, options.concurrency)
        return InProcess(self._choice.load(), job)

    def _finish(self, plan: Plan, recipe: Recipe, receipts: Sequence[Receipt]) -> Manifest:
        rows = _rows(plan, receipts)
        self._write_files(rows)
        for name in set(self._place.names()) - {shard_name(receipt.shard) for receipt in receipts}:
            if name.startswith("shard-"):
                self._place.remove(name)
        manifest = Manifest(
            searchkit=__version__,
            recipe=recipe,
            counts=Counts(
                documents=sum(sum(receipt.documents.values()) for receipt in receipts),
                passages=sum(receipt.rows for receipt in receipts),
                files=len(rows),
                refused=sum(row.status == "refused" for row in rows),
            ),
            files=FileRecord(FILES, self._place.size(FILES), self._place.sha256(FILES)),
            shards=tuple(
                ShardRecord(shard_name(r.shard), r.rows, sum(r.documents.values()), r.size, r.sha256) for r in receipts
            ),
        )
        with self._place.aside(MANIFEST) as path:
            path.write_text(manifest.to_json(), encoding="utf-8")
        return manifest

    def _write_files(self, rows: Sequence[FileRow]) -> None:
        import pyarrow as pa

        columns: dict[str, list[Any]] = {name: [getattr(row, name) for row in rows] for name in FileRow.__slots__}
        with self._place.aside(FILES) as path:
            parquet().write_table(pa.table(columns, schema=files_schema()), path, write_page_checksum=True)


def _words(options: WalkOptions | ReadOptions) -> dict[str, Any]:
    """Options as JSON has them."""
    values: dict[str, Any] = json.loads(json.dumps(asdict(options)))
    return values


_DIFFERING = {
    "sources": "its sources, or how they were shared out, are others",
    "fingerprint": "its encoder is another",
    "encoder": "its encoder has another name",
    "walking": "its files were chosen by other options",
    "reading": "its files were read by other options",
    "batch_size": "it has another --batch-size",
    "shard_size": "it has another --shard-size",
    "dtype": "it has another --dtype",
}


def _rows(plan: Plan, receipts: Iterable[Receipt]) -> list[FileRow]:
    """The table of files: what the plan knew, and what became of each."""
    documents: Counter[int] = Counter()
    refused: dict[int, str] = {}
    for receipt in receipts:
        documents.update(receipt.documents)
        refused.update(receipt.refused)
    rows = []
    for number, (file, known) in enumerate(zip(plan.files, plan.hashes, strict=True)):
        reason = file.reason or refused.get(number, "") or ("" if documents[number] else "empty")
        status = "refused" if reason else "indexed"
        rows.append(FileRow(file.path, file.location, file.prefix, file.size, file.modified, known, status, reason))
    return rows
