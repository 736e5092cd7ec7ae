"""Look over the installation: what is there, whose it is, what does not work and how to mend it."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlparse

__all__ = ["Check", "doctor"]

PACKAGES = ("twin", "plant_models", "dispersion", "evacuation", "scenarios", "drills")
ENTRY_POINTS = {
    "parktwin.packs": ("builtin",),
    "parktwin.dispersion": ("gaussian_plume", "gaussian_puff"),
    "parktwin.layouts": ("geojson", "json"),
}
_PROBE_SECONDS = 90.0
_GL_PROBE = """
import pyvista
plotter = pyvista.Plotter(off_screen=True, window_size=(64, 48))
plotter.add_mesh(pyvista.Sphere())
assert plotter.screenshot(None, return_img=True).std() > 0
"""
_KERNEL_PROBE = """
import numpy
from numba import njit
from dispersion._kernels import puffs
kernels = [k for k in vars(puffs).values() if hasattr(k, "py_func")]
assert kernels, "dispersion has no compiled kernel"
print(kernels[0]._cache.cache_path)
"""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at.

    Parameters
    ----------
    name
        What was looked at.
    status
        "ok"; "warn": something optional does not work; "fail": the tool cannot run.
    text
        What was found.
    mend
        What to do about it; empty when nothing.
    """

    name: str
    status: Literal["ok", "warn", "fail"]
    text: str
    mend: str = ""

    def to_dict(self) -> dict[str, str]:
        """Plain mapping for JSON."""
        return asdict(self)


def doctor(*, probe_seconds: float = _PROBE_SECONDS) -> tuple[Check, ...]:
    """Check the installation.

    Parameters
    ----------
    probe_seconds
        Longest time a probe that runs in a process of its own may take. [s]

    Returns
    -------
    tuple of Check
        In a fixed order. The tool can run unless one of them has the status "fail".
    """
    checks = [_python(), _distribution(), *_dependencies(), *map(_owner, PACKAGES), *_doors()]
    looks: tuple[tuple[str, Callable[[], Check]], ...] = (
        ("kernel cache", partial(_kernel_cache, probe_seconds)),
        ("Chinese font", _font),
        ("off-screen 3-D", partial(_screen, probe_seconds)),
    )
    return (*checks, *(_safely(name, look) for name, look in looks))


def _safely(name: str, look: Callable[[], Check]) -> Check:
    """Answer of a check; a check that breaks is itself a finding and hides no other."""
    try:
        return look()
    except Exception as error:  # any fault of a check is a row of the table
        return Check(name, "warn", f"the check itself failed: {type(error).__name__}: {error}")


def _python() -> Check:
    text = f"{platform.python_implementation()} {platform.python_version()} on {platform.system()} {platform.machine()}"
    return Check("python", "ok", text)


def _distribution() -> Check:
    try:
        found = metadata.distribution("parktwin")
    except metadata.PackageNotFoundError:
        return Check("parktwin", "fail", "is not installed", "python -m pip install . in the checkout")
    source = _editable_root(found)
    return Check("parktwin", "ok", f"{found.version}{f', editable from {source}' if source else ''}")


def _dependencies() -> Iterator[Check]:
    """Every declared dependency of the base installation with its version."""
    try:
        declared = metadata.requires("parktwin") or []
    except metadata.PackageNotFoundError:
        return
    for text in sorted(declared, key=str.lower):
        need, _, marker = text.partition(";")
        if "extra" in marker:
            continue
        name = re.split(r"[^A-Za-z0-9._-]", need.strip(), maxsplit=1)[0]
        lowest = re.search(r">=\s*([\d.]+)", need)
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            yield Check(name, "fail", "is not installed", f"python -m pip install '{need.strip()}'")
            continue
        if lowest and _release(version) < _release(lowest[1]):
            yield Check(name, "fail", f"{version} is too old", f"python -m pip install -U '{need.strip()}'")
        else:
            yield Check(name, "ok", version)


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.partition("+")[0])[:3])


def _editable_root(found: metadata.Distribution) -> Path | None:
    """Folder of an editable installation."""
    text = found.read_text("direct_url.json")
    if text is None:
        return None
    record = json.loads(text)
    url = urlparse(str(record.get("url", "")))
    if url.scheme != "file" or not record.get("dir_info", {}).get("editable"):
        return None
    return Path(unquote(url.path))


def _owner(package: str) -> Check:
    """Whether the module that Python imports under this name is ours: other distributions use the same plain words."""
    name = f"package {package}"
    spec = importlib.util.find_spec(package)
    place = Path(spec.origin).resolve().parent if spec is not None and spec.origin else None
    if place is None:
        mend = "python -m pip install --force-reinstall --no-deps parktwin"
        return Check(name, "fail", "cannot be imported", mend)
    ours = _our_folders(package)
    if place in ours:
        return Check(name, "ok", str(place))
    owners = sorted({o for o in metadata.packages_distributions().get(package, ()) if o.lower() != "parktwin"})
    if owners:
        whose = f"belongs to the distribution {' and '.join(map(repr, owners))}"
        mend = f"python -m pip uninstall {' '.join(owners)}, then reinstall parktwin (best in a fresh environment)"
    elif (place / "py.typed").exists() and (place.parent / "pyproject.toml").exists():
        text = f"{place} is a checkout in the working directory, not the installed package"
        return Check(name, "warn", text, "start Python elsewhere, or python -m pip install -e . in that checkout")
    else:
        whose = "belongs to no installed distribution (a folder or file of that name is in the way)"
        mend = f"rename or remove {place}, or start Python in another directory"
    return Check(name, "fail", f"{place} {whose}", mend)


def _our_folders(package: str) -> set[Path]:
    """Folders where the installed parktwin keeps this package."""
    try:
        found = metadata.distribution("parktwin")
    except metadata.PackageNotFoundError:
        return set()
    root = _editable_root(found)
    folders = {(root / package).resolve()} if root else set()
    for file in found.files or ():
        if file.parts[:2] == (package, "__init__.py") and not _taken_over(found, package):
            folders.add(Path(str(file.locate())).resolve().parent)
    return folders


def _taken_over(ours: metadata.Distribution, package: str) -> bool:
    """Whether another distribution has written over the face of our package in the same folder."""
    for file in ours.files or ():
        if file.parts == (package, "__init__.py") and file.hash is not None:
            import base64
            import hashlib

            digest = hashlib.new(file.hash.mode, Path(str(file.locate())).read_bytes()).digest()
            return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value
    return False


def _doors() -> Iterator[Check]:
    """Entry points of the built-in plug-ins, loaded."""
    for group, wanted in ENTRY_POINTS.items():
        found = {point.name: point for point in metadata.entry_points(group=group)}
        faults = [f"{name} is missing" for name in wanted if name not in found]
        for name, point in sorted(found.items()):
            try:
                point.load()
            except Exception as error:  # a plug-in may break in any way
                faults.append(f"{name} ({point.value}): {type(error).__name__}: {error}")
        ours = any(name in fault for fault in faults for name in wanted)
        if faults:
            mend = "python -m pip install --force-reinstall --no-deps parktwin, or remove the broken plug-in"
            yield Check(f"plug-ins {group}", "fail" if ours else "warn", "; ".join(faults), mend)
        else:
            yield Check(f"plug-ins {group}", "ok", ", ".join(sorted(found)))


def _probe(code: str, seconds: float, **environment: str) -> tuple[int | None, str, str]:
    """Return code (None: too slow), output and last words of a piece of Python in a process of its own."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **environment},
        )
    except subprocess.TimeoutExpired:
        return None, "", ""
    words = [line for line in done.stderr.strip().splitlines() if line.strip()]
    return done.returncode, done.stdout.strip(), words[-1] if words else ""


def _kernel_cache(seconds: float) -> Check:
    """Whether compiled kernels are kept between runs."""
    name = "kernel cache"
    mend = "set NUMBA_CACHE_DIR to a folder you may write to; otherwise each run compiles anew (10 to 60 s)"
    code, output, words = _probe(_KERNEL_PROBE, seconds)
    if code is None:
        return Check(name, "warn", f"no answer within {seconds:g} s", mend)
    if code != 0:
        status: Literal["warn", "fail"] = "warn" if "no locator available" in words else "fail"
        return Check(name, status, words or f"the probe ended with code {code}", mend)
    folder = Path(output.splitlines()[-1])
    near = next((p for p in (folder, *folder.parents) if p.exists()), folder)
    if not os.access(near, os.W_OK):
        return Check(name, "warn", f"{folder} cannot be written", mend)
    return Check(name, "ok", str(folder))


def _font() -> Check:
    """Whether matplotlib finds a Chinese font."""
    from twin.fonts import cjk_fonts

    found = cjk_fonts()
    if found:
        return Check("Chinese font", "ok", found[0])
    mend = "install one, for example apt-get install fonts-noto-cjk; without it Chinese labels in pictures are left out"
    return Check("Chinese font", "warn", "none found", mend)


def _screen(seconds: float) -> Check:
    """Whether VTK can draw without a screen; it kills its process when it cannot, hence the process of its own."""
    name = "off-screen 3-D"
    mend = "apt-get install libegl1 libgl1-mesa-dri (or the driver's EGL); only the 3-D views need it"
    extra = {} if os.environ.get("DISPLAY") else {"VTK_DEFAULT_OPENGL_WINDOW": "vtkEGLRenderWindow"}
    code, _, words = _probe(_GL_PROBE, seconds, **extra)
    if code == 0:
        return Check(name, "ok", f"renders{f' through {extra[next(iter(extra))]}' if extra else ''}")
    if code is None:
        return Check(name, "warn", f"no answer within {seconds:g} s", mend)
    how = f"the process was killed by signal {-code}" if code < 0 else f"the process ended with code {code}"
    return Check(name, "warn", how if code < 0 or not words else f"{how}: {words}", mend)
