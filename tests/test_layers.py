"""The house rules of imports and sizes that import-linter cannot say, read from the source (lazy imports included)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("twin", "plant_models", "dispersion", "evacuation", "scenarios", "drills")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
ROOMS = [path for path in FILES if path.name != "__init__.py"]

# Library -> the only rooms that may load it, "*" standing for one package. Imports for type checkers load nothing.
DOORKEEPERS = {
    "matplotlib": {"*.view", "twin.fonts"},
    "pyvista": {"*.view"},
    "vtk": {"*.view"},
    "vtkmodules": {"*.view"},
    "networkx": {"twin.graph", "evacuation.routes"},
    "h5py": {"twin.store"},
    "h5netcdf": {"twin.store"},
    "simpy": {"evacuation.simulate", "drills.response"},
    "numba": {"*._kernels"},
    "ruamel": {"scenarios.load", "twin.layouts.mapping"},
    "yaml": set(),
    "pint": {"twin.units"},
    "pyproj": {"twin.site"},
    "typer": {"drills.cli"},
    "click": {"drills.cli"},
    "rich": {"drills.terminal"},
    "jinja2": {"drills.report"},
    "CoolProp": {"plant_models.tabulation", "plant_models.fluids"},
    "chemicals": {"plant_models.tabulation"},
    "thermo": {"plant_models.tabulation"},
    "fluids": set(),
}
KERNEL_IMPORTS = {"__future__", "math", "numba", "numpy"}
FILE_LINES, KERNEL_LINES, CLASS_LINES, FUNCTION_LINES, PUBLIC_MEMBERS = 400, 450, 250, 60, 20


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def _imports(tree: ast.AST) -> Iterator[tuple[str, tuple[str, ...], int]]:
    """Yield (module, imported names, line) of every import statement and literal ``import_module`` call that is run."""
    unrun = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if id(node) in unrun:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, (), node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import on line {node.lineno}"
            yield node.module or "", tuple(alias.name for alias in node.names), node.lineno
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in {
            "import_module",
            "__import__",
        }:
            for argument in node.args[:1]:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value, (), node.lineno


def _allowed(room: str, rooms: set[str]) -> bool:
    package, _, rest = room.partition(".")
    return package in PACKAGES and (
        room in rooms or f"*.{rest.rpartition('.')[2]}" in rooms or (_is_kernel(room) and "*._kernels" in rooms)
    )


def _is_kernel(room: str) -> bool:
    """Tell whether a room is the kernels of a wing, or one of them."""
    return "_kernels" in room.split(".")


def broken_imports(room: str, source: str) -> list[str]:
    """Name every import in `source` (the room called `room`) that the house forbids."""
    package = room.partition(".")[0]
    faults = []
    for module, names, line in _imports(ast.parse(source)):
        top = module.partition(".")[0]
        if top in DOORKEEPERS and not _allowed(room, DOORKEEPERS[top]):
            faults.append(f"{room}:{line} imports {top}; only {sorted(DOORKEEPERS[top]) or 'nobody'} may")
        if module == package and not all(
            (ROOT / package / name).is_dir() or (ROOT / package / f"{name}.py").exists() for name in names or ("?",)
        ):
            faults.append(f"{room}:{line} imports the face of its own package")
        if _is_kernel(room) and top not in KERNEL_IMPORTS and not module.startswith(f"{package}._kernels"):
            faults.append(f"{room}:{line} imports {module}; a kernel sees numpy, numba, math and its sisters only")
    return faults


@pytest.mark.parametrize("path", ROOMS, ids=_name)
def test_a_room_imports_only_what_it_may(path: Path) -> None:
    assert broken_imports(_name(path), path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("twin.graph2", "import networkx as nx"),
        ("evacuation.walking", "def f():\n    from matplotlib import pyplot"),
        ("dispersion.field", "from dispersion import Cloud"),
        ("dispersion.field", "import dispersion"),
        ("drills.run", "import importlib\nimportlib.import_module('h5py')"),
        ("evacuation._kernels.queues", "from twin.weather import Weather"),
        ("evacuation._kernels.queues", "import scipy.special"),
        ("dispersion._kernels.puffs", "from dispersion.air import sigma_set"),
    ],
)
def test_a_seeded_violation_is_found(room: str, source: str) -> None:
    assert len(broken_imports(room, source)) == 1


@pytest.mark.parametrize("package", PACKAGES)
def test_a_face_defines_nothing(package: str) -> None:
    tree = ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8"))
    kinds = [type(node).__name__ for node in tree.body]
    assert not {"FunctionDef", "ClassDef", "AsyncFunctionDef"} & set(kinds)
    assert {module for module, _, _ in _imports(tree)} <= {"lazy_loader", "__future__"}


def _code_lines(source: str, tree: ast.AST) -> set[int]:
    """Numbers of the lines that hold code: no blank lines, comments and docstrings."""
    lines = {n for n, text in enumerate(source.splitlines(), 1) if text.strip() and not text.lstrip().startswith("#")}
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        for first in body if isinstance(body, list) else ():
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                lines -= set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    return lines


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_nothing_outgrows_its_room(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    code = _code_lines(source, tree)
    kernel = _is_kernel(_name(path))

    def size(node: ast.stmt) -> int:
        return len(code & set(range(node.lineno, (node.end_lineno or node.lineno) + 1)))

    faults = [f"{len(code)} lines"] if len(code) > (KERNEL_LINES if kernel else FILE_LINES) else []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and size(node) > FUNCTION_LINES and not kernel:
            faults.append(f"{node.name}: {size(node)} lines")
        elif isinstance(node, ast.ClassDef):
            public = [n.name for n in node.body if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")]
            if size(node) > CLASS_LINES or len(public) > PUBLIC_MEMBERS:
                faults.append(f"class {node.name}: {size(node)} lines, {len(public)} public members")
    assert faults == []
    assert path.stem not in {"utils", "common", "helpers", "core"}


def test_nothing_imports_a_drawing_or_number_library_at_the_door() -> None:
    """``import twin`` and its sisters load no heavy library: they answer in milliseconds."""
    import subprocess
    import sys

    heavy = {
        "CoolProp",
        "thermo",
        "matplotlib",
        "pyvista",
        "vtk",
        "pandas",
        "scipy",
        "numba",
        "networkx",
        "pydantic",
        "h5py",
        "numpy",
    }
    code = f"import sys\nimport {', '.join(PACKAGES)}\nprint(sorted(set({sorted(heavy)!r}) & sys.modules.keys()))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert answer.stdout.strip() == "[]"
