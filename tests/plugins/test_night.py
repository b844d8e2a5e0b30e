"""The night looks by the bundled models: groups in files, chunks, exposure, masks, odd plates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pictures import EXAMPLES, as_uint8, converted, read_image, run_convert, specs_of, write_image

import daynight
from daynight.colour.encoding import decode_display
from daynight.errors import DaynightError, UsageError
from daynight.plates import read_frame

CITY = EXAMPLES / "shots/city"
LOOKS = ("night", "moonlight", "blue-hour", "day-for-night")
GROUPS = ("night.ambient", "night.practicals", "night.emission")


def city(scale: float = 0.5) -> NDArray[np.float32]:
    """A street of tall buildings with little sky, scene-linear."""
    return example(CITY / "city.1001.jpg", scale)


def lake() -> NDArray[np.float32]:
    """Mountains over a lake; the upper fifth is sky."""
    return example(EXAMPLES / "shots/lake/lake.1001.jpg", 0.5)


def example(path: Path, scale: float) -> NDArray[np.float32]:
    small = cv2.resize(read_frame(path).image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return decode_display(np.ascontiguousarray(small))


def layers(path: Path) -> dict[str, NDArray[np.float32]]:
    """The picture ``""``, the groups and the mattes of an OpenEXR file."""
    (spec,) = specs_of(path)
    planes = dict(zip(spec.channelnames, np.moveaxis(read_image(path).astype(np.float32), 2, 0), strict=True))
    found = {"": np.stack([planes[letter] for letter in "RGB"], axis=2)}
    for name in (*GROUPS, "plate"):
        if f"{name}.R" in planes:
            found[name] = np.stack([planes[f"{name}.{letter}"] for letter in "RGB"], axis=2)
    return {**found, "night.sky": planes["night.sky.Y"]}


@pytest.fixture(scope="module")
def plate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_image(tmp_path_factory.mktemp("plate") / "a.exr", city().astype(np.float16))


@pytest.mark.parametrize("options", [{}, {"strength": 0.5}, {"protect_lights": True}, {"mask": "building"}])
@pytest.mark.parametrize("depth", ["half", "float"])
def test_groups_add_up_to_the_picture(
    plate: Path, tmp_path: Path, depth: str, options: dict[str, Any]
) -> None:
    found = layers(converted(plate, "night", aovs=True, depth=depth, out=tmp_path, **options))
    total = sum(found[name].astype(np.float64) for name in (*GROUPS, "plate") if name in found)
    step = np.spacing(np.abs(found[""]).astype(np.float16 if depth == "half" else np.float32)).astype(float)
    steps = 0.5 if depth == "half" else 2  # float32 sums round too
    assert (np.abs(total - found[""]) <= steps * step + 1e-9).all()
    assert found["night.emission"].max() > 0.2, "a city has lamps"
    assert 0.01 < found["night.sky"].mean() < 0.5


def test_groups_add_up_under_alpha_and_in_another_space(tmp_path: Path) -> None:
    light = city()
    alpha = np.linspace(0.2, 1, light.shape[1], dtype=np.float32)[None, :, None] * np.ones_like(
        light[..., :1]
    )
    source = write_image(
        tmp_path / "a.exr", np.concatenate([light * alpha, alpha], axis=2), "RGBA", oiio__ColorSpace="ACEScg"
    )
    found = layers(
        converted(source, "night", aovs=True, out=tmp_path / "out", ocio="ocio://studio-config-latest")
    )
    total = sum(found[name] for name in GROUPS)
    np.testing.assert_allclose(total, found[""], atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("stops", [-2, 2])
def test_a_plate_at_another_exposure_gives_the_same_night(plate: Path, tmp_path: Path, stops: int) -> None:
    other = write_image(tmp_path / "a.exr", (city() * 2.0**stops).astype(np.float32))
    one, two = (
        layers(converted(each, "night", aovs=True, depth="float", out=tmp_path / name))
        for each, name in ((plate, "0"), (other, "1"))
    )
    for name in GROUPS:
        far = np.log2((two[name].mean() + 1e-5) / (one[name].mean() + 1e-5))
        assert abs(far) < 0.25, name


def test_a_single_frame_leaves_nothing_beside_its_result(plate: Path, tmp_path: Path) -> None:
    converted(plate, "night", out=tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.exr"]


def test_any_chunk_gives_the_same_pixels(tmp_path: Path) -> None:
    shot = tmp_path / "sh"
    for number in range(1001, 1009):
        write_image(
            shot / f"sh.{number}.png", as_uint8(read_frame(CITY / f"city.{number}.jpg").image[::4, ::4])
        )
    run_convert(shot, "night", out=tmp_path / "whole")
    run_convert(shot, "night", out=tmp_path / "chunks", frames="1005-1006")
    for number in (1005, 1006):
        whole, chunk = (read_image(tmp_path / name / f"sh.{number}.png") for name in ("whole", "chunks"))
        np.testing.assert_array_equal(whole, chunk)


def test_a_locked_off_shot_holds_still_where_nobody_passes(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    background = read_frame(CITY / "city.1001.jpg").image[::2, ::2]
    thing = background[60:160, 300:380].copy()
    for number in range(12):
        plate = background.copy()
        left = 20 + 45 * number
        plate[240:340, left : left + 80] = thing
        plate += random.normal(0, 0.006, plate.shape).astype(np.float32)
        write_image(tmp_path / f"sh/sh.{1001 + number}.png", as_uint8(np.clip(plate, 0, 1)))
    run_convert(tmp_path / "sh", "night", out=tmp_path / "out", ext="exr")
    far = slice(0, 150)
    light = np.array(
        [
            cv2.resize(
                read_image(path)[far].mean(axis=2).astype(np.float32), (20, 5), interpolation=cv2.INTER_AREA
            )
            for path in sorted((tmp_path / "out").glob("*.exr"))
        ]
    )
    swing = (light.max(axis=0) - light.min(axis=0)) / light.mean(axis=0)
    assert np.median(swing) < 0.015


def test_a_shot_s_exposure_is_one_for_all_frames_unless_asked(tmp_path: Path) -> None:
    for number, gain in enumerate((1.0, 0.8, 0.6, 0.4)):
        write_image(tmp_path / f"sh/sh.{number}.exr", (city(0.25) * gain).astype(np.float32))

    def means(**options: Any) -> NDArray[np.float64]:
        out = tmp_path / str(len(options))
        run_convert(tmp_path / "sh", "moonlight", out=out, **options)
        return np.array([read_image(path)[-40:].mean() for path in sorted(out.glob("*.exr"))])

    drifting, even = means(), means(settings=["scene.per_frame=true"])
    assert drifting[3] / drifting[0] == pytest.approx(0.4, rel=0.25)
    assert even[3] / even[0] == pytest.approx(1.0, rel=0.1)


@pytest.fixture(scope="module")
def eyes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two frames of each eye of a rig: the right one sees the city a little aside, and 0.3 stops darker."""
    root = tmp_path_factory.mktemp("eyes")
    for eye, gain, left in (("left", 1.0, 0), ("right", 2**-0.3, 4)):
        for number in (1001, 1002):
            write_image(root / eye / f"{eye}.{number}.exr", city(0.25)[:, left : left - 8] * np.float32(gain))
        run_convert(root / eye, "night", out=root / f"{eye} alone", aovs=True)
    return root


def ground_level(folder: Path) -> float:
    """Stops of the mean of ambient light on the ground, which the sky's own level does not touch."""
    (path,) = folder.glob("*.1001.exr")
    return float(np.log2(layers(path)["night.ambient"][-60:].mean()))


def test_both_eyes_take_one_light(eyes: Path, tmp_path: Path) -> None:
    left, alone = ground_level(eyes / "left alone"), ground_level(eyes / "right alone")
    assert alone == pytest.approx(left, abs=0.1), "each eye is exposed for itself"
    (facts,) = (eyes / "left alone").glob("*.facts.json")
    run_convert(eyes / "right", "night", out=tmp_path / "right", aovs=True, light_of=facts)
    assert ground_level(tmp_path / "right") == pytest.approx(left - 0.3, abs=0.15), "the rig's own stays"


@pytest.mark.parametrize(("mean", "lit"), [(-20.0, True), (20.0, False)])
def test_what_counts_as_a_lamp_is_taken_over(eyes: Path, tmp_path: Path, mean: float, lit: bool) -> None:
    facts = tmp_path / "x.facts.json"
    facts.write_text(json.dumps({"names": {"4": "lights"}, "steps": {"4": {"mean": mean, "deviation": 1.0}}}))
    run_convert(eyes / "right", "night", out=tmp_path / "out", aovs=True, light_of=facts)
    (path,) = (tmp_path / "out").glob("*.1001.exr")
    built = layers(path)["night.emission"][20:-20]
    assert bool((built > 0.1).mean() > 0.02) == lit
    assert lit or built.max() < 0.01


def test_another_look_takes_what_it_knows_of_the_light(eyes: Path, tmp_path: Path) -> None:
    (facts,) = (eyes / "left alone").glob("*.facts.json")
    run_convert(eyes / "right", "moonlight", out=tmp_path / "own", aovs=True)
    run_convert(eyes / "right", "moonlight", out=tmp_path / "lent", aovs=True, light_of=facts)
    assert ground_level(tmp_path / "lent") == pytest.approx(ground_level(tmp_path / "own") - 0.3, abs=0.1)


@pytest.mark.parametrize(
    ("content", "look", "says"),
    [
        (None, "night", "can't be read"),
        ("[]", "night", "holds no facts of a shot"),
        (
            '{"names": {"0": "scene"}, "steps": {"0": {"exposure": "../x"}}}',
            "night",
            "holds no facts of a shot",
        ),
        ('{"names": {"0": "scene"}, "steps": {"0": {"exposure": 1.0}}}', "grade", "nothing that look grade"),
    ],
)
def test_light_that_can_t_be_taken_is_refused(
    eyes: Path, tmp_path: Path, content: str | None, look: str, says: str
) -> None:
    facts = tmp_path / "x.facts.json"
    if content is not None:
        facts.write_text(content)
    with pytest.raises(UsageError, match=says):
        run_convert(eyes / "right", look, out=tmp_path / "out", light_of=facts)
    assert not (tmp_path / "out").exists()


def test_dusk_can_fall_in_a_shot(tmp_path: Path) -> None:
    for number in (1001, 1002, 1003):
        write_image(tmp_path / f"sh/sh.{number}.exr", lake()[::2, ::2].astype(np.float32))
    settings = ["night.ambient=1001:0 1003:-4", "night.sky_level=1001:-4 1003:-8"]
    run_convert(tmp_path / "sh", "moonlight", out=tmp_path / "out", settings=settings)
    ground, sky = (
        [float(read_image(path)[rows].mean()) for path in sorted((tmp_path / "out").glob("*.exr"))]
        for rows in (slice(-40, None), slice(0, 8))
    )
    for levels in (ground, sky):
        np.testing.assert_allclose(np.diff(np.log2(levels)), -2, atol=0.1)


def test_a_signal_keeps_its_hue_and_level_and_a_white_line_does_not_glow(tmp_path: Path) -> None:
    light = city()
    height, width = light.shape[:2]
    centre = (width // 2, int(0.8 * height))
    cv2.circle(light, centre, 14, (0.02, 0.02, 0.02), -1)
    cv2.circle(light, centre, 6, (1.0, 0.05, 0.02), -1)
    source = write_image(tmp_path / "a.exr", light.astype(np.float32))
    kept = read_image(converted(source, "night", protect_lights=True, out=tmp_path / "1"))
    gone = read_image(converted(source, "night", out=tmp_path / "2"))
    at = (slice(centre[1] - 2, centre[1] + 3), slice(centre[0] - 2, centre[0] + 3))
    np.testing.assert_allclose(kept[at], light[at], rtol=0.1, atol=0.02)
    ground = (slice(int(0.9 * height), None), slice(0, width // 4))
    np.testing.assert_allclose(kept[ground], gone[ground], rtol=0.05, atol=1e-3)


def test_a_matte_of_the_scene_is_a_mask(tmp_path: Path) -> None:
    source = write_image(tmp_path / "a.exr", lake().astype(np.float16))
    result = read_image(converted(source, "grade", mask="sky", out=tmp_path / "sky"))
    before = read_image(source)
    assert (result[:15] < 0.5 * before[:15]).mean() > 0.9
    np.testing.assert_allclose(result[-30:], before[-30:], rtol=0.02, atol=1e-3)


def test_a_mask_s_file_comes_before_a_matte_of_its_name(
    plate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    height, width = city().shape[:2]
    (tmp_path / "sky").mkdir()
    write_image(tmp_path / "sky/a.exr", np.zeros((height, width, 1), np.float32), "Y")
    result = read_image(converted(plate, "grade", mask="sky", out=tmp_path / "out"))
    np.testing.assert_array_equal(result, read_image(plate))


ODD = {
    "black": np.zeros((64, 96, 3), np.float32),
    "white": np.ones((64, 96, 3), np.float32),
    "64x64": np.random.default_rng(0).random((64, 64, 3)).astype(np.float32),
    "portrait": np.random.default_rng(1).random((200, 60, 3)).astype(np.float32),
    "a strip": np.random.default_rng(2).random((3, 300, 3)).astype(np.float32),
    "one pixel": np.full((1, 1, 3), 0.3, np.float32),
    "very bright": np.full((40, 60, 3), 5000, np.float32),
    "negative": np.full((40, 60, 3), -0.5, np.float32),
}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", ODD)
def test_odd_plates_give_finite_dark_pictures(name: str, look: str) -> None:
    with daynight.open_look(look, device="cpu") as opened:
        result = opened(ODD[name])
    assert result.shape == ODD[name].shape
    assert np.isfinite(result).all()
    assert np.median(result) < 0.3


@pytest.mark.parametrize("look", LOOKS)
def test_every_look_darkens_the_sky_and_the_ground(look: str) -> None:
    plate = lake()
    with daynight.open_look(look, device="cpu") as opened:
        result = opened(plate)
    assert np.log2(result[:15].mean() / plate[:15].mean()) < -2
    assert np.log2(np.median(result[-60:]) / np.median(plate[-60:])) < -1.2


def test_a_sky_plate_takes_the_sky_s_place(tmp_path: Path) -> None:
    plate = write_image(tmp_path / "a.exr", lake().astype(np.float16))
    stars = write_image(tmp_path / "stars.png", np.full((32, 64, 3), 128, np.uint8))
    result = read_image(converted(plate, "moonlight", settings=[f"night.sky={stars}"], out=tmp_path / "out"))
    level = decode_display(np.full((1, 1, 3), 128 / 255, np.float32))[0, 0, 0]
    np.testing.assert_allclose(np.median(result[:15]), level, rtol=0.05)


@pytest.mark.parametrize("gain", [1.0, 0.25])
def test_a_still_gives_sky_and_ground_their_levels_and_colours(tmp_path: Path, gain: float) -> None:
    tint = np.array([0.6, 0.9, 1.9], np.float32)
    still = lake() * tint * np.float32(2.0**-5 * gain)
    reference = write_image(tmp_path / "still.exr", still.astype(np.float32))
    plate = write_image(tmp_path / "a.exr", lake().astype(np.float32))
    settings = [f"night.reference={reference}", "night.sky_gradient=0", "night.clouds=0"]
    result = read_image(converted(plate, "moonlight", settings=settings, out=tmp_path / "out"))
    sky, wanted = (np.median(each[:15].reshape(-1, 3), axis=0) for each in (result, still))
    np.testing.assert_allclose(np.log2(sky / wanted), 0, atol=0.5)
    ground, wanted = (np.median(each[-60:].reshape(-1, 3), axis=0) for each in (result, still))
    assert abs(np.log2(ground.mean() / wanted.mean())) < 1
    assert ground[2] > ground[0]


@pytest.mark.parametrize(
    ("chain", "says"),
    [
        ('[[step]]\nuse = "night"\n', "put step scene ahead of night"),
        ('[[step]]\nuse = "steady"\n', "put step scene ahead of steady"),
        ('[[step]]\nuse = "mask"\n', "put step scene ahead of mask"),
        ('[model]\nfile = "night"\n[[step]]\nuse = "lights"\n', "put step scene ahead of lights"),
    ],
)
def test_a_step_without_a_survey_says_what_it_lacks(
    plate: Path, tmp_path: Path, chain: str, says: str
) -> None:
    (tmp_path / "c.toml").write_text(chain)
    summary, _ = run_convert(plate, None, chain=tmp_path / "c.toml", out=tmp_path / "out")
    assert says in str(summary.faults[0])


def test_a_sky_that_can_t_be_read_is_named(plate: Path, tmp_path: Path) -> None:
    with pytest.raises(DaynightError, match=r"night.sky .*no.exr"):
        run_convert(plate, "moonlight", settings=[f"night.sky={tmp_path / 'no.exr'}"], out=tmp_path / "out")
