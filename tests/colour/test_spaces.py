"""Colour spaces: published values, which space a plate is in, and what a result says of its own."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from pictures import converted, part, picture, read_image, run_convert, specs_of, write_image, write_parts

from daynight.colour.names import LINEAR, SRGB
from daynight.colour.ocio import BUILT_IN, STUDIO
from daynight.colour.spaces import ColourSpaces
from daynight.errors import UsageError
from daynight.frames.frame import Frame
from daynight.plates import read_frame

Array = NDArray[np.float64]
Curve = Callable[[Array], Array]

STOP_DOWN = ("grade.exposure=-1", "grade.saturation=1", "grade.tint=[1, 1, 1]")
"""Settings of grade that leave one stop less light, and nothing else."""
GREY = ("grade.exposure=0", "grade.saturation=0", "grade.tint=[1, 1, 1]")
"""Settings of grade that leave Rec. 709 luminance, and nothing else."""
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


@pytest.fixture(autouse=True)
def _no_config_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OCIO", raising=False)


@pytest.fixture(scope="module")
def studio() -> ColourSpaces:
    return ColourSpaces(STUDIO)


# --- Published curves: signal of scene-linear light, each written down from its own publication. ---


def logc3(light: Array) -> Array:
    """ARRI, "ALEXA Log C Curve - Usage in VFX" (2017), exposure index 800: 18 % grey is 0.391007."""
    above = 0.247190 * np.log10(np.maximum(5.555556 * light + 0.052272, 1e-9)) + 0.385537
    return np.where(light > 0.010591, above, 5.367655 * light + 0.092809)


def logc4(light: Array) -> Array:
    """ARRI, "LogC4 Logarithmic Color Space, Specification" (2022): 18 % grey is 0.2784."""
    a, b, c = (2**18 - 16) / 117.45, (1023 - 95) / 1023, 95 / 1023
    s = (7 * np.log(2) * 2 ** (7 - 14 * c / b)) / (a * b)
    t = (2 ** (14 * (-c / b) + 6) - 64) / a
    above = (np.log2(np.maximum(a * light + 64, 1e-9)) - 6) / 14 * b + c
    return np.where(light >= t, above, (light - t) / s)


def acescct(light: Array) -> Array:
    """S-2016-001, "ACEScct: A Quasi-Logarithmic Encoding of ACES Data": 18 % grey is 0.4135884."""
    above = (np.log2(np.maximum(light, 1e-9)) + 9.72) / 17.52
    return np.where(light > 0.0078125, above, 10.5402377416545 * light + 0.0729055341958355)


def kodak(light: Array) -> Array:
    """Kodak's Cineon: 0.002 density a code, gamma 0.6, white at code 685, black at code 95."""
    black = 10 ** ((95 - 685) * 0.002 / 0.6)
    return (np.log10(light * (1 - black) + black) * 0.6 / 0.002 + 685) / 1023


def srgb(light: Array) -> Array:
    """IEC 61966-2-1."""
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.abs(light) ** (1 / 2.4) - 0.055)


# Name, curve, published signal of 18 % grey.
CURVES: dict[str, tuple[str, Curve, float]] = {
    "LogC3": ("ARRI LogC3 (EI800)", logc3, 0.391007),
    "LogC4": ("ARRI LogC4", logc4, 0.2784),
    "ACEScct": ("ACEScct", acescct, 0.4135884),
    "Cineon": ("KodakLog", kodak, 467.84 / 1023),  # by the formula; labs say LAD 445 to 470
    "sRGB of floats": (SRGB, srgb, 0.461356),
}

# Rows of the 3x3 matrix to linear Rec. 709 (D65), Bradford-adapted where the white differs.
MATRICES: dict[str, tuple[str, list[list[float]], float]] = {
    # S-2014-004 primaries and white; the matrix as in OpenColorIO's and Bruneton's published tables
    "ACEScg": (
        "ACEScg",
        [[1.70505, -0.62179, -0.08326], [-0.13026, 1.14080, -0.01055], [-0.02400, -0.12897, 1.15297]],
        1e-5,
    ),
    # SMPTE ST 2065-1 primaries and white
    "ACES2065-1": (
        "ACES2065-1",
        [[2.52169, -1.13413, -0.38756], [-0.27648, 1.37272, -0.09624], [-0.01538, -0.15298, 1.16835]],
        1e-5,
    ),
    # ITU-R BT.2087, linear BT.2020 to BT.709
    "Rec.2020": (
        "Linear Rec.2020",
        [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]],
        1e-4,
    ),
    # ARRI, "ALEXA Log C Curve - Usage in VFX", ALEXA Wide Gamut RGB to ITU-R BT.709; OCIO goes by way of
    # ACES with ARRI's own adaptation (CAT02) there and Bradford's back: half a percent apart
    "ALEXA Wide Gamut": (
        "Linear ARRI Wide Gamut 3",
        [
            [1.617523, -0.537287, -0.080237],
            [-0.070573, 1.334613, -0.264040],
            [-0.021102, -0.226954, 1.248056],
        ],
        6e-3,
    ),
}


def in_space(values: object, space: str) -> Frame:
    """Values of a float file in a colour space of its own."""
    pixels = np.asarray(values, np.float32).reshape(1, 1, -1, 3)
    return Frame(pixels, "file", space=space, high_range=True)


def light_of(spaces: ColourSpaces, values: object, space: str) -> NDArray[np.float32]:
    return spaces.to_working(in_space(values, space)).image[0]


def signal_of(spaces: ColourSpaces, light: object, space: str) -> NDArray[np.float32]:
    frame = Frame(np.asarray(light, np.float32).reshape(1, 1, -1, 3), "scene-linear", high_range=True)
    return spaces.to_file(frame, space, integer=False).image[0]


def greys(values: object) -> NDArray[np.float32]:
    return np.repeat(np.asarray(values, np.float32).reshape(-1, 1), 3, axis=1)


@pytest.mark.parametrize(("space", "curve", "of_grey"), CURVES.values(), ids=CURVES)
def test_a_curve_has_its_published_values(
    studio: ColourSpaces, space: str, curve: Curve, of_grey: float
) -> None:
    assert curve(np.array(0.18)) == pytest.approx(of_grey, abs=2e-5)
    light = np.array([0.18, 0, 0.001, 0.01, 0.5, 1, 8, 40])
    signal, found = curve(light), signal_of(studio, greys(light), space)
    np.testing.assert_allclose(found[0], of_grey, atol=2e-5)
    np.testing.assert_allclose(found, greys(signal), atol=2e-5)
    np.testing.assert_allclose(light_of(studio, greys(signal), space), greys(light), rtol=2e-4, atol=2e-6)


@pytest.mark.parametrize(("space", "rows", "tolerance"), MATRICES.values(), ids=MATRICES)
def test_a_gamut_has_its_published_matrix(
    studio: ColourSpaces, space: str, rows: list[list[float]], tolerance: float
) -> None:
    light = light_of(studio, np.eye(3), space)  # (which primary, 3)
    np.testing.assert_allclose(light.T, rows, atol=tolerance)
    bright = light_of(studio, np.eye(3) * 5000, space)
    np.testing.assert_allclose(bright.T, np.array(rows) * 5000, atol=tolerance * 5000)
    np.testing.assert_allclose(signal_of(studio, light, space), np.eye(3), atol=1e-5)


def test_codes_of_film_scans_are_kodaks(studio: ColourSpaces) -> None:
    black, white = light_of(studio, greys([95 / 1023, 685 / 1023]), "KodakLog")
    np.testing.assert_allclose(black, 0, atol=2e-6)
    np.testing.assert_allclose(white, 1, rtol=1e-5)
    flare = 10 ** (-590 * 0.002 / 0.6)
    (grey,) = light_of(studio, greys([470 / 1023]), "KodakLog")
    np.testing.assert_allclose(grey, (10 ** ((470 - 685) * 0.002 / 0.6) - flare) / (1 - flare), rtol=1e-5)


# --- There and back. ---

# Space, least and largest light, relative error, absolute error near black.
ROUND_TRIPS = {
    "ACEScg": ("ACEScg", -65504, 65504, 2e-6, 1e-6, 200),
    "ACES2065-1": ("ACES2065-1", -65504, 65504, 2e-6, 1e-6, 200),
    "sRGB of floats": (SRGB, -65504, 65504, 1e-5, 1e-7, 200),
    "Cineon": ("KodakLog", -0.005, 65504, 1e-4, 1e-6, 200),
    "ACEScct": ("ACEScct", -0.005, 65504, 1e-4, 1e-6, 3),
    "LogC3": ("ARRI LogC3 (EI800)", -0.01, 65504, 1e-4, 1e-6, 3),
    "LogC4": ("ARRI LogC4", -0.01, 65504, 1e-4, 1e-6, 3),
}


@pytest.mark.parametrize(
    ("space", "least", "most", "relative", "absolute", "examples"), ROUND_TRIPS.values(), ids=ROUND_TRIPS
)
def test_light_comes_back_from_a_space(
    studio: ColourSpaces,
    space: str,
    least: float,
    most: float,
    relative: float,
    absolute: float,
    examples: int,
) -> None:
    """The error is a share of the pixel's brightest channel: a gamut's matrix mixes the three."""
    values = st.floats(np.float32(least).item(), most, width=32, allow_subnormal=False)

    @settings(max_examples=examples, deadline=None, database=None, derandomize=True)
    @given(arrays(np.float32, (8, 3), elements=values))
    def comes_back(light: NDArray[np.float32]) -> None:
        back = light_of(studio, signal_of(studio, light, space), space)
        allowed = np.abs(light).max(axis=1, keepdims=True) * relative + absolute
        assert (np.abs(back - light) <= allowed).all()

    comes_back()
    steps = greys(np.geomspace(1e-6, most, 500))
    back = light_of(studio, signal_of(studio, steps, space), space)
    np.testing.assert_allclose(back, steps, rtol=relative, atol=absolute)


@pytest.mark.parametrize("space", ["KodakLog", "ACEScct", "ARRI LogC3 (EI800)", "ARRI LogC4"])
def test_all_codes_of_10_bits_come_back_and_of_16_bits_within_one(studio: ColourSpaces, space: str) -> None:
    of_10, of_16 = np.arange(1024), np.arange(65536)
    signal = greys(np.concatenate([of_10 / 1023, of_16 / 65535]))
    back = signal_of(studio, light_of(studio, signal, space), space).astype(float)
    np.testing.assert_array_equal(np.rint(back[:1024] * 1023), np.repeat(of_10[:, np.newaxis], 3, axis=1))
    assert np.abs(np.rint(back[1024:] * 65535) - of_16[:, np.newaxis]).max() <= 1


# --- Files. ---


def ramp_10_bits(path: Path, **attributes: object) -> Path:
    """All codes of a 10-bit DPX, each once in grey; OpenImageIO spreads them over 16 bits."""
    codes = np.arange(1024, dtype=np.uint16).reshape(16, 64, 1).repeat(3, axis=2)
    return write_image(path, (codes << 6) | (codes >> 4), oiio__BitsPerSample=10, **attributes)


def codes_of(path: Path) -> NDArray[np.int64]:
    return (read_image(path)[..., 0] >> 6).astype(np.int64).ravel()


def test_a_log_scan_is_graded_in_light_and_stays_log(tmp_path: Path) -> None:
    plate = ramp_10_bits(tmp_path / "a.dpx", dpx__Transfer="Printing density")
    result = converted(plate, "grade", settings=STOP_DOWN)
    (spec,) = specs_of(result)
    assert spec.get_int_attribute("oiio:BitsPerSample") == 10
    codes = np.arange(100, 1024)
    black = 10 ** (-590 * 0.002 / 0.6)
    light = (10 ** ((codes - 685) * 0.002 / 0.6) - black) / (1 - black)
    off = codes_of(result)[100:] - np.rint(kodak(light / 2) * 1023)
    assert np.abs(off).max() <= 1  # a code that falls on half a step may go either way in 32 bits
    assert np.count_nonzero(off) <= 4


def test_a_log_scan_becomes_light_in_an_exr(tmp_path: Path) -> None:
    plate = ramp_10_bits(tmp_path / "a.dpx", dpx__Transfer="Printing density")
    result = converted(plate, ext="exr", depth="float")
    light = read_image(result)[..., 0].ravel()
    assert light[95] == pytest.approx(0, abs=2e-6)
    assert light[685] == pytest.approx(1, rel=5e-5)  # OpenImageIO spreads 10 bits over 16
    assert light[1023] == pytest.approx(13.52, rel=1e-3)  # what a log scan holds above white is there
    assert ColourSpaces().declared(read_frame(result)).space == LINEAR


def test_a_logc4_tiff_by_name_is_graded_in_light(tmp_path: Path) -> None:
    light = np.geomspace(0.01, 400, 64)
    signal = np.rint(logc4(light) * 65535).astype(np.uint16)
    plate = write_image(tmp_path / "a.tif", np.broadcast_to(signal[:, np.newaxis], (4, 64, 3)))
    options = {"ocio": STUDIO, "colorspace": "ARRI LogC4", "settings": STOP_DOWN}
    result = read_image(converted(plate, "grade", **options))
    assert result.dtype == np.uint16
    expected = logc4(light / 2) * 65535
    assert np.abs(result.astype(float) - expected[:, np.newaxis]).max() <= 2


def test_a_plate_in_acescct_is_linear_rec_709_in_a_step(tmp_path: Path) -> None:
    light = np.float32([[0.5, 0.1, 0.02], [0.02, 0.4, 3.0]])  # of ACEScg's primaries
    plate = write_image(tmp_path / "a.exr", acescct(light).astype(np.float32)[np.newaxis])
    result = read_image(converted(plate, "grade", colorspace="ACEScct", settings=GREY))
    rec709 = light @ np.array(MATRICES["ACEScg"][1]).T
    expected = acescct((rec709 @ LUMINANCE)[np.newaxis, :, np.newaxis]).repeat(3, axis=2)
    np.testing.assert_allclose(result, expected, atol=1e-4)


ACESCG_PRIMARIES = (0.713, 0.293, 0.165, 0.83, 0.128, 0.044, 0.32168, 0.33767)
TAGS: dict[str, dict[str, object]] = {
    "its name": {"oiio__ColorSpace": "ACEScg"},
    "an alias": {"oiio__ColorSpace": "lin_ap1"},
    "its interop id": {"colorInteropID": "lin_ap1_scene"},
    "primaries alone": {"chromaticities": ("float[8]", ACESCG_PRIMARIES)},
}


@pytest.mark.parametrize("tag", TAGS.values(), ids=TAGS)
def test_a_plate_tagged_acescg_is_linear_rec_709_in_a_step(tmp_path: Path, tag: dict[str, object]) -> None:
    light = np.float16([[[2.0, 0.25, 0.125], [0.25, 0.5, 8.0], [0.5, 0.5, 0.5]]])
    plate = write_parts(tmp_path / "a.exr", (part(dict.fromkeys("RGB", "half"), size=(3, 1), **tag), light))
    result = converted(plate, "grade", settings=GREY)
    expected = light.astype(float) @ np.array(MATRICES["ACEScg"][1]).T @ LUMINANCE
    np.testing.assert_allclose(read_image(result), expected[..., np.newaxis].repeat(3, 2), rtol=2e-3)
    assert tags_of(result) == tags_of(plate)


def tags_of(path: Path) -> dict[str, object]:
    (spec,) = specs_of(path)
    names = ("oiio:ColorSpace", "colorInteropID", "chromaticities")
    return {name: spec.getattribute(name) for name in names}


def test_a_plate_that_says_nothing_is_light_in_floats_and_srgb_in_integers(tmp_path: Path) -> None:
    half = write_image(tmp_path / "a.exr", np.full((4, 4, 3), 0.5, np.float16))
    assert read_image(converted(half, "grade", settings=STOP_DOWN))[0, 0, 0] == 0.25
    level = write_image(tmp_path / "b.tif", np.full((4, 4, 3), 32768, np.uint16))
    expected = srgb(np.array(0.214041 / 2)) * 65535  # 0.5 shown is 0.214041 of light
    result = read_image(converted(level, "grade", settings=STOP_DOWN))
    assert np.abs(result - expected).max() <= 2


# --- Which space wins. ---

STUDIO_OF_OURS = """ocio_profile_version: 2
roles: {scene_linear: Light, default: Default One}
file_rules:
  - !<Rule> {name: Scans, pattern: "*_scan*", extension: "*", colorspace: Square}
  - !<Rule> {name: Default, colorspace: Default One}
displays:
  Monitor:
    - !<View> {name: Plain, colorspace: Light}
active_displays: []
active_views: []
colorspaces:
  - !<ColorSpace>
    name: Light
    aliases: [lin_rec709]
    encoding: scene-linear
  - !<ColorSpace>
    name: Square
    aliases: [sq]
    to_scene_reference: !<ExponentTransform> {value: [2, 2, 2, 1]}
  - !<ColorSpace>
    name: Cube
    to_scene_reference: !<ExponentTransform> {value: [3, 3, 3, 1]}
  - !<ColorSpace>
    name: Default One
    to_scene_reference: !<ExponentTransform> {value: [5, 5, 5, 1]}
  - !<ColorSpace>
    name: Data
    isdata: true
"""


@pytest.fixture
def studio_config(tmp_path: Path) -> str:
    """A studio's config: values are light, its square root (``Square``) or its cube root (``Cube``)."""
    path = tmp_path / "studio.ocio"
    path.write_text(STUDIO_OF_OURS)
    return str(path)


def exr(path: Path, value: float = 0.5, **tags: object) -> Path:
    spec = part(dict.fromkeys("RGB", "float"), size=(4, 4), **tags)
    return write_parts(path, (spec, np.full((4, 4, 3), value, np.float32)))


def test_what_is_asked_for_wins_over_the_file_and_that_over_the_configs_rules(
    tmp_path: Path, studio_config: str
) -> None:
    """0.5 is one stop darker: as light 0.25, of its square root 0.354, of its cube root 0.397."""
    rec709 = ("float[8]", (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329))
    told = exr(tmp_path / "a_scan.exr", oiio__ColorSpace="lin_rec709_scene", chromaticities=rec709)
    ruled = exr(tmp_path / "b_scan.exr")
    bare = exr(tmp_path / "c.exr")
    light, square, cube = 0.25, 0.5 / 2 ** (1 / 2), 0.5 / 2 ** (1 / 3)
    table = [
        (told, "Cube", cube),
        (told, None, light),
        (ruled, "Cube", cube),
        (ruled, None, square),
        (bare, "Cube", cube),
        (bare, None, light),  # the default rule is not the file's own: Default One would give 0.435
    ]
    for index, (plate, colorspace, expected) in enumerate(table):
        options = {"ocio": studio_config, "colorspace": colorspace, "settings": STOP_DOWN}
        result = converted(plate, "grade", out=tmp_path / str(index), **options)
        np.testing.assert_allclose(read_image(result), expected, rtol=1e-4, err_msg=f"{plate} {colorspace}")
        assert oiio_text(result, "daynight:ocio") == studio_config


def oiio_text(path: Path, name: str) -> str:
    return specs_of(path)[0].get_string_attribute(name)


def test_an_integer_plate_follows_the_file_rules_too(tmp_path: Path, studio_config: str) -> None:
    """A TIFF says nothing of its space; PNG and JPEG always say sRGB."""
    level = np.full((4, 4, 3), 40000, np.uint16)
    plate = write_image(tmp_path / "a_scan.tif", level)
    result = read_image(converted(plate, "grade", ocio=studio_config, settings=STOP_DOWN))
    assert np.abs(result - 40000 / 2**0.5).max() <= 2


def test_the_variable_ocio_names_the_config_and_the_option_wins(
    tmp_path: Path, studio_config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plate = exr(tmp_path / "a.exr")
    options = {"colorspace": "sq", "settings": STOP_DOWN}
    monkeypatch.setenv("OCIO", studio_config)
    result = converted(plate, "grade", **options)
    np.testing.assert_allclose(read_image(result), 0.5 / 2**0.5, rtol=1e-4)
    assert oiio_text(result, "daynight:ocio") == studio_config
    monkeypatch.setenv("OCIO", str(tmp_path / "absent.ocio"))
    result = converted(plate, "grade", ocio=studio_config, out=tmp_path / "second", **options)
    assert oiio_text(result, "daynight:ocio") == studio_config


def test_the_built_in_config_is_recorded_by_its_full_name(tmp_path: Path) -> None:
    result = converted(exr(tmp_path / "a.exr"), "grade")
    assert oiio_text(result, "daynight:ocio") == BUILT_IN
    assert oiio.ColorConfig(BUILT_IN).geterror() == ""


UNKNOWN = {
    "nearly right": ("ACESgc", None, "`colorspace=ACESgc`: is not in ocio://cg-config", "'ACEScg'?"),
    "a camera's": ("ARRI LogC4", None, "`colorspace=ARRI LogC4`", f"it: set `ocio={STUDIO}`"),
    "nothing like it": ("zzz", None, "`colorspace=zzz`", "known: "),
    "of the result": (None, "ACEScgg", "`out_colorspace=ACEScgg`", "did you mean 'ACEScg'?"),
}


@pytest.mark.parametrize(("source", "target", "begins", "ends"), UNKNOWN.values(), ids=UNKNOWN)
def test_an_unknown_space_fails_with_the_nearest_known(
    tmp_path: Path, source: str | None, target: str | None, begins: str, ends: str
) -> None:
    plate = exr(tmp_path / "a.exr")
    with pytest.raises(UsageError) as error:
        run_convert(plate, "grade", colorspace=source, out_colorspace=target)
    assert str(error.value).startswith(begins)
    assert ends in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


BROKEN = {
    "not there": ("absent.ocio", None),
    "no config": ("a.ocio", "ocio_profile_version: 2\nroles: ["),
    "a picture": ("a.ocio", "\x00\x01PNG"),
    "no built-in": ("ocio://absent-config", None),
}


@pytest.mark.parametrize(("name", "content"), BROKEN.values(), ids=BROKEN)
def test_a_config_that_cannot_be_loaded_is_one_line(
    tmp_path: Path, name: str, content: str | None, capfd: pytest.CaptureFixture[str]
) -> None:
    path = name if name.startswith("ocio:") else str(tmp_path / name)
    if content:
        Path(path).write_text(content)
    with pytest.raises(UsageError) as error:
        run_convert(exr(tmp_path / "b.exr"), "grade", ocio=path)
    assert str(error.value).startswith(f"`ocio={path}`: ")
    assert "\n" not in str(error.value)
    assert capfd.readouterr() == ("", "")


VERSION_1 = """ocio_profile_version: 1
search_path: luts
strictparsing: true
roles:
  {roles}
displays:
  default:
    - !<View> {name: Raw, colorspace: raw}
active_displays: []
active_views: []
colorspaces:
  - !<ColorSpace>
    name: house light
    bitdepth: 32f
    isdata: false
    allocation: lg2
  - !<ColorSpace>
    name: root
    bitdepth: 32f
    isdata: false
    to_reference: !<ExponentTransform> {value: [2, 2, 2, 1]}
  - !<ColorSpace>
    name: raw
    isdata: true
"""


def test_a_config_of_version_1_takes_its_scene_linear_for_ours_and_says_so(tmp_path: Path) -> None:
    config = tmp_path / "old.ocio"
    config.write_text(VERSION_1.replace("{roles}", "scene_linear: house light\n  default: raw"))
    plate = exr(tmp_path / "a.exr")
    options = {"ocio": str(config), "colorspace": "root", "settings": STOP_DOWN}
    summary, told = run_convert(plate, "grade", **options)
    assert summary.done == 1
    assert told == [f"{config} has no linear Rec. 709: its role scene_linear is used as such"]
    np.testing.assert_allclose(read_image(tmp_path / "out/a.exr"), 0.5 / 2**0.5, rtol=1e-4)


def test_a_config_without_any_scene_linear_is_one_line_and_no_traceback(tmp_path: Path) -> None:
    config = tmp_path / "old.ocio"
    config.write_text(VERSION_1.replace("{roles}", "default: raw"))
    options = {"ocio": str(config), "colorspace": "root"}
    try:
        summary, _ = run_convert(exr(tmp_path / "a.exr"), "grade", **options)
        faults = [str(event.fault) for event in summary.failed]
    except UsageError as error:
        faults = [str(error)]
    assert len(faults) == 1
    assert "scene_linear" in faults[0]
    assert "Error:" not in faults[0], "an exception's name is no message for an artist"
    assert "\n" not in faults[0]


INTERCHANGE = """ocio_profile_version: 2
roles: {aces_interchange: AP0, scene_linear: House, default: AP0}
file_rules:
  - !<Rule> {name: Default, colorspace: AP0}
displays:
  Monitor:
    - !<View> {name: Plain, colorspace: AP0}
colorspaces:
  - !<ColorSpace>
    name: AP0
    encoding: scene-linear
  - !<ColorSpace>
    name: House
    encoding: scene-linear
    to_scene_reference: !<BuiltinTransform> {style: ACEScg_to_ACES2065-1}
"""


def test_a_config_with_aces_interchange_alone_leads_to_our_light(tmp_path: Path) -> None:
    config = tmp_path / "house.ocio"
    config.write_text(INTERCHANGE)
    spaces = ColourSpaces(str(config))
    light = light_of(spaces, np.eye(3) * 4, "House")
    np.testing.assert_allclose(light.T, np.array(MATRICES["ACEScg"][1]) * 4, atol=1e-4)
    np.testing.assert_allclose(signal_of(spaces, light, "House"), np.eye(3) * 4, atol=1e-5)


def test_untagged_floats_are_in_the_named_configs_scene_linear(tmp_path: Path) -> None:
    config = tmp_path / "house.ocio"
    config.write_text(INTERCHANGE)
    frame = Frame(np.ones((1, 2, 2, 3), np.float32), "scene-linear")
    assert ColourSpaces(str(config)).declared(frame).space == "House"
    assert ColourSpaces().declared(frame).space == LINEAR


def test_a_tag_that_the_config_does_not_know_is_told_and_the_pixel_type_decides(
    tmp_path: Path, studio_config: str
) -> None:
    plate = exr(tmp_path / "a.exr", oiio__ColorSpace="lin_ap1_scene", colorInteropID="lin_ap1_scene")
    summary, told = run_convert(plate, "grade", ocio=studio_config, settings=STOP_DOWN)
    assert summary.done == 1
    assert told == [f"color space 'lin_ap1_scene' is not in {studio_config}: set `colorspace`"]
    np.testing.assert_allclose(read_image(tmp_path / "out/a.exr"), 0.25, rtol=1e-5)


# --- What a result says of its space, and that it is so. ---


def test_a_result_is_in_its_plates_space_and_says_the_same(tmp_path: Path) -> None:
    for index, tag in enumerate(TAGS.values()):
        spec = part(dict.fromkeys("RGB", "half"), size=(64, 48), **tag)
        plate = write_parts(tmp_path / "a.exr", (spec, picture()))
        result = converted(plate, out=tmp_path / str(index))
        np.testing.assert_array_equal(read_image(result), read_image(plate))
        assert tags_of(result) == tags_of(plate)


RESULTS = {
    "ACEScg": ("ACEScg", "exr", "lin_ap1_scene"),
    "ACES2065-1": ("ACES2065-1", "exr", "lin_ap0_scene"),
    "an alias": ("lin_rec2020", "exr", "lin_rec2020_scene"),
    "gamma 2.4": ("Gamma 2.4 Encoded Rec.709", "exr", "g24_rec709_scene"),
    "sRGB in floats": ("sRGB", "exr", SRGB),
    "sRGB in integers": ("sRGB", "png", SRGB),
    "log in DPX": ("KodakLog", "dpx", "KodakLog"),
    "light in DPX": ("lin_rec709", "dpx", LINEAR),
}


@pytest.mark.parametrize(("space", "ext", "told"), RESULTS.values(), ids=RESULTS)
def test_a_result_of_another_space_tells_it_and_is_read_back_so(
    tmp_path: Path, space: str, ext: str, told: str
) -> None:
    """A result that is taken for another space than it is in would be shown and graded wrongly."""
    light = picture() * np.float32(0.9)
    plate = write_image(tmp_path / "a.exr", light)
    options = {"depth": "float"} if ext == "exr" else {"depth": "16"}
    result = converted(plate, ext=ext, out_colorspace=space, **options)
    assert oiio_text(result, "oiio:ColorSpace") == told
    warned: list[str] = []
    spaces = ColourSpaces(warn=warned.append)
    back = spaces.to_working(spaces.declared(read_frame(result)))
    assert warned == []
    if back.encoding == "display":
        np.testing.assert_allclose(back.image, srgb(light), atol=1 / 65535)
    else:
        np.testing.assert_allclose(back.image, light, rtol=1e-3, atol=2e-4)


def test_primaries_of_a_result_are_its_own(tmp_path: Path) -> None:
    plate = write_image(tmp_path / "a.exr", picture())
    for space, primaries in (
        ("ACEScg", ACESCG_PRIMARIES),
        ("ACES2065-1", (0.7347, 0.2653, 0, 1, 0.0001, -0.077, 0.32168, 0.33767)),
    ):
        result = converted(plate, out=tmp_path / space, out_colorspace=space)
        np.testing.assert_allclose(tags_of(result)["chromaticities"], primaries, atol=1e-6)
    back = converted(result, out=tmp_path / "back", out_colorspace="lin_rec709")
    rec709 = (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329)
    assert tags_of(back)["chromaticities"] in (None, pytest.approx(rec709))
    run_convert(result, out=tmp_path / "log", out_colorspace="ACEScct")
    assert tags_of(tmp_path / "log/a.exr") == dict.fromkeys(tags_of(result)), "nothing wrong is said of it"


def test_light_in_a_png_is_srgb(tmp_path: Path) -> None:
    light = np.geomspace(1e-4, 1, 64)
    plate = write_image(tmp_path / "a.exr", np.broadcast_to(light[:, None], (4, 64, 3)).astype(np.float32))
    result = converted(plate, ext="png")
    assert oiio_text(result, "oiio:ColorSpace") == SRGB
    assert np.abs(read_image(result)[..., 0] - srgb(light) * 65535).max() <= 1


def test_acescg_in_a_png_is_srgb_of_rec_709(tmp_path: Path) -> None:
    light = np.float32([[[0.5, 0.45, 0.4], [0.2, 0.21, 0.25]]])
    spec = part(dict.fromkeys("RGB", "float"), size=(2, 1), colorInteropID="lin_ap1_scene")
    result = converted(write_parts(tmp_path / "a.exr", (spec, light)), ext="png")
    expected = srgb(light.astype(float) @ np.array(MATRICES["ACEScg"][1]).T) * 65535
    assert np.abs(read_image(result) - expected).max() <= 2


def test_a_linear_plate_becomes_a_log_scan_when_asked(tmp_path: Path) -> None:
    light = np.geomspace(0.01, 13, 64)
    plate = write_image(tmp_path / "a.exr", np.broadcast_to(light[:, None], (4, 64, 3)).astype(np.float32))
    result = converted(plate, ext="dpx", depth="10", out_colorspace="KodakLog")
    codes = (read_image(result)[0, :, 0] >> 6).astype(int)
    np.testing.assert_array_equal(codes, np.rint(kodak(light) * 1023))


UNTOLD: dict[str, tuple[str, dict[str, object], dict[str, str], str]] = {
    "ACEScg asked for in DPX": ("exr", {}, {"ext": "dpx", "out_colorspace": "ACEScg"}, "ACEScg"),
    "ACEScct asked for in EXR": ("exr", {}, {"out_colorspace": "ACEScct"}, "ACEScct"),
    "log asked for in EXR": ("exr", {}, {"out_colorspace": "KodakLog"}, "KodakLog"),
    "log asked for in PNG": ("exr", {}, {"ext": "png", "out_colorspace": "KodakLog"}, "KodakLog"),
}


@pytest.mark.parametrize(("ext", "tags", "options", "space"), UNTOLD.values(), ids=UNTOLD)
def test_a_space_that_a_format_cannot_tell_is_warned_of_and_a_fault_with_strict(
    tmp_path: Path, ext: str, tags: dict[str, object], options: dict[str, str], space: str
) -> None:
    values = picture() * np.float32(0.6) + np.float32(0.05)
    if ext == "dpx":
        plate = write_image(tmp_path / "a.dpx", np.rint(values * 65535).astype(np.uint16), **tags)
    else:
        plate = write_parts(tmp_path / "a.exr", (part(dict.fromkeys("RGB", "float"), **tags), values))
    _, told = run_convert(plate, **options)
    target = options.get("ext", ext)
    assert told == [f"a.{ext}: {target} holds no name of the color space {space}"]
    summary, _ = run_convert(plate, **options, strict=True, out=tmp_path / "strict")
    assert f"no name of the color space {space}" in str(summary.failed[0].fault)
    assert not list(tmp_path.glob("strict/*"))


def test_a_space_by_another_name_is_the_same_space(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).random((16, 16, 4)).astype(np.float32)
    plate = write_image(tmp_path / "a.exr", pixels, "RGBA")
    for index, name in enumerate(("lin_rec709", "Linear Rec.709 (sRGB)", LINEAR, "linear", "LIN_SRGB")):
        result = converted(plate, out=tmp_path / str(index), out_colorspace=name)
        np.testing.assert_array_equal(read_image(result), pixels, err_msg=name)


@pytest.mark.parametrize("ext", ["png", "tif"])
def test_a_log_scan_becomes_srgb_where_no_file_can_say_that_it_is_log(tmp_path: Path, ext: str) -> None:
    light = np.geomspace(0.01, 0.9, 64)
    codes = np.rint(kodak(light) * 65535).astype(np.uint16)
    pixels = np.broadcast_to(codes[:, None], (4, 64, 3))
    plate = write_image(tmp_path / "a.dpx", pixels, dpx__Transfer="Printing density")
    _, told = run_convert(plate, ext=ext)
    assert told == []
    result = read_image(tmp_path / f"out/a.{ext}")[0, :, 0] / 65535
    np.testing.assert_allclose(result, srgb(light), atol=1e-3)


@pytest.mark.parametrize("ext", ["hdr", "tif"])
def test_acescg_becomes_rec_709_where_no_file_can_say_that_it_is_acescg(tmp_path: Path, ext: str) -> None:
    light = np.float32([[[0.5, 0.45, 0.4], [0.2, 0.21, 0.25]]])
    spec = part(dict.fromkeys("RGB", "float"), size=(2, 1), colorInteropID="lin_ap1_scene")
    plate = write_parts(tmp_path / "a.exr", (spec, light))
    _, told = run_convert(plate, ext=ext)
    assert told == []
    expected = light.astype(float) @ np.array(MATRICES["ACEScg"][1]).T
    np.testing.assert_allclose(read_image(tmp_path / f"out/a.{ext}"), expected, rtol=0.01)


def test_a_faulty_config_is_told_by_where_it_was_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"^`ocio=/absent\.ocio`: .*; give a config file"):
        ColourSpaces("/absent.ocio")
    monkeypatch.setenv("OCIO", "/absent.ocio")
    with pytest.raises(UsageError, match=r"^\$OCIO /absent\.ocio: "):
        ColourSpaces()


def icc_profile(description: str) -> bytes:
    """The least that says its name: a header and one text (ICC.1, 7.2 and 10.13 of its version 2)."""
    text = description.encode() + b"\0"
    tag = b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(78)
    header = bytearray(128)
    header[0:4] = struct.pack(">I", 128 + 16 + len(tag))
    header[8:12] = bytes((2, 0x40, 0, 0))
    header[12:24] = b"mntrRGB XYZ "
    header[36:40] = b"acsp"
    return bytes(header) + struct.pack(">I4sII", 1, b"desc", 144, len(tag)) + tag


@pytest.mark.parametrize(
    ("name", "space"), [("Display P3", "sRGB Encoded P3-D65"), ("sRGB IEC61966-2.1", None)]
)
def test_the_space_of_an_embedded_profile_is_taken(tmp_path: Path, name: str, space: str | None) -> None:
    profile = np.frombuffer(icc_profile(name), np.uint8)
    pixels = np.broadcast_to(np.uint8([200, 40, 30]), (8, 8, 3))
    spec = oiio.ImageSpec(8, 8, 3, oiio.UINT8)
    spec.attribute("ICCProfile", oiio.TypeDesc(f"uint8[{profile.size}]"), profile)
    source = write_parts(tmp_path / "a.tif", (spec, pixels))
    red = read_image(converted(source, ext="exr"))[0, 0].astype(float)
    plain = write_image(tmp_path / "plain.tif", np.ascontiguousarray(pixels))
    options = {"colorspace": space} if space else {}
    expected = read_image(converted(plain, ext="exr", **options))[0, 0].astype(float)
    np.testing.assert_allclose(red, expected, rtol=1e-3)
    same = specs_of(converted(source, out=tmp_path / "same"))[0]
    assert same.getattribute("ICCProfile") is not None
