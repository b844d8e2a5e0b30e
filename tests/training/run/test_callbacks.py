import json
import sys
from contextlib import contextmanager
from io import StringIO
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("matplotlib")

from rich.console import Console  # noqa: E402

from daynight.cli.training_progress import Bar, Lines, open_callbacks  # noqa: E402
from daynight.training.run.callbacks import Curves, Events, Grids, MetricsLog, file_callbacks  # noqa: E402


def silent(line):
    raise AssertionError(line)


class Run:
    """What callbacks see of a trainer, and its calls of them."""

    def __init__(self, folder, *callbacks, log_every=2, steps=100):
        self.folder, self.callbacks, self.step_count = folder, callbacks, 0
        self.recipe = SimpleNamespace(log_every=log_every, steps=steps)

    def samples(self):
        brightness = self.step_count / 100
        return np.full((12, 16, 3), round(255 * brightness), np.uint8)

    def begin(self, step=0):
        self.step_count = step
        self._call("on_begin", self.folder, self)

    def go(self, *losses):
        for value in losses:
            self.step_count += 1
            self._call("on_step", self.step_count, {"generator": value, "total": 10 * value})

    def save(self):
        self._call("on_checkpoint", self.step_count)

    def end(self):
        self._call("on_end", self.step_count)

    def _call(self, name, *values):
        for callback in self.callbacks:
            getattr(callback, name)(*values)


@pytest.fixture
def make_run(tmp_path):
    return lambda *callbacks, **settings: Run(tmp_path, *callbacks, **settings)


def metrics(run):
    lines = (run.folder / "metrics.jsonl").read_text().splitlines()
    return [(record["step"], record["generator"]) for record in map(json.loads, lines)]


@contextmanager
def full_disk(monkeypatch, *modules):
    def refuse(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        for name in modules:
            patch.setattr(name, refuse)
        yield


def test_metrics_are_means_since_the_line_before(make_run):
    run = make_run(MetricsLog(silent))
    run.begin()
    run.go(1, 2, 3, 4, 5)
    assert metrics(run) == [(2, 1.5), (4, 3.5)]
    run.save()  # the fifth step is not to be lost
    run.save()
    run.go(6)
    run.go(1 / 3)
    run.end()
    assert metrics(run) == [(2, 1.5), (4, 3.5), (5, 5), (6, 6), (7, 0.333333)]
    first = (run.folder / "metrics.jsonl").read_text().splitlines()[0]
    assert first == '{"step": 2, "generator": 1.5, "total": 15.0}'


def test_a_loss_that_some_steps_lack_is_averaged_over_the_others(make_run):
    log = MetricsLog(silent)
    run = make_run(log)
    run.begin()
    run.go(1)
    log.on_step(2, {"generator": 3, "cycle": 7})
    assert read_last(run) == {"step": 2, "generator": 2, "total": 10, "cycle": 7}


def read_last(run):
    return json.loads((run.folder / "metrics.jsonl").read_text().splitlines()[-1])


@pytest.mark.parametrize("anew", [True, False], ids=["resumed", "fallen back"])
def test_metrics_have_no_doubles_when_steps_come_again(make_run, anew):
    run = make_run(MetricsLog(silent))
    run.begin()
    run.go(1, 1, 1)
    run.save()
    run.go(1, 1, 1, 1)
    if anew:
        run.callbacks = (MetricsLog(silent),)
    run.begin(3)
    assert metrics(run) == [(2, 1), (3, 1)]
    run.go(2, 4, 6)
    assert metrics(run) == [(2, 1), (3, 1), (4, 2), (6, 5)]
    assert [each.name for each in run.folder.iterdir()] == ["metrics.jsonl"]
    run.begin(0)
    assert metrics(run) == []


def test_a_line_torn_by_a_crash_goes_when_the_run_goes_on(make_run):
    run = make_run(MetricsLog(silent))
    run.begin()
    run.go(1, 1)
    with (run.folder / "metrics.jsonl").open("a") as file:
        file.write('{"step": 4, "gener')
    run.begin(2)
    run.go(3, 5)
    assert metrics(run) == [(2, 1), (4, 4)]


def test_curves_are_drawn_at_checkpoints_and_at_the_end(make_run):
    run = make_run(MetricsLog(silent), Curves(silent))
    drawn = run.folder / "losses.png"
    run.begin()
    run.save()
    assert not drawn.exists()  # there is nothing to draw yet
    run.go(1, 2)
    run.save()
    first = drawn.read_bytes()
    run.go(3, 1)
    assert drawn.read_bytes() == first
    run.end()
    assert drawn.read_bytes() != first
    assert cv2.imread(str(drawn)).shape[2] == 3


def test_grids_are_written_at_checkpoints_and_shown(make_run):
    shown = []
    run = make_run(Grids(silent, [lambda grid, step: shown.append((grid, step))]))
    run.begin()
    run.go(1)
    run.save()
    run.go(*[1] * 49)
    run.save()
    names = ["samples-000001.png", "samples-000050.png"]
    assert sorted(each.name for each in run.folder.iterdir()) == names
    pictures = [cv2.imread(str(run.folder / name)) for name in names]
    assert pictures[0][5, 5, 0] == round(2.55)
    assert pictures[1][5, 5, 0] == round(127.5)
    assert [step for _, step in shown] == [1, 50]
    np.testing.assert_array_equal(shown[1][0][..., ::-1], pictures[1])


@pytest.fixture
def read_events():
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")

    def read(run):
        return accumulators.EventAccumulator(str(run.folder / "events")).Reload()

    return read


def points(events, tag="losses/generator"):
    return [(point.step, point.value) for point in events.Scalars(tag)]


def test_tensorboard_reads_losses_and_grids(make_run, read_events):
    events = Events(silent)
    run = make_run(Grids(silent, [events.show]), events)
    run.begin()
    run.go(1, 2, 3, 4)
    run.save()
    read = read_events(run)  # while the run goes on
    assert points(read) == [(2, 1.5), (4, 3.5)]
    assert points(read, "losses/total") == [(2, 15), (4, 35)]
    image = read.Images("samples")[0]
    stored = cv2.imdecode(np.frombuffer(image.encoded_image_string, np.uint8), cv2.IMREAD_COLOR)
    assert image.step == 4
    np.testing.assert_array_equal(stored, cv2.imread(str(run.folder / "samples-000004.png")))
    run.go(5)
    run.end()
    assert points(read_events(run)) == [(2, 1.5), (4, 3.5), (5, 5)]


@pytest.mark.parametrize("anew", [True, False], ids=["resumed", "fallen back"])
def test_tensorboard_sees_no_steps_twice(make_run, read_events, anew):
    run = make_run(Events(silent))
    run.begin()
    run.go(1, 1, 1, 1, 1, 1)
    if anew:
        run.end()
        run.callbacks = (Events(silent),)
    run.begin(4)
    run.go(3, 3)
    run.end()
    assert points(read_events(run)) == [(2, 1), (4, 1), (6, 3)]


def test_a_full_disk_is_said_and_the_run_goes_on(make_run, monkeypatch):
    said = []
    run = make_run(MetricsLog(said.append), Curves(said.append), Grids(said.append))
    run.begin()
    run.go(1, 1)
    with full_disk(monkeypatch, "pathlib.Path.open", "pathlib.Path.write_bytes", "os.fsync"):
        run.go(2, 2)
        run.save()
    assert said == [
        f"{run.folder / name}: can't be written (No space left on device); the run goes on without it"
        for name in ("metrics.jsonl", "losses.png", "samples-000004.png")
    ]
    run.go(3, 3)
    run.save()
    assert metrics(run) == [(2, 1), (6, 3)]
    assert {each.name for each in run.folder.iterdir()} == {
        "metrics.jsonl",
        "losses.png",
        "samples-000006.png",
    }
    assert len(said) == 3


def test_any_other_error_rises(make_run):
    run = make_run(Grids(silent))
    run.samples = lambda: [None]  # not a picture
    run.begin()
    with pytest.raises(TypeError):
        run.save()


def test_what_is_not_installed_is_said(make_run, monkeypatch):
    for package in ("tensorboard", "matplotlib"):
        monkeypatch.setitem(sys.modules, package, None)
    said = []
    callbacks = file_callbacks(said.append)
    assert [type(each) for each in callbacks] == [MetricsLog, Grids]
    assert said == [
        "matplotlib is not installed: losses.png is not drawn; pip install matplotlib",
        "tensorboard is not installed: nothing is written for TensorBoard; pip install tensorboard",
    ]


def test_the_usual_callbacks_write_all_that_a_run_has(make_run, read_events, capsys):
    with open_callbacks("auto") as callbacks:
        run = make_run(*callbacks)
        run.begin()
        run.go(1, 2)
        run.save()
        run.end()
    assert {"metrics.jsonl", "losses.png", "samples-000002.png", "events"} == {
        each.name for each in run.folder.iterdir()
    }
    assert read_events(run).Tags()["images"] == ["samples"]
    assert capsys.readouterr().out.startswith("step 2/100  generator 1.500  total 15.000  ")  # no terminal


def test_others_of_a_group_show_nothing():
    with open_callbacks("bar", leads=False) as callbacks:
        assert callbacks == []


def test_lines_tell_pace_and_time_left(make_run):
    told, now = [], [100.0]
    lines = Lines(told.append, clock=lambda: now[0])
    run = make_run(lines, steps=6000)
    run.begin(148)
    now[0] += 1.68
    run.go(0.5, 0.734)
    now[0] += 0.32
    run.go(1)
    lines.on_message("step 151: the loss is no number; back to step 150")
    run.begin(150)
    now[0] += 3
    run.go(1, 2)
    run.go(2)
    now[0] += 1.5
    run.end()
    assert told == [
        "step 150/6000  generator 0.617  total 6.170  0.84 s/step, 1:21:54 left",
        "step 151: the loss is no number; back to step 150",
        "step 152/6000  generator 1.500  total 15.000  1.50 s/step, 2:26:12 left",
        "step 153/6000  generator 2.000  total 20.000  1.50 s/step, 2:26:10 left",
    ]


def test_the_bar_shows_steps_losses_and_what_is_told(make_run):
    bar, screen = Bar(), StringIO()
    bar.shown.console = Console(file=screen, force_terminal=True, width=100)
    run = make_run(bar, log_every=2)
    with bar.shown:
        run.begin(40)
        run.go(9, 1, 2)
        bar.on_message("step 44: the loss [is no number]")
        bar.warn("losses.png: can't be written")
        bar.shown.refresh()
        run.end()
    shown = screen.getvalue()
    assert " 43/100" in shown
    assert "generator 1.500  total 15.000" in shown  # of the last two steps
    assert "step 44: the loss [is no number]\n" in shown
    assert "warning: losses.png: can't be written\n" in shown
