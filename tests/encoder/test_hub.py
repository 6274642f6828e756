from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from searchkit.encoder import bundled_folder, hub, load_encoder, resolve_checkpoint
from searchkit.encoder.hub import is_offline, name_of
from searchkit.errors import CheckpointError

NAME = "princeton-nlp/sup-simcse-bert-base-uncased"


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("SEARCHKIT_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[dict[str, Any]]:
    """What snapshot_download is asked for; it answers with a folder."""
    huggingface_hub = pytest.importorskip("huggingface_hub")
    calls: list[dict[str, Any]] = []

    def snapshot_download(name: str, **options: Any) -> str:
        calls.append({"name": name, **options})
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    return calls


def test_a_folder_is_itself(tmp_path: Path) -> None:
    assert resolve_checkpoint(tmp_path) == resolve_checkpoint(str(tmp_path)) == tmp_path
    assert name_of(str(tmp_path), tmp_path) == tmp_path.name


def test_nothing_named_means_the_bundled_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert bundled_folder().name == "default"
    monkeypatch.setattr(hub, "bundled_folder", lambda name="default": tmp_path / name)
    with pytest.raises(CheckpointError, match="no bundled checkpoint 'default'"):
        resolve_checkpoint()
    (tmp_path / "default").mkdir()
    (tmp_path / "default" / "config.json").write_text("{}")
    assert resolve_checkpoint() == resolve_checkpoint("default") == tmp_path / "default"
    assert name_of(None, tmp_path / "default") == "default"


@pytest.mark.parametrize("name", ["nowhere", "no/such/folder", "a b/c", "../x", ""])
def test_what_is_neither_folder_nor_name_is_refused(name: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path / "..")
    if name:
        with pytest.raises(CheckpointError, match="no checkpoint at"):
            resolve_checkpoint(name)
    else:
        assert resolve_checkpoint(name) == Path()


def test_a_name_is_looked_up_in_the_cache_alone(asked: list[dict[str, Any]], tmp_path: Path) -> None:
    assert resolve_checkpoint(NAME) == tmp_path
    assert asked[0]["local_files_only"] is True
    assert name_of(NAME, tmp_path) == NAME


@pytest.mark.usefixtures("online")
def test_a_download_must_be_asked_for_and_brings_no_pickles(asked: list[dict[str, Any]]) -> None:
    resolve_checkpoint(NAME, download=True)
    assert asked[0]["local_files_only"] is False
    assert asked[0]["allow_patterns"] == ["*.safetensors", "*.json", "*.txt", "*.onnx"]


@pytest.mark.usefixtures("online")
@pytest.mark.parametrize("variable", ["SEARCHKIT_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline_forbids_a_download(
    variable: str, asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "0")
    assert not is_offline()
    monkeypatch.setenv(variable, "1")
    with pytest.raises(CheckpointError, match=f"cannot be downloaded: .*{variable}"):
        resolve_checkpoint(NAME, download=True)
    assert asked == []


def test_a_cached_checkpoint_is_loaded_by_its_name(exported_bert: Path, tmp_path: Path, monkeypatch: Any) -> None:
    """The Hub's cache as it lies on disk: files are links to blobs, which ONNX Runtime does not follow."""
    pytest.importorskip("huggingface_hub")
    repository = tmp_path / "models--made--here"
    for path in exported_bert.rglob("*.*"):
        link = repository / "snapshots" / "c0ffee" / path.relative_to(exported_bert)
        link.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file():
            link.symlink_to(path)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("c0ffee")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    encoder = load_encoder("made/here", device="cpu")
    assert encoder.runtime == "torch-cpu-fp32"
    assert encoder.fingerprint == load_encoder(exported_bert).fingerprint


def test_a_name_that_is_not_in_the_cache_says_how_to_get_it(monkeypatch: Any, tmp_path: Path) -> None:
    pytest.importorskip("huggingface_hub")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(CheckpointError, match=f"searchkit model download {NAME}"):
        resolve_checkpoint(NAME)


@pytest.mark.usefixtures("online")
def test_a_download_without_a_network_does_not_advise_to_download(monkeypatch: pytest.MonkeyPatch) -> None:
    huggingface_hub = pytest.importorskip("huggingface_hub")

    def snapshot_download(*_: str, **__: Any) -> str:
        raise huggingface_hub.errors.LocalEntryNotFoundError("cannot reach the Hub")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    with pytest.raises(CheckpointError, match=f"{NAME} cannot be downloaded: cannot reach the Hub") as told:
        resolve_checkpoint(NAME, download=True)
    assert told.value.hint == "check the network"


@pytest.mark.parametrize("name", ["owner/a--b", "owner/" + "x" * 100])
def test_a_name_that_the_hub_forbids_is_refused(name: str) -> None:
    pytest.importorskip("huggingface_hub")
    with pytest.raises(CheckpointError, match="is no name that the Hub allows"):
        resolve_checkpoint(name)
