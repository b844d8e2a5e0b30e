"""Exporting by a plugin's exporter: comparison, fallback, refusal, and a file without a comparison."""

import json
import re
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from training_runs import recipe_of  # noqa: E402

from daynight.errors import ModelError, UsageError  # noqa: E402
from daynight.export import export  # noqa: E402
from daynight.export.parity import KEY, Parity  # noqa: E402
from daynight.training.recipe import write_recipe  # noqa: E402
from daynight.training.run.checkpoint import Parts, save_checkpoint  # noqa: E402

EXPORT_PAGE = Path(__file__).parents[2] / "docs/export.md"

SHIFTED = """
class Shifted(Exporter):
    \"\"\"Builds files that are wrong by 2, then by 1, then by nothing.\"\"\"
    name = "shifted"
    precisions = ("fp32", "int8")
    calibrated = ("int8",)
    least = 0

    def build(self, trained, options, by=2):
        return Artefact(
            lambda metadata: json.dumps({**metadata, "by": by, "seen": len(options.calibration)}).encode(),
            run=lambda pictures: [each + by for each in trained(pictures)],
            outputs=[Output("picture", "levels", Tolerance(0.5, 0.5))],
            fallback=(lambda: self.build(trained, options, by - 1)) if by > self.least else None,
        )

class Never(Shifted):
    name = "never"
    least = 1
"""


@pytest.fixture
def run(kinds, tmp_path):
    """Write a run of a small network that no one trained."""
    folder = tmp_path / "run"
    folder.mkdir()
    write_recipe(recipe_of("cyclegan", generator={"blocks": 1}, size=32, steps=9, seed=4), folder)
    save_checkpoint(folder, 5, Parts({"night-average": kinds["cyclegan"].generator(blocks=1)}))
    return folder


@pytest.fixture
def add_exporters(tmp_path, monkeypatch):
    """Register exporters from the text of their classes."""

    def add(text):
        names = re.findall(r"^class (\w+)", text, re.MULTILINE)
        (tmp_path / "plugins").mkdir()
        (tmp_path / "plugins/exporters.py").write_text(
            "import json\nfrom daynight import hookimpl\n"
            "from daynight.plugin import Artefact, Exporter, Output, Tolerance\n"
            f"{text}\n@hookimpl\ndef daynight_exporters():\n    return [{', '.join(names)}]\n"
        )
        monkeypatch.setenv("DAYNIGHT_PLUGIN_PATH", str(tmp_path / "plugins"))
        monkeypatch.setenv("DAYNIGHT_PLUGINS", "exporters")

    return add


def test_the_exporter_of_the_docs_writes_its_file_without_a_comparison(run, add_exporters, tmp_path):
    (code,) = re.findall(r"^```python\n(.*?)^```", EXPORT_PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    add_exporters(code)
    assert export(run, tmp_path / "a.txt", "night", to="text") == tmp_path / "a.txt"
    assert (tmp_path / "a.txt").read_text() == "night: cyclegan\n"


def test_the_first_artefact_within_tolerance_is_written_with_its_report(run, add_exporters, tmp_path):
    add_exporters(SHIFTED)
    told = json.loads(export(run, tmp_path / "a", "night", to="shifted").read_text())
    assert (told["by"], told["seen"], told["daynight.name"]) == (0, 0, "night")
    report = Parity.model_validate_json(told[KEY])
    assert (report.fault, report.pictures, report.real) == (None, 3, False)


def test_where_none_is_within_tolerance_nothing_is_written(run, add_exporters, tmp_path):
    add_exporters(SHIFTED)
    (tmp_path / "a").write_text("an earlier file")
    fault = "its picture would differ .*1 levels at most .*; nothing was written; try another `precision`"
    with pytest.raises(ModelError, match=fault):
        export(run, tmp_path / "a", "night", to="never")
    assert (tmp_path / "a").read_text() == "an earlier file"


def test_a_calibrated_file_is_compared_on_other_pictures(run, add_exporters, tmp_path):
    from pictures import as_uint8, picture, write_image

    for seed in range(5):
        write_image(tmp_path / f"plates/{seed}.png", as_uint8(picture(seed=seed)))
    add_exporters(SHIFTED)
    options = {"to": "shifted", "precision": "int8", "pictures": tmp_path / "plates"}
    told = json.loads(export(run, tmp_path / "a", "night", **options).read_text())
    report = Parity.model_validate_json(told[KEY])
    assert (told["seen"], report.pictures, report.real) == (3, 2, True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"to": "shiftd"}, "`to=shiftd`: is not an exporter; did you mean 'shifted'?"),
        ({"precision": "fp16"}, "`precision=fp16`: is not one that shifted writes; known: fp32, int8"),
        ({"precision": "int8"}, "`precision=int8`: must be calibrated; give `pictures`"),
    ],
)
def test_an_option_that_does_not_fit_is_refused_before_the_run_is_read(
    add_exporters, tmp_path, options, message
):
    add_exporters(SHIFTED)
    with pytest.raises(UsageError, match=re.escape(message)):
        export(tmp_path / "absent", tmp_path / "a", "night", **{"to": "shifted", **options})
