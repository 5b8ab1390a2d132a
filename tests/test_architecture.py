"""The directions of imports, the purity of the core, and the sizes that keep files readable."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "qanat"
FILES = sorted(SOURCE.rglob("*.py"))

# package or module -> what of ours it may import besides itself; longest match first
MAY_IMPORT: dict[str, set[str]] = {
    "core": set(),
    "wire": {"core"},
    "journal": {"core"},
    "net": {"core"},
    "node": {"core"},
    "parking": {"core", "node"},
    "housekeeping": {"core", "node", "parking"},
    "codecs": {"core", "journal", "node"},
    "credentials": {"net"},
    "config": {"core"},
    "api": {"core", "wire", "node", "parking", "net"},
    "app": {
        "core",
        "wire",
        "journal",
        "net",
        "node",
        "parking",
        "housekeeping",
        "codecs",
        "credentials",
        "config",
        "api",
    },
    "cli": {"app", "config", "credentials", "codecs", "core", "journal", "net", "api"},
}
PURE = ("core", "wire")
IMPURE = {
    "time",
    "random",
    "secrets",
    "uuid",
    "os",
    "socket",
    "asyncio",
    "logging",
    "threading",
    "subprocess",
    "pathlib",
}
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60


def part_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Full names; `from a import b` counts as `a.b`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_go_one_way(path: Path) -> None:
    part = part_of(path)
    if part == "__init__":
        return
    ours = {name.split(".")[1] for name in imports(path) if name.startswith("qanat.")}
    assert ours - {"__version__"} <= MAY_IMPORT[part] | {part}


@pytest.mark.parametrize(
    "path", [path for path in FILES if part_of(path) in PURE], ids=lambda path: str(path.relative_to(SOURCE))
)
def test_the_core_and_the_wire_are_pure(path: Path) -> None:
    assert {name.split(".")[0] for name in imports(path)} & IMPURE == set()
    names = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
    assert names & {"now", "utcnow", "today"} == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= FILE_LINES_MAX
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < FUNCTION_LINES_MAX, f"{node.name} is too long"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_module_says_what_it_owns(path: Path) -> None:
    said = ast.get_docstring(ast.parse(path.read_text()))
    assert said
    assert said != "TODO"
