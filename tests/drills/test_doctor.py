"""The look over the installation: every fault is a row with a mend, and none hides another."""

from __future__ import annotations

import importlib.util
import sys
from importlib import metadata
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from drills import doctor as room
from drills.doctor import Check, doctor

_PACKAGES = ("twin", "plant_models", "dispersion", "evacuation", "scenarios", "drills")


@pytest.fixture(scope="module")
def checks() -> dict[str, Check]:
    """The real thing, with a probe time that lets the slow probes answer or be called slow."""
    return {check.name: check for check in doctor(probe_seconds=60.0)}


def test_this_installation_is_looked_over(checks: dict[str, Check]) -> None:
    assert {"python", "parktwin", "numpy", "numba", "pyvista", "kernel cache", "Chinese font", "off-screen 3-D"} <= set(
        checks
    )
    assert {f"package {name}" for name in _PACKAGES} <= set(checks)
    assert {"plug-ins parktwin.packs", "plug-ins parktwin.dispersion", "plug-ins parktwin.layouts"} <= set(checks)


def test_this_installation_can_run(checks: dict[str, Check]) -> None:
    assert [check for check in checks.values() if check.status == "fail"] == []


def test_what_is_not_ok_has_a_mend(checks: dict[str, Check]) -> None:
    assert all(check.mend for check in checks.values() if check.status != "ok")


def test_a_missing_dependency_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        metadata, "requires", lambda _: ["no-such-thing>=3.1", 'pytest>=1; extra == "test"', "numpy>=999"]
    )
    found = {check.name: check for check in room._dependencies()}
    assert set(found) == {"no-such-thing", "numpy"}  # an extra is not needed to run
    assert found["no-such-thing"].status == "fail"
    assert "pip install 'no-such-thing>=3.1'" in found["no-such-thing"].mend
    assert (found["numpy"].status, "too old" in found["numpy"].text) == ("fail", True)


def _stranger(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let another package of the same name be found first."""
    folder.mkdir()
    (folder / "__init__.py").write_text("", encoding="utf-8")
    spec = ModuleSpec("dispersion", None, origin=str(folder / "__init__.py"))
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec if name == "dispersion" else found(name))


def test_a_package_of_another_distribution_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _stranger(monkeypatch, tmp_path / "dispersion")
    monkeypatch.setattr(metadata, "packages_distributions", lambda: {"dispersion": ["parktwin", "dispersion"]})
    check = room._owner("dispersion")
    assert check.status == "fail"
    assert "belongs to the distribution 'dispersion'" in check.text
    assert "pip uninstall dispersion" in check.mend


def test_a_folder_in_the_way_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _stranger(monkeypatch, tmp_path / "dispersion")
    monkeypatch.setattr(metadata, "packages_distributions", dict)
    check = room._owner("dispersion")
    assert check.status == "fail"
    assert str(tmp_path) in check.text
    assert "rename or remove" in check.mend


def test_a_package_that_is_not_there_fails() -> None:
    assert room._owner("no_such_package_of_ours").status == "fail"


class _Point:
    """An entry point that does not load."""

    name, value = "broken_model", "gone.module:Model"

    def load(self) -> object:
        raise ModuleNotFoundError("No module named 'gone'")


def test_a_broken_plug_in_of_somebody_else_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    found = metadata.entry_points

    def with_one_more(*, group: str) -> list[object]:
        return [*found(group=group), *([_Point()] if group == "parktwin.dispersion" else [])]

    monkeypatch.setattr(metadata, "entry_points", with_one_more)
    checks = {check.name: check for check in room._doors()}
    check = checks["plug-ins parktwin.dispersion"]
    assert check.status == "warn"
    assert "broken_model (gone.module:Model): ModuleNotFoundError" in check.text


def test_missing_entry_points_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "entry_points", lambda **_: [])
    assert {check.status for check in room._doors()} == {"fail"}


def test_a_probe_that_is_killed_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    # what VTK does where there is no OpenGL: it takes its process with it
    monkeypatch.setattr(room, "_GL_PROBE", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    check = room._screen(30.0)
    assert check.status == "warn"
    assert "signal 11" in check.text
    assert "libegl1" in check.mend


def test_a_probe_that_hangs_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_GL_PROBE", "import time; time.sleep(60)")
    assert "no answer within" in room._screen(0.2).text


def test_a_cache_without_a_place_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    words = "RuntimeError: cannot cache function 'f': no locator available for file 'x.py'"
    monkeypatch.setattr(room, "_KERNEL_PROBE", f"raise SystemExit({words!r})")
    check = room._kernel_cache(30.0)
    assert (check.status, "NUMBA_CACHE_DIR" in check.mend) == ("warn", True)


def test_kernels_that_do_not_compile_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_KERNEL_PROBE", "raise ImportError('numba is broken')")
    check = room._kernel_cache(30.0)
    assert (check.status, check.text) == ("fail", "ImportError: numba is broken")


def test_a_check_that_breaks_is_a_row() -> None:
    def broken() -> Check:
        raise OSError("disk on fire")

    check = room._safely("something", broken)
    assert (check.status, "disk on fire" in check.text) == ("warn", True)


def test_versions_are_compared_as_numbers() -> None:
    assert room._release("2.10.1+cpu") > room._release("2.9")
    assert sys.version_info[:2] >= (3, 11)


@pytest.mark.parametrize("digest", ["47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU", "x" * 43])
def test_a_face_written_over_by_another_distribution_is_seen(tmp_path: Path, digest: str) -> None:
    # the first digest is SHA-256 of nothing, which is what the file holds; RECORD uses base64url without padding
    (tmp_path / "dispersion").mkdir()
    (tmp_path / "dispersion" / "__init__.py").write_bytes(b"")
    info = tmp_path / "parktwin-1.0.dist-info"
    info.mkdir()
    (info / "RECORD").write_text(f"dispersion/__init__.py,sha256={digest},0\n", encoding="utf-8")
    assert room._taken_over(metadata.PathDistribution(info), "dispersion") is (digest[0] == "x")
