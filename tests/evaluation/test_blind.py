"""The blind page: pairs in random order, and what a person prefers, counted in a real browser."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result
from pictures import write_image

from daynight.cli import main

CHROMIUM = shutil.which("chromium")
COUNT = 8
DARK, BRIGHT = 40, 200


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folders of results: dark ones and bright ones, and one that has no partner."""
    root = tmp_path_factory.mktemp("blind")
    for folder, level in (("dark", DARK), ("bright", BRIGHT)):
        for number in range(COUNT):
            write_image(root / f"{folder}/<p>_{number}.png", np.full((24, 32, 3), level, np.uint8))
    write_image(root / "dark/alone.png", np.full((24, 32, 3), DARK, np.uint8))
    return root


def made(results: Path, page: Path, *more: str, two: str = "bright") -> Result:
    folders = [str(results / "dark"), str(results / two)]
    return CliRunner().invoke(main, ["evaluate", "blind", *folders, "--out", str(page), *more])


def data_of(page: Path) -> Mapping[str, Any]:
    found = re.search(r"const data = (.*);\n", page.read_text(encoding="utf-8"))
    assert found is not None
    held: Mapping[str, Any] = json.loads(found[1])
    return held


def level(url: str) -> float:
    content = np.frombuffer(base64.b64decode(url.partition("base64,")[2]), np.uint8)
    picture = cv2.imdecode(content, cv2.IMREAD_COLOR)
    assert picture is not None
    return float(picture.mean())


def test_each_pair_is_there_and_says_whose_side_is_whose(results: Path, tmp_path: Path) -> None:
    done = made(results, tmp_path / "page.html")
    assert (done.exit_code, done.output) == (0, f"{COUNT} pairs → {tmp_path / 'page.html'}\n")
    data = data_of(tmp_path / "page.html")
    assert data["names"] == [str(results / "dark"), str(results / "bright")]
    assert sorted(pair["name"] for pair in data["pairs"]) == [f"<p>_{number}.png" for number in range(COUNT)]
    for pair in data["pairs"]:
        sides = [level(url) for url in pair["sides"]]
        assert sides == pytest.approx([BRIGHT, DARK] if pair["swapped"] else [DARK, BRIGHT], abs=3)
    assert 0 < sum(pair["swapped"] for pair in data["pairs"]) < COUNT


def test_a_seed_gives_one_order_and_a_limit_fewer_pairs(results: Path, tmp_path: Path) -> None:
    orders = []
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        made(results, tmp_path / f"{name}.html", "--seed", seed)
        orders.append(
            [(pair["name"], pair["swapped"]) for pair in data_of(tmp_path / f"{name}.html")["pairs"]]
        )
    assert orders[0] == orders[1] != orders[2]
    made(results, tmp_path / "few.html", "--limit", "3")
    assert len(data_of(tmp_path / "few.html")["pairs"]) == 3


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_a_person_s_preferences_are_counted(results: Path, tmp_path: Path) -> None:
    """Prefers the dark one by clicks and keys, but for the last pair, of which neither."""
    page = tmp_path / "page.html"
    made(results, page)
    person = """<script>
    for (const { swapped } of data.pairs.slice(0, -1))
      if (swapped) dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" })); else left.click();
    neither.click(); neither.click();
    document.body.append(JSON.stringify(answers.map(({ better }) => better)));
    </script>"""
    page.write_text(page.read_text(encoding="utf-8").replace("</html>", person), encoding="utf-8")
    profile = tmp_path / "profile"
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    shown = subprocess.run(
        [str(CHROMIUM), *flags, f"--user-data-dir={profile}", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout
    body = re.sub(r"<script>.*?</script>", "", shown, flags=re.DOTALL)
    dark = str(results / "dark")
    assert f"<td>{dark}</td><td>7 of 7</td><td>65 to 100 %</td>" in body
    assert f"<td>{results / 'bright'}</td><td>0 of 7</td><td>0 to 35 %</td>" in body
    assert "1 without preference" in body
    assert json.dumps([dark] * 7 + [None], separators=(",", ":")) in body


@pytest.mark.parametrize(
    ("page", "two", "says"),
    [
        ("page.txt", "bright", "is not the name of a page"),
        ("file/page.html", "bright", "can't be written"),
        ("page.html", "none", "none"),
    ],
)
def test_wrong_input_is_refused_in_a_line(
    results: Path, tmp_path: Path, page: str, two: str, says: str
) -> None:
    (tmp_path / "file").touch()
    done = made(results, tmp_path / page, two=two)
    assert done.exit_code == 2
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / page).exists()
