"""locked.yaml: the libraries that each kind of stage rests on, and their versions in uv.lock."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import yaml

from pipeline.common.errors import UserError
from pipeline.report import templates
from tests.conftest import PROJECT
from tests.helpers import changes, replaced
from tools import locked

STAGES = yaml.safe_load((PROJECT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
PACKAGES = tomllib.loads((PROJECT / "uv.lock").read_text(encoding="utf-8"))["package"]


def test_the_file_holds_what_uv_lock_says() -> None:
    assert (PROJECT / "locked.yaml").read_text(encoding="utf-8") == locked.text(PROJECT)


def test_versions_are_those_installed() -> None:
    from importlib import metadata

    found = yaml.safe_load((PROJECT / "locked.yaml").read_text(encoding="utf-8"))
    assert found
    for group in found.values():
        for name, version in group.items():
            assert metadata.version(name) in version.split(", ")


def test_every_import_is_found_by_its_installed_name() -> None:
    source = """
import os, numpy.linalg as la
from collections import abc
from pipeline.common import files
from . import beside
import psutil
def late():
    from sklearn.linear_model import Ridge
    import yaml
    import ruamel_thing.part
"""
    assert locked.imports(source) == {"numpy", "scikit-learn", "pyyaml", "ruamel-thing"}


def test_a_dependency_that_is_chosen_by_name_stands_for_all_of_its_folder(tmp_path: Path) -> None:
    for name, text in {
        "common/a.py": "import numpy",
        "common/deep/b.py": "import scipy",
        "architectures/one.py": "import keras",
        "sources/co2.py": "import statsmodels",
        "one.py": "import yaml",
        "words.yaml": "import pandas",
    }.items():
        (tmp_path / "pipeline" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pipeline" / name).write_text(text)
    of = {
        "pipeline/common": ["numpy", "scipy"],
        "pipeline/one.py": ["pyyaml"],
        "pipeline/words.yaml": [],
        "data/raw/x": [],
        "pipeline/architectures/${item.architecture.name}.py": ["h5py", "keras"],
        "${item.source}": ["numpy", "pandas", "scipy", "statsmodels"],
    }
    for dep, names in of.items():
        assert locked.libraries([dep], tmp_path) == set(names)
    assert locked.libraries(list(of), tmp_path) == {name for names in of.values() for name in names}


def test_what_lies_behind_a_library_is_what_uv_lock_names_for_it() -> None:
    needs = {package["name"]: {one["name"] for one in package.get("dependencies", [])} for package in PACKAGES}
    for name, behind in locked.BEHIND.items():
        assert set(behind) <= needs[name], name


def test_the_report_rests_on_the_libraries_whose_versions_it_shows() -> None:
    assert locked.groups(set(templates._PACKAGES)) == locked.named(STAGES["report"])
    assert set(locked.SHOWN["pipeline/report"]) <= set(templates._PACKAGES)


def test_stages_without_a_network_do_not_rest_on_one() -> None:
    assert {kind for kind, stage in STAGES.items() if "network" in locked.named(stage)} == {
        *("train", "predict", "diagnose", "leakage", "leaks", "page", "report")
    }
    assert locked.named(STAGES["train"]) == ["jax", "network", "rows", "tensorflow"]
    assert set(locked.GROUPS["network"]) == {"h5py", "keras"}
    assert {"numpy", "scikit-learn"} <= set(locked.GROUPS["rows"])


def test_each_library_is_in_one_group_and_none_is_there_for_nothing() -> None:
    members = [name for group in locked.GROUPS.values() for name in group]
    assert len(members) == len(set(members))
    used = [locked.libraries(stage.get("do", stage)["deps"], PROJECT) for stage in STAGES.values()]
    assert set(members) == set().union(*used)
    with pytest.raises(UserError, match=r"must put every library .* in a group. Received: certifi"):
        locked.groups({"numpy", "certifi"})


LOCK = """
[[package]]
name = "numpy"
version = "2.5.5"
source = { registry = "https://example.org/simple" }
[[package]]
name = "numpy"
version = "2.4.6"
source = { registry = "https://example.org/simple" }
[[package]]
name = "keras"
version = "3.15.1"
source = { git = "https://example.org/keras?rev=a#b" }
"""


def test_versions_and_sources() -> None:
    assert locked.versions(LOCK, {"numpy", "keras"}) == {
        "keras": "3.15.1 git https://example.org/keras?rev=a#b",
        "numpy": "2.4.6, 2.5.5",
    }
    assert list(locked.versions(LOCK, {"numpy", "keras"})) == ["keras", "numpy"]
    with pytest.raises(UserError, match=r"`uv.lock` must name every library .* Received: no scipy\."):
        locked.versions(LOCK, {"numpy", "scipy"})


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files that the command reads, to be changed."""
    (tmp_path / "pipeline").symlink_to(PROJECT / "pipeline")
    for name in ("dvc.yaml", "uv.lock", "locked.yaml"):
        (tmp_path / name).write_text((PROJECT / name).read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _bump(folder: Path, library: str) -> None:
    path = folder / "uv.lock"
    text = path.read_text(encoding="utf-8")
    version = next(package["version"] for package in PACKAGES if package["name"] == library)
    line = f'name = "{library}"\nversion = "{version}"\n'
    assert line in text
    path.write_text(text.replace(line, f'name = "{library}"\nversion = "999.1"\n', 1), encoding="utf-8")


def test_another_version_of_certifi_changes_nothing(copy: Path) -> None:
    _bump(copy, "certifi")
    locked.main(["--check"])


def test_another_version_of_keras_is_told_and_written(copy: Path) -> None:
    before = (copy / "locked.yaml").read_text(encoding="utf-8")
    _bump(copy, "keras")
    with pytest.raises(UserError, match=r"`locked.yaml` must hold the versions of uv.lock"):
        locked.main(["--check"])
    assert (copy / "locked.yaml").read_text(encoding="utf-8") == before
    locked.main([])
    after = (copy / "locked.yaml").read_text(encoding="utf-8")
    assert set(after.splitlines()) - set(before.splitlines()) == {"  keras: '999.1'"}
    locked.main(["--check"])


@pytest.mark.parametrize(
    ("old", "new"), [("[rows]", "[]"), ("[rows]", "[network, rows]"), ("[rows]", "[rows, certifi]")]
)
def test_a_list_of_dvc_yaml_that_does_not_fit_is_told(copy: Path, old: str, new: str) -> None:
    path = copy / "dvc.yaml"
    text = path.read_text(encoding="utf-8")
    at = text.index(old, text.index("  split:\n"))
    path.write_text(text[:at] + new + text[at + len(old) :], encoding="utf-8")
    with pytest.raises(UserError, match=r"stages.split.params` must name the groups .* Write `- locked.yaml: \[rows\]"):
        locked.main(["--check"])


def test_no_other_argument() -> None:
    with pytest.raises(UserError, match="Received: --force"):
        locked.main(["--force"])


def test_a_release_of_jax_makes_no_experiment_on_tensorflow_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replaced.make(tmp_path)
    (tmp_path / "uv.lock").write_text((PROJECT / "uv.lock").read_text(encoding="utf-8"), encoding="utf-8")
    changes.put("experiments.season_rnn.training.backend", "jax")(tmp_path)
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    replaced.run(tmp_path)
    monkeypatch.chdir(tmp_path)
    before = (tmp_path / "dvc.lock").read_text(encoding="utf-8")
    locked.main([])
    assert (tmp_path / "dvc.lock").read_text(encoding="utf-8") == before
    _bump(tmp_path, "jax")
    locked.main([])
    stages = ("train", "predict", "diagnose", "page")
    proofs = {"leakage@season_windows"}  # of a dataset whose experiments use both
    assert {*replaced.run(tmp_path).stale} == {f"{kind}@season_rnn" for kind in stages} | {"report"} | proofs
    _bump(tmp_path, "tensorflow")
    locked.main([])
    stale = {*replaced.run(tmp_path).stale}
    assert {f"{kind}@{name}" for kind in stages for name in ("season_lstm", "mine_lstm")} <= stale
    assert {"leaks", "leakage@season_windows", "leakage@mine_windows"} <= stale
    assert not [name for name in stale if name.endswith("@season_rnn")]
