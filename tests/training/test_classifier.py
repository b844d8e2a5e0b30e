import cv2
import pytest
from click.testing import CliRunner

torch = pytest.importorskip("torch")

from daynight.errors import UsageError  # noqa: E402
from daynight.training import classifier  # noqa: E402
from daynight.training.data import Photographs  # noqa: E402


@pytest.fixture(scope="module")
def trained(photographs):
    torch.set_num_threads(1)
    day, night = (Photographs(folder, 64, print) for folder in photographs)
    return classifier.train_classifier(day, night, steps=15, seed=1, tell=print)


def test_tells_day_from_night(trained, photographs):
    day, night = photographs
    assert classifier.night_fraction(trained, day) == (0.0, 4)
    assert classifier.night_fraction(trained, night) == (1.0, 4)


def test_empty_folder(trained, tmp_path):
    with pytest.raises(UsageError, match="holds no picture"):
        classifier.night_fraction(trained, tmp_path)


def test_commands(photographs, tmp_path):
    day, night = map(str, photographs)
    run = CliRunner().invoke
    file = tmp_path / "classifier.safetensors"
    made = run(classifier.main, ["train", day, night, "--out", str(file), "--steps", "2"])
    assert made.exit_code == 0, made.output
    scored = run(classifier.main, ["score", str(file), day, night])
    assert scored.output.count("of 4 read as night") == 2
    compared = run(classifier.main, ["compare", day, day])
    assert "4 pairs, gradient correlation 1.000, mean difference 0.000" in compared.output


def test_compare_sees_a_change(photographs, tmp_path):
    for path in photographs[0].iterdir():
        cv2.imwrite(str(tmp_path / path.name), cv2.imread(str(path)) // 2)
    compared = CliRunner().invoke(classifier.main, ["compare", str(photographs[0]), str(tmp_path)])
    assert "mean difference 0.3" in compared.output or "mean difference 0.2" in compared.output


def test_no_classifier(photographs, tmp_path):
    file = tmp_path / "classifier.safetensors"
    file.write_bytes(b"no")
    result = CliRunner().invoke(classifier.main, ["score", str(file), str(photographs[0])])
    assert isinstance(result.exception, UsageError)
    assert "is no classifier" in str(result.exception)
