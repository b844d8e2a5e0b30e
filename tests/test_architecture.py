"""The rules of the code, read from its source: arrows between rooms, cycles, depth, sizes, misplaced names.

All imports count, deferred and type-checking ones too (a type alone may name torch anywhere). A failing test
lists every offender.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PACKAGES = {"daynight": "daynight", "plugins": "daynight.plugins", "exporters": "daynight.exporters"}

GROUND = {"errors", "version"}
PICTURES = GROUND | {"job", "frames", "colour", "plates", "models"}
ENGINE = PICTURES | {"plugin", "looks", "engine"}
ARROWS: dict[str, set[str]] = {
    "errors": set(),
    "version": set(),
    "job": GROUND,
    "job_file": GROUND | {"job"},
    "frames": GROUND | {"job"},
    "colour": GROUND | {"job", "frames"},
    "plates": GROUND | {"job", "frames", "colour"},
    "models": PICTURES - {"models"},
    "plugin": PICTURES,
    "looks": PICTURES | {"plugin"},
    "engine": PICTURES | {"plugin", "looks"},
    "api": ENGINE,
    "": {"api", "version", "frames", "plugin", "job", "engine", "errors"},  # daynight/__init__.py
    "dataset": PICTURES | {"plugin"},
    "training": PICTURES | {"plugin", "dataset"},
    "export": PICTURES | {"plugin", "looks", "dataset", "training"},
    "evaluation": ENGINE | {"api", "dataset", "training"},
    "plugins": PICTURES | {"", "plugin", "looks", "training"},  # "": as anyone's plugin may
    "exporters": PICTURES | {"", "plugin", "dataset", "training", "export"},
    "cli": ENGINE | {"", "api", "job_file", "dataset", "training", "export", "evaluation"},
    "__main__": {"cli"},
}
"""Rooms that each room may import. No room imports a plugin or an exporter: they come by the registry."""

TORCH_ROOMS = {"training", "export", "exporters", "evaluation"}
PLUGIN_FREE_ROOMS = {"engine", "looks", "plugin", "api"}
STEPS = {"crop", "tile", "stylize", "reassemble", "color_match"}

MODULE_LINES, FUNCTION_LINES, PARAMETERS = 400, 60, 8
FLOORS, LOOSE_MODULES = 11, 6
FACADES = {"", "__main__"}  # they hand names on, and are no floor of their own

FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
FLAGS_ALLOWED = {
    ("daynight.engine.report", "--cut"): "a custom property of the page's CSS",
    ("daynight.training.run.callbacks", "--logdir"): "a flag of TensorBoard",
}
"""What looks like a flag in a module outside ``daynight/cli``, each with the reason why it may stay."""

_LAYOUT = "COMMENT NL NEWLINE INDENT DEDENT ENDMARKER"
NOT_CODE = frozenset(getattr(tokenize, name) for name in _LAYOUT.split())

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def modules() -> dict[str, Path]:
    """Return the path of each module by its dotted name."""
    found = {}
    for folder, package in PACKAGES.items():
        for path in sorted((REPOSITORY / folder).rglob("*.py")):
            parts = path.relative_to(REPOSITORY / folder).with_suffix("").parts
            found[".".join((package, *parts)).removesuffix(".__init__")] = path
    return found


@cache
def tree(name: str) -> ast.Module:
    return ast.parse(modules()[name].read_text(encoding="utf-8"))


def room(name: str) -> str:
    """Return the room of a module: the part of its name below ``daynight``."""
    return name.partition(".")[2].partition(".")[0]


@cache
def imports(name: str) -> tuple[tuple[str, int], ...]:
    """Return the modules that a module imports, foreign ones too, with their lines."""
    found = []
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.append((inner if inner in modules() else node.module, node.lineno))
    return tuple(found)


def typing_only(name: str) -> set[int]:
    """Return the lines of a module that only a type checker reads."""
    blocks = (node for node in ast.walk(tree(name)) if isinstance(node, ast.If))
    guarded = (node for node in blocks if ast.unparse(node.test).endswith("TYPE_CHECKING"))
    return {
        line for node in guarded for part in node.body for line in range(part.lineno, part.end_lineno + 1)
    }


def arrows(name: str) -> set[str]:
    return {target for target, _ in imports(name) if target in modules() and target != name}


def cycles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the strongly connected sets of more than one node (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in graph[node]:
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            members = [stack.pop()]
            while members[-1] != node:
                members.append(stack.pop())
            if len(members) > 1:
                found.append(sorted(members))

    for node in graph:
        if node not in index:
            visit(node)
    return found


def functions() -> Iterator[tuple[str, Function]]:
    for name in modules():
        for node in ast.walk(tree(name)):
            if isinstance(node, Function):
                yield name, node


def strings(name: str) -> Iterator[tuple[str, int]]:
    """Yield the string constants of a module, docstrings and pieces of f-strings included."""
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value, node.lineno


def refuse(offenders: list[str], rule: str) -> None:
    assert not offenders, f"{rule}; {len(offenders)} offend:\n  " + "\n  ".join(sorted(offenders))


def test_every_room_stands_in_the_table():
    refuse([*({room(name) for name in modules()} - set(ARROWS))], "each room has a row in ARROWS")


def test_arrows_between_rooms_are_those_of_the_table():
    offenders = [
        f"{name}:{line} imports {target}"
        for name in modules()
        for target, line in imports(name)
        if target in modules() and room(target) not in ARROWS.get(room(name), set()) | {room(name)}
    ]
    refuse(offenders, "a room imports the rooms of its row in ARROWS alone")


def test_no_module_imports_itself_by_way_of_others():
    found = cycles({name: arrows(name) for name in modules()})
    refuse([" ↔ ".join(members) for members in found], "there is no import cycle")


def test_rooms_are_few_floors_deep():
    graph: dict[str, set[str]] = {}
    for name in modules():
        if room(name) not in FACADES:
            graph.setdefault(room(name), set()).update({room(target) for target in arrows(name)} - FACADES)
    graph = {start: ends - {start} for start, ends in graph.items()}
    refuse([" ↔ ".join(members) for members in cycles(graph)], "there is no cycle of rooms")

    @cache
    def floor(start: str) -> int:
        return 1 + max(map(floor, graph[start]), default=0)

    deep = [f"{start}: floor {floor(start)}" for start in graph if floor(start) > FLOORS]
    refuse(deep, f"rooms stand on at most {FLOORS} floors")


def test_few_modules_lie_loose_in_the_root():
    loose = {path.name for path in (REPOSITORY / "daynight").glob("*.py")} - {"__init__.py", "__main__.py"}
    assert len(loose) <= LOOSE_MODULES, sorted(loose)


def test_modules_are_short():
    lengths = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in modules().items()}
    offenders = [f"{name}: {length}" for name, length in lengths.items() if length > MODULE_LINES]
    refuse(offenders, f"a module has at most {MODULE_LINES} lines")


def test_functions_are_short():
    lengths = ((name, node, node.end_lineno - node.lineno + 1) for name, node in functions())
    offenders = [f"{name}.{node.name}: {length}" for name, node, length in lengths if length > FUNCTION_LINES]
    refuse(offenders, f"a function has at most {FUNCTION_LINES} lines")


def test_signatures_are_short():
    offenders = []
    for name, node in functions():
        every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        every += filter(None, (node.args.vararg, node.args.kwarg))
        named = [argument.arg for argument in every if argument.arg not in ("self", "cls")]
        if len(named) > PARAMETERS:
            offenders.append(f"{name}.{node.name}: {len(named)}")
    refuse(offenders, f"a signature has at most {PARAMETERS} parameters")


def lines_of_code(path: Path) -> int:
    """Count lines that do something: neither blank, nor comment, nor docstring."""
    text = path.read_text(encoding="utf-8")
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NOT_CODE:
            code.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            code.difference_update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(code)


def test_there_is_no_less_test_than_code():
    code = sum(map(lines_of_code, modules().values()))
    tests = sum(map(lines_of_code, (REPOSITORY / "tests").rglob("*.py")))
    assert tests >= code, f"{tests} lines of tests, {code} of code"


def test_lines_of_code_are_counted(tmp_path):
    (tmp_path / "a.py").write_text(
        '"""Doc\nstring."""\n\n# comment\nx = """a\nb"""\n\n\ndef f():\n    """Doc."""\n    return x\n'
    )
    assert lines_of_code(tmp_path / "a.py") == 4


def test_the_engine_names_no_plugin():
    offenders = [
        f"{name}:{line} {text!r}"
        for name in modules()
        if room(name) in PLUGIN_FREE_ROOMS
        for text, line in strings(name)
        if text in STEPS or text.startswith(("daynight.plugins.", "daynight.exporters."))
    ]
    refuse(offenders, "the engine asks the registry, and names no plugin")


def test_flags_are_named_in_the_command_line_alone():
    offenders = [
        f"{name}:{line} {flag}"
        for name in modules()
        if room(name) != "cli"
        for text, line in strings(name)
        for flag in FLAG.findall(text)
        if (name, flag) not in FLAGS_ALLOWED
    ]
    refuse(offenders, "outside daynight/cli an option has its Python name, in backticks")


def test_torch_stays_in_its_rooms():
    offenders = [
        f"{name}:{line} {target}"
        for name in modules()
        if room(name) not in TORCH_ROOMS
        for target, line in imports(name)
        if target.split(".")[0] in ("torch", "torchvision", "torch_fidelity")
        and line not in typing_only(name)
    ]
    refuse(offenders, "torch is loaded by training, export, exporters and evaluation alone")


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        ({"a": {"b"}, "b": set()}, []),
        ({"a": {"b"}, "b": {"a"}}, [["a", "b"]]),
        ({"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()}, [["b", "c"]]),
    ],
    ids=["a line", "two", "behind a line"],
)
def test_cycles_are_found(graph, expected):
    assert cycles(graph) == expected
