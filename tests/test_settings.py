from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import pytest

from searchkit.errors import InputError
from searchkit.settings import Settings, find_project_file, load_settings


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a folder below, and a home that is elsewhere."""
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    root = tmp_path / "repository"
    for folder in (home, root / ".git", root / "src"):
        folder.mkdir(parents=True)
    return root


def load(project: Path, environ: Mapping[str, str] | None = None, cwd: Path | None = None, **overrides) -> Settings:
    user = {"XDG_CONFIG_HOME": str(project.parent / "config")}
    return load_settings(overrides=overrides, cwd=cwd or project, environ=user | dict(environ or {}))


def write_project(project: Path, text: str) -> None:
    (project / "searchkit.toml").write_text(text, encoding="utf-8")


def write_user(project: Path, text: str) -> None:
    folder = project.parent / "config" / "searchkit"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(text, encoding="utf-8")


def test_defaults_without_any_file(project: Path) -> None:
    assert load(project) == Settings(None, None, "auto", False, "hybrid", 10, None, False)


def test_flag_wins_over_environment_over_project_over_user(project: Path) -> None:
    write_user(project, 'index = "user"\nmodel = "mine"\nlimit = 3\nmin_score = 0.1\ndevice = "cpu"')
    write_project(project, 'index = "ours"\nlimit = 4\nmode = "dense"')
    settings = load(project, {"SEARCHKIT_DEVICE": "cuda"}, limit=5, full=None)
    assert settings == Settings(str(project / "index_data" / "ours"), "mine", "cuda", False, "dense", 5, 0.1, False)
    assert load(project, {"SEARCHKIT_INDEX": "env"}).index == "env"
    assert load(project, {"SEARCHKIT_INDEX": "env"}, index="flag").index == "flag"
    assert load(project, {"SEARCHKIT_INDEX": ""}).limit == 4


@pytest.mark.parametrize(
    ("environ", "offline"),
    [
        ({}, True),
        ({"SEARCHKIT_OFFLINE": "0"}, False),
        ({"SEARCHKIT_OFFLINE": "1"}, True),
        ({"SEARCHKIT_OFFLINE": "0", "HF_HUB_OFFLINE": "yes"}, True),
        ({"HF_HUB_OFFLINE": "OFF"}, False),
        ({"HF_HUB_OFFLINE": ""}, True),
    ],
)
def test_offline_in_the_environment(project: Path, environ: Mapping[str, str], offline: bool) -> None:
    write_user(project, "offline = true")
    assert load(project, environ).offline is offline


def test_project_file_holds_in_the_folders_below_it(project: Path) -> None:
    write_project(project, "limit = 7")
    assert load(project, cwd=project / "src").limit == 7


def test_nearest_project_file_holds(project: Path) -> None:
    write_project(project, "limit = 7")
    write_project(project / "src", "full = true")
    settings = load(project, cwd=project / "src")
    assert (settings.limit, settings.full) == (10, True)


def test_search_ends_at_the_root_of_the_repository(project: Path) -> None:
    write_project(project.parent, "limit = 7")
    assert find_project_file(project / "src") is None


def test_search_ends_at_the_home_folder(project: Path) -> None:
    home = project.parent / "home"
    (home / "notes").mkdir()
    write_project(project.parent, "limit = 7")
    assert find_project_file(home / "notes") is None
    write_project(home, "limit = 8")
    assert find_project_file(home / "notes") == home / "searchkit.toml"


def test_outside_of_home_and_repository_no_parent_is_believed(project: Path) -> None:
    shared = project.parent / "shared"
    (shared / "mine").mkdir(parents=True)
    write_project(shared, "limit = 7")
    assert find_project_file(shared / "mine") is None
    assert find_project_file(shared) == shared / "searchkit.toml"


@pytest.mark.parametrize("key", ['model = "someone/else"', "offline = false", 'device = "cpu"'])
def test_project_file_may_not_choose(project: Path, key: str) -> None:
    name = key.split()[0]
    write_project(project, key)
    with pytest.raises(
        InputError, match=rf"searchkit\.toml sets '{name}'; a project file may set index, mode, limit"
    ) as caught:
        load(project)
    assert f"SEARCHKIT_{name.upper()}" in caught.value.hint


@pytest.mark.parametrize("index", ["../other", "/srv/other", "~/other", "src/../../x", "link/x"])
def test_project_file_may_not_point_outside_its_tree(project: Path, index: str) -> None:
    (project / "link").symlink_to(project.parent)
    write_project(project, f"index = '{index}'")
    with pytest.raises(InputError, match="lies outside"):
        load(project)


@pytest.mark.parametrize(("index", "folder"), [("notes", "index_data/notes"), ("./saved", "saved"), ("a/b", "a/b")])
def test_index_of_a_project_file_is_relative_to_it(project: Path, index: str, folder: str) -> None:
    write_project(project, f"index = '{index}'")
    assert load(project, cwd=project / "src").index == str(project / folder)


def test_index_of_the_user_file_is_a_name_or_absolute(project: Path) -> None:
    write_user(project, "index = '~/notes'")
    assert load(project).index == str(project.parent / "home" / "notes")
    (project.parent / "config" / "searchkit" / "config.toml").write_text("index = 'a/b'")
    with pytest.raises(InputError, match="relative path"):
        load(project)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("limit = 0", "limit is 0; expected a whole number of at least 1"),
        ("limit = true", "limit is True"),
        ("limit = 2.0", "limit is 2.0"),
        ("mode = 'semantic'", "mode is 'semantic'; expected one of hybrid, dense, lexical"),
        ("min_score = 2", "min_score is 2; expected a cosine"),
        ("min_score = nan", "min_score is nan"),
        ("full = 'yes'", "full is 'yes'; expected true or false"),
        ("index = ''", "index is ''"),
        ("index = 3", "index is 3"),
        ("limits = 3", "unknown setting 'limits'"),
        ("[search]\nlimit = 3", "unknown setting 'search'"),
        ("limit = ", "not valid TOML"),
        ("limit = 1\nlimit = 2", "not valid TOML"),
        ("# " + "x" * 70_000, r"^\S+ has 70,002 bytes; at most 65,536 are read"),
    ],
)
def test_bad_files_are_named(project: Path, text: str, told: str) -> None:
    write_project(project, text)
    with pytest.raises(InputError, match=told) as caught:
        load(project)
    assert caught.value.message.startswith(str(project / "searchkit.toml"))


def test_file_with_a_byte_order_mark_is_read(project: Path) -> None:
    (project / "searchkit.toml").write_bytes(b"\xef\xbb\xbflimit = 4")
    assert load(project).limit == 4


def test_places_that_cannot_be_looked_at_hold_no_file(project: Path) -> None:
    """As a folder of another user; a name that no file system takes fails in the same way."""
    nowhere = project / ("x" * 300)
    assert find_project_file(nowhere) is None
    assert load(project, {"XDG_CONFIG_HOME": str(nowhere)}) == Settings()


def test_home_of_nobody_is_named(project: Path) -> None:
    write_user(project, "index = '~nobody-of-that-name/notes'")
    with pytest.raises(InputError, match=r"config\.toml: index '~nobody-of-that-name/notes': no home"):
        load(project)


def test_file_that_is_not_utf8_is_named(project: Path) -> None:
    (project / "searchkit.toml").write_bytes(b"index = '\xff'")
    with pytest.raises(InputError, match=r"searchkit\.toml is not valid TOML"):
        load(project)


def test_unknown_key_lists_the_known_ones(project: Path) -> None:
    write_project(project, "limits = 3")
    with pytest.raises(InputError) as caught:
        load(project)
    assert caught.value.hint.startswith("did you mean 'limit'? known: index, model")
    write_project(project, "")
    with pytest.raises(InputError, match="flags: unknown setting 'colour'"):
        load(project, colour=1)


def test_bad_variable_is_named(project: Path) -> None:
    with pytest.raises(
        InputError, match="SEARCHKIT_DEVICE: device is 'gpu'; expected one of auto, cpu, openvino, cuda, mps"
    ):
        load(project, {"SEARCHKIT_DEVICE": "gpu"})


def test_every_setting_can_be_set_by_the_user(project: Path) -> None:
    write_user(
        project,
        'index = "a"\nmodel = "b"\ndevice = "mps"\noffline = true\n'
        'mode = "lexical"\nlimit = 2\nmin_score = 0.5\nfull = true',
    )
    settings, default = load(project), Settings()
    assert all(getattr(settings, field.name) != getattr(default, field.name) for field in fields(Settings))


def test_module_imports_quickly_and_reads_no_toml_without_a_file(project: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from searchkit.settings import load_settings;"
        "load_settings(cwd=Path(sys.argv[1]));"
        "sys.exit(bool({'tomllib', 'tomli', 'numpy', 'platformdirs'} & set(sys.modules)))"
    )
    environ = {**os.environ, "XDG_CONFIG_HOME": str(project)}
    ended = subprocess.run([sys.executable, "-c", code, str(project)], check=False, env=environ)
    assert ended.returncode == 0
