import pytest
from click.testing import CliRunner

torch = pytest.importorskip("torch")

from daynight.cli import main  # noqa: E402
from daynight.evaluation.classify import TrainedClassifier  # noqa: E402
from daynight.plates.photographs import find_photographs, open_spaces, read_picture  # noqa: E402


def reads_as_night(classifier, folder):
    """Whether each picture of a folder reads as night."""
    spaces = open_spaces(print)
    return [classifier(read_picture(each.path, spaces).pixels).night > 0 for each in find_photographs(folder)]


@pytest.fixture(scope="module")
def trained(sides, tmp_path_factory):
    torch.set_num_threads(1)
    file = tmp_path_factory.mktemp("classifier") / "classifier.safetensors"
    command = ["evaluate", "train-classifier", *map(str, sides), "--out", str(file), "--steps", "40"]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    return file


def test_the_command_makes_a_classifier_that_tells_day_from_night(trained, sides):
    classifier = TrainedClassifier(trained)
    assert reads_as_night(classifier, sides[0]) == [False] * 4
    assert reads_as_night(classifier, sides[1]) == [True] * 4


def test_empty_folder(sides, tmp_path):
    done = CliRunner().invoke(
        main, ["evaluate", "train-classifier", str(tmp_path), str(sides[1]), "--out", str(tmp_path / "j")]
    )
    assert done.exit_code == 2
    assert done.output.startswith(f"error: {tmp_path}: holds no images")
    assert not (tmp_path / "j").exists()


def test_a_classifier_is_not_written_over(trained, sides):
    """Reports name it by its digest; and nothing is read before that is told."""
    before = trained.read_bytes()
    done = CliRunner().invoke(main, ["evaluate", "train-classifier", *map(str, sides), "--out", str(trained)])
    assert done.exit_code == 2
    assert done.output == f"error: --out {trained}: already exists; choose another name, or move it away\n"
    assert trained.read_bytes() == before
