"""Docs that cannot rot: hooks, options, exit codes, variables, and every example."""

from __future__ import annotations

import inspect
import json
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import test_third_party
from click.testing import Result
from pictures import EXAMPLES, as_uint8, open_spec, picture, read_image, write_image

from daynight import errors
from daynight.cli import INTERRUPTED
from daynight.cli.convert import CONFIG_VARIABLE
from daynight.errors import UsageError
from daynight.plates.sequences import parse_range
from daynight.plugin import hookspecs
from daynight.plugin import loading as plugin_loading
from daynight.plugin.look import read_look

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PLUGINS = DOCS / "plugins.md"
HOOKS = sorted(name for name in vars(hookspecs) if name.startswith("daynight_"))


def blocks(page: Path, language: str) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\b[^\n]*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def block(page: Path, mark: str) -> str:
    """Return the block that a mark of its first line names, such as ``file=steady.py``."""
    text = page.read_text(encoding="utf-8")
    (found,) = re.findall(rf"^```\w+ {re.escape(mark)}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return found


def run_console(page: Path, mark: str, daynight: Callable[..., Result]) -> None:
    """Run the daynight commands of a block, and hold each to what the page says it prints."""
    commands = re.findall(r"^\$ daynight (.*)\n((?:[^$].*\n)*)", block(page, mark), re.MULTILINE)
    assert commands
    for command, printed in commands:
        result = daynight(*command.split())
        assert result.exit_code == 0, result.output
        assert printed in result.stdout


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_docstring_a_heading_and_a_test(hook: str) -> None:
    function = getattr(hookspecs, hook)
    assert function.__doc__
    arguments = ", ".join(inspect.signature(function).parameters)
    assert f"### `{hook}({arguments})`" in (DOCS / "plugins.md").read_text(encoding="utf-8")
    assert callable(getattr(test_third_party, f"test_hook_{hook}"))


def test_hookspecs_imports_nothing_but_pluggy() -> None:
    code = "import sys, daynight.plugin.hookspecs; print({'numpy', 'pydantic', 'click'} & sys.modules.keys())"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "set()\n"


def test_exit_codes_and_variables_are_documented() -> None:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "exit_code")]
    for code in {0, INTERRUPTED, *(kind.exit_code for kind in kinds)}:
        assert f"| {code} |" in text
    for variable in (plugin_loading.PATH_VARIABLE, plugin_loading.ALLOW_VARIABLE, CONFIG_VARIABLE):
        assert f"| `{variable}` |" in text


def test_the_table_of_options_is_made_from_the_job() -> None:
    module = runpy.run_path(str(DOCS / "figures/options.py"))
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    assert module["page"]() == text, "run: python docs/figures/options.py"


def test_the_job_file_of_the_docs_runs_and_so_does_its_python(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    daynight: Callable[..., object],
    make_shot: Callable[..., Path],
) -> None:
    make_shot("sh010", (1001, 1002, 1004))
    monkeypatch.chdir(tmp_path)
    (text,) = blocks(DOCS / "jobs.md", "toml")
    (tmp_path / "sh010.toml").write_text(text.replace("1001-1100", "1001-1004"))
    (console,) = blocks(DOCS / "jobs.md", "console")
    for line in console.splitlines():
        result = daynight(*line.removeprefix("$ daynight ").split())
        assert result.exit_code == 0, result.stderr
    assert len(list((tmp_path / "sh010_night").glob("*.exr"))) == 4
    assert "strength = 0.5" in (tmp_path / "sh010_v2.toml").read_text()
    (code,) = blocks(DOCS / "jobs.md", "python")
    code = code.replace("1001-1100", "1001-1002")
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)


def test_the_python_page_runs(tmp_path: Path) -> None:
    (code,) = blocks(DOCS / "python.md", "python")
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)


def test_frame_ranges_in_the_docs_mean_what_they_say() -> None:
    rows = re.findall(
        r"^\| `([\d,x:-]+)` \| (.+?) \|$", (DOCS / "chains.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    sizes = {"one frame": 1, "all from 1001 to 1100": 100, "every second": 50, "several": 13}
    assert len(rows) == 5
    for text, meaning in rows:
        if meaning.startswith("refused"):
            with pytest.raises(UsageError):
                parse_range(text)
        else:
            assert len(parse_range(text)) == sizes[meaning]


@pytest.mark.parametrize("text", blocks(DOCS / "chains.md", "toml"))
def test_every_chain_in_the_docs_opens(text: str, tmp_path: Path) -> None:
    from onnx_models import affine

    affine(tmp_path / "generator.onnx", shape=("n", 3, "h", "w"))
    (tmp_path / "chain.toml").write_text(text)
    chain = open_spec(read_look(tmp_path / "chain.toml"))
    assert [step.name for step in chain.steps] == re.findall(r'^use = "(\w+)"', text, re.MULTILINE)


@pytest.fixture
def plugin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write files of the plugin page into a folder of plugins."""

    def write(*names: str) -> Path:
        folder = tmp_path / "daynight-plugins"
        folder.mkdir()
        for name in names:
            (folder / name).write_text(block(PLUGINS, f"file={name}"))
        monkeypatch.delenv("DAYNIGHT_PLUGINS")
        monkeypatch.setenv("DAYNIGHT_PLUGIN_PATH", str(folder))
        return folder

    return write


def test_the_steps_and_looks_of_the_plugin_page_work_as_they_stand(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    daynight: Callable[..., Result],
    make_shot: Callable[..., Path],
    plugin_folder: Callable[..., Path],
) -> None:
    folder = plugin_folder("vignette.py", "average.py", "dusk.toml")
    make_shot("shots/sh", (1, 2))
    monkeypatch.chdir(tmp_path)
    run_console(PLUGINS, "run=vignette", daynight)
    results = [read_image(tmp_path / f"shots_night-vignette/sh/sh.000{number}.png") for number in (1, 2)]
    assert all(image[:8, :8].mean() < image[20:28, 28:36].mean() for image in results)
    result = daynight("convert", tmp_path / "shots/sh", "--to", "dusk", "--out", tmp_path / "dusk")
    assert result.exit_code == 0, result.stderr
    before, after = (
        read_image(tmp_path / name) / 255 for name in ("shots/sh/sh.0001.png", "dusk/sh.0001.png")
    )
    assert after.mean() < before.mean()
    assert f"half of the night, averaged  [{folder / 'dusk.toml'}]" in daynight("looks").stdout


def test_the_network_of_the_plugin_page_trains_and_converts(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    daynight: Callable[..., Result],
    make_shot: Callable[..., Path],
    plugin_folder: Callable[..., Path],
) -> None:
    pytest.importorskip("torch")
    plugin_folder("curve.py")
    (tmp_path / "curve.toml").write_text(block(PLUGINS, "file=curve.toml").replace("500", "40"))
    day_and_night(tmp_path)
    plate = read_image(make_shot("shots/sh", (1,)) / "sh.0001.png")
    monkeypatch.chdir(tmp_path)
    run_console(PLUGINS, "run=curve", daynight)
    result = read_image(tmp_path / "shots_night/sh/sh.0001.png")
    assert result.shape == plate.shape
    assert not np.array_equal(result, plate)


def test_the_loss_of_the_plugin_page_is_a_row(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    daynight: Callable[..., Result],
    plugin_folder: Callable[..., Path],
) -> None:
    pytest.importorskip("torch")
    from daynight.training.methods import losses
    from daynight.training.methods.cycle_gan import terms

    formula: dict[str, object] = dict(vars(losses))
    exec(block(PLUGINS, "file=losses.py"), formula)
    row = eval(block(PLUGINS, "file=terms.py"), {**vars(terms), "contrast_loss": formula["contrast_loss"]})
    monkeypatch.setattr(terms, "TERMS", (*terms.TERMS, *row))
    plugin_folder("curve.py")
    (tmp_path / "curve.toml").write_text(block(PLUGINS, "file=curve.toml").replace("500", "3"))
    day_and_night(tmp_path)
    monkeypatch.chdir(tmp_path)
    options = ("--preset", "curve.toml", "--set", "contrast=3")
    result = daynight("train", "day", "night", "--out", "run", *options)
    assert result.exit_code == 0, result.output
    metrics = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    assert any(line.get("contrast", 0) > 0 for line in metrics), metrics


def day_and_night(folder: Path) -> None:
    """Write two bright pictures and two dark ones, to train on."""
    for seed in (1, 2):
        write_image(folder / f"day/{seed}.png", as_uint8(picture(80, 96, seed)))
        write_image(folder / f"night/{seed}.png", as_uint8(picture(80, 96, seed) / 8))


def test_embed_runs_and_is_short() -> None:
    source = EXAMPLES / "embed.py"
    code = [
        line for line in source.read_text().splitlines() if line and not line.startswith(('"""', "import"))
    ]
    assert len(code) <= 10
    result = subprocess.run([sys.executable, source], capture_output=True, text=True, check=True)
    assert result.stdout.startswith("float32 (270, 480, 3): light 2.0")


def test_the_sheet_puts_plates_and_results_side_by_side(tmp_path: Path) -> None:
    write_image(tmp_path / "in/sh/a.0001.png", as_uint8(picture()))
    write_image(tmp_path / "out/sh/a.0001.png", as_uint8(picture() / 4))
    folders, sheet = [tmp_path / "in", tmp_path / "out", tmp_path / "in"], tmp_path / "sheet.jpg"
    for columns, (height, width) in {2: (600, 1608), 3: (398, 1606)}.items():
        subprocess.run([sys.executable, EXAMPLES / "sheet.py", *folders[:columns], sheet], check=True)
        pixels = read_image(sheet)
        assert pixels.shape == (height, width, 3)
        parts = [part[:, 4:-4].mean() for part in np.array_split(pixels, columns, axis=1)]
        assert parts[1] < parts[0] / 3
        assert columns == 2 or abs(parts[2] - parts[0]) < 1


@pytest.mark.parametrize("page", sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md")]), ids=lambda path: path.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing


def test_the_examples_are_two_shots_of_twelve_frames_and_more_with_a_licence() -> None:
    shots = sorted(folder for folder in (EXAMPLES / "shots").iterdir() if folder.is_dir())
    assert len(shots) == 2
    licence = (EXAMPLES / "shots/LICENCE.md").read_text(encoding="utf-8")
    total = 0
    for shot in shots:
        assert shot.name in licence
        frames = sorted(shot.iterdir())
        assert len(frames) >= 12
        assert {read_image(frame).shape for frame in frames} == {(720, 1280, 3)}
        total += sum(frame.stat().st_size for frame in frames)
    assert total <= 8 * 2**20
