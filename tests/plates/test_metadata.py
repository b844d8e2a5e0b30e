"""What a file says beside its pixels: kept, carried to other formats, added to and stripped."""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest
from pictures import as_uint8, converted, part, picture, run_convert, specs_of, write_image, write_parts

from daynight import __version__

RGB = ("R", "G", "B")
SAID: dict[str, tuple[object, ...]] = {
    "smpte:TimeCode": ("timecode", (18359587, 305419896)),
    "FramesPerSecond": ("rational", (24000, 1001)),
    "worldToCamera": ("matrix", tuple(float(n) for n in range(16))),
    "worldToScreen": ("matrix", tuple(n / 3 for n in range(16))),
    "camera/focal": ("float", 35.5),
    "camera/name": ("string", "A-Cam Ümläut"),
    "camera/take": ("int", -7),
    "camera/offset": ("vector2", (0.5, -0.25)),
    "camera/position": ("vector", (1.0, 2.0, 3.0)),
    "Copyright": ("string", "us"),
    "ImageDescription": ("string", "slate 12, take 3\nsecond line"),
    "Artist": ("string", "her"),
    "DateTime": ("string", "2024:05:06 07:08:09"),
    "ExposureTime": ("float", 0.02),
    "FNumber": ("float", 2.8),
    "vendor/notes": ("string", "x" * 5000),
    "openexr:lineOrder": ("string", "decreasingY"),
}


def exr(path: Path, said: dict[str, tuple[object, ...]], **how: object) -> Path:
    spec = part(dict.fromkeys(RGB, "half"), **how)
    for name, value in said.items():
        spec.attribute(name, *value)
    return write_parts(path, (spec, picture()))


def attribute(path: Path, name: str) -> tuple[str, object] | None:
    """Return an attribute's type and value; ``None``: there is none."""
    found = [each for each in specs_of(path)[0].extra_attribs if each.name == name]
    return (str(found[0].type), found[0].value) if found else None


@pytest.mark.parametrize("name", SAID)
def test_an_exr_keeps_what_it_says_in_its_type(tmp_path: Path, name: str) -> None:
    source = exr(tmp_path / "a.exr", {name: SAID[name]})
    was = attribute(source, name)
    assert was is not None
    assert attribute(converted(source, "grade"), name) == was


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"compression": "zips"}, id="zips"),
        pytest.param({"compression": "dwaa:82"}, id="dwaa:82"),
        pytest.param({"compression": "dwab:200"}, id="dwab:200"),
        pytest.param({"compression": "piz", "tile": 32}, id="piz-tiled"),
        pytest.param({"compression": "none", "openexr__lineOrder": "decreasingY"}, id="decreasing"),
        pytest.param(
            {"compression": "zip", "tile": 16, "openexr__lineOrder": "randomY"}, id="random-tile-order"
        ),
        pytest.param({"PixelAspectRatio": 2.0}, id="anamorphic"),
        pytest.param({"screenWindowWidth": 1.25, "compression": "rle"}, id="screen-window"),
        pytest.param({"name": "beauty", "view": "left"}, id="named"),
    ],
)
def test_a_file_keeps_its_layout(tmp_path: Path, how: dict[str, object]) -> None:
    source = exr(tmp_path / "a.exr", {}, **how)
    before, after = specs_of(source)[0], specs_of(converted(source, "grade"))[0]
    for name in ("compression", "openexr:dwaCompressionLevel", "openexr:lineOrder", "name", "view"):
        assert after.getattribute(name) == before.getattribute(name)
    for name in ("PixelAspectRatio", "screenWindowWidth", "screenWindowCenter"):
        assert after.getattribute(name) == before.getattribute(name)
    assert (after.tile_width, after.tile_height) == (before.tile_width, before.tile_height)
    key, value = next(iter(how.items()))
    found = str(after.getattribute(key.replace("__", ":")))
    assert str(value).startswith(found)


def test_tiles_that_are_not_square_stay_as_they_are(tmp_path: Path) -> None:
    spec = part(dict.fromkeys(RGB, "half"), tile=16)
    spec.tile_height = 8
    result = converted(write_parts(tmp_path / "a.exr", (spec, picture())))
    assert (specs_of(result)[0].tile_width, specs_of(result)[0].tile_height) == (16, 8)


class TestOurs:
    """What a result says of how it was made."""

    def ours(self, path: Path, **options: object) -> dict[str, str]:
        result = converted(path, options.pop("to", "grade"), overwrite=True, **options)
        return {
            each.name.removeprefix("daynight:"): each.value
            for each in specs_of(result)[0].extra_attribs
            if each.name.startswith("daynight:")
        }

    def test_version_look_chain_and_ocio_are_named(self, tmp_path: Path) -> None:
        ours = self.ours(exr(tmp_path / "a.exr", {}))
        assert set(ours) == {"version", "look", "chain_sha256", "job_sha256", "ocio"}
        assert ours["version"] == __version__
        assert ours["look"] == "grade"
        assert re.fullmatch(r"[0-9a-f]{64}", ours["chain_sha256"])
        assert re.fullmatch(r"ocio://cg-config-v[\d.]+_aces-v[\d.]+_ocio-v[\d.]+", ours["ocio"])

    def test_the_models_hash_is_its_files(self, tmp_path: Path) -> None:
        ours = self.ours(exr(tmp_path / "a.exr", {}), to="night")
        folder = Path(str(files("daynight.models.bundled")))
        models = [folder / f"{name}.onnx" for name in ("scene", "night")]
        assert ours["model_sha256"] == ", ".join(
            hashlib.sha256(model.read_bytes()).hexdigest() for model in models
        )

    def test_the_chains_hash_is_that_of_what_was_asked(self, tmp_path: Path) -> None:
        source = exr(tmp_path / "a.exr", {})
        hashes = [
            self.ours(source, **asked)["chain_sha256"]
            for asked in (
                {},
                {},
                {"settings": ["grade.exposure=-3.0"]},
                {"settings": ["grade.exposure=-3.5"]},
                {"settings": ["grade.tint=[1, 1, 1]"]},
                {"strength": 0.5},
                {"protect_lights": True},
                {"to": "night"},
            )
        ]
        assert hashes[0] == hashes[1] == hashes[2]
        assert len(set(hashes[2:])) == 6

    def test_a_fact_of_the_model_changes_the_chains_hash(self, tmp_path: Path) -> None:
        source = exr(tmp_path / "a.exr", {})
        plain = self.ours(source, to="night")
        other = self.ours(source, to="night", settings=["model.licence=ours"])
        assert plain["chain_sha256"] != other["chain_sha256"]

    def test_a_second_conversion_says_what_it_did_itself(self, tmp_path: Path) -> None:
        first = converted(exr(tmp_path / "a.exr", {}), "night", out=tmp_path / "one")
        ours = self.ours(first, to="grade", out=tmp_path / "two")
        assert ours["look"] == "grade"
        assert "model_sha256" not in ours

    @pytest.mark.parametrize("ext", ["dpx", "tif", "jpg"])
    def test_formats_without_free_attributes_say_it_in_one_line(self, tmp_path: Path, ext: str) -> None:
        source = write_image(tmp_path / f"a.{ext}", as_uint8(picture()), Software="Nuke 15")
        once = converted(source, "grade", out=tmp_path / "one")
        line = specs_of(once)[0]["Software"]
        assert re.match(rf"Nuke 15; daynight {__version__}, grade, chain [0-9a-f]{{8}}, cg-config-v", line)
        twice = specs_of(converted(once, "grade", out=tmp_path / "two"))[0]["Software"]
        assert twice == line

    @pytest.mark.parametrize("ext", ["dpx", "tif", "jpg"])
    def test_the_line_has_room_for_all_of_it(self, tmp_path: Path, ext: str) -> None:
        source = write_image(tmp_path / f"a.{ext}", as_uint8(picture()), Software="Nuke 15.1v3")
        line = specs_of(converted(source, "night"))[0]["Software"]
        model = hashlib.sha256(
            (Path(str(files("daynight.models.bundled"))) / "scene.onnx").read_bytes()
        ).hexdigest()
        assert f"; daynight {__version__}, night, model {model[:8]}, chain " in line
        assert "cg-config-v" in line

    def test_a_png_says_it_in_texts(self, tmp_path: Path) -> None:
        result = converted(write_image(tmp_path / "a.png", as_uint8(picture())), "grade")
        assert attribute(result, "daynight:look") == ("string", "grade")


SECRET = "secret"
HOUSE = {
    "exr": (
        "owner",
        "Copyright",
        "ImageDescription",
        "Artist",
        "camera/name",
        "nuke/node_hash",
        "DocumentName",
        "HostComputer",
        "Software",
        "daynight:look",
        "comments",
    ),
    "png": ("Artist", "Copyright", "ImageDescription", "Title", "owner", "Software", "ICCProfileName"),
    "tif": ("Artist", "Copyright", "ImageDescription", "DocumentName", "HostComputer", "Software", "Make"),
    "jpg": (
        "Artist",
        "Copyright",
        "ImageDescription",
        "Make",
        "Model",
        "IPTC:Caption",
        "IPTC:City",
        "IPTC:CopyrightNotice",
        "XMP:Label",
        "photoshop:City",
        "Software",
    ),
    "dpx": (
        "Copyright",
        "DocumentName",
        "ImageDescription",
        "Software",
        "dpx:InputDevice",
        "dpx:InputDeviceSerialNumber",
        "dpx:SourceImageFileName",
        "dpx:SlateInfo",
        "dpx:FrameId",
    ),
    "tga": ("Artist", "ImageDescription", "DocumentName", "Software"),
}


@pytest.fixture(params=[(ext, name) for ext in HOUSE for name in HOUSE[ext]], ids="-".join)
def secret(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Write a plate that says the secret word under one name."""
    ext, name = request.param
    kind = np.float32 if ext in ("exr", "hdr") else np.uint8
    pixels = picture().astype(kind) if kind is np.float32 else as_uint8(picture())
    path = write_image(tmp_path / f"a.{ext}", pixels, **{name.replace(":", "__"): f"{SECRET} 1"})
    assert SECRET.encode() in path.read_bytes()
    return path


def test_stripped_files_do_not_tell_the_secret(secret: Path) -> None:
    result = converted(secret, "grade", strip_metadata=True)
    assert SECRET.encode() not in result.read_bytes()
    assert b"daynight" not in result.read_bytes()


@pytest.mark.parametrize("ext", ["exr", "png", "tif", "jpg", "dpx", "tga"])
def test_stripped_files_of_another_format_do_not_tell_it_either(tmp_path: Path, ext: str) -> None:
    said = dict.fromkeys(("owner", "Artist", "Copyright", "Software", "DocumentName"), ("string", SECRET))
    run_convert(exr(tmp_path / "a.exr", said), strip_metadata=True, ext=ext)
    assert SECRET.encode() not in (tmp_path / "out" / f"a.{ext}").read_bytes()


def test_no_part_of_a_stripped_file_tells_it(tmp_path: Path) -> None:
    how = {"owner": SECRET, "camera/name": SECRET}
    parts = [
        (part(dict.fromkeys(names, "half"), name=names, **how), picture()[..., : len(names)])
        for names in ("Z", "RGB", "XY")
    ]
    source = write_parts(tmp_path / "a.exr", *parts)
    assert source.read_bytes().count(SECRET.encode()) >= 6
    assert SECRET.encode() not in converted(source, strip_metadata=True).read_bytes()


@pytest.mark.parametrize("ext", [*HOUSE, "hdr", "bmp"])
@pytest.mark.parametrize("strip", [False, True], ids=["kept", "stripped"])
def test_no_file_tells_where_it_was_written(tmp_path: Path, ext: str, strip: bool) -> None:
    """DPX and TGA have fields for a file's name: no path, no name that it has while it is written."""
    kind = np.float32 if ext in ("exr", "hdr") else np.uint8
    pixels = picture() if kind is np.float32 else as_uint8(picture())
    source = write_image(tmp_path / f"a.{ext}", pixels)
    result = converted(source, out=tmp_path / "hush" / "deep", strip_metadata=strip)
    assert b"hush" not in result.read_bytes()
    assert re.search(rb"\.a\.[0-9a-f]{8}\.", result.read_bytes()) is None


def test_what_pixels_need_to_be_read_is_not_stripped(tmp_path: Path) -> None:
    chromaticities = (oiio.TypeDesc("float[8]"), (0.708, 0.292, 0.17, 0.797, 0.131, 0.046, 0.3127, 0.329))
    said = {"chromaticities": chromaticities, "PixelAspectRatio": ("float", 2.0), "view": ("string", "left")}
    source = exr(tmp_path / "a.exr", said, compression="dwaa:82", tile=16, at=(3, 4), display=(0, 0, 80, 60))
    (spec,) = specs_of(converted(source, strip_metadata=True))
    assert spec["chromaticities"] == pytest.approx(chromaticities[1])
    assert (spec["PixelAspectRatio"], spec["view"], spec.tile_width) == (2.0, "left", 16)
    assert (spec["compression"], spec["openexr:dwaCompressionLevel"]) == ("dwaa", 82)
    assert (spec.x, spec.y, spec.full_width) == (3, 4, 80)


class TestToAnotherFormat:
    """What means the same in another format goes along."""

    def dpx(self, path: Path, **said: object) -> Path:
        return write_image(path, np.rint(picture() * 65535).astype(np.uint16), oiio__BitsPerSample=10, **said)

    @pytest.mark.parametrize(
        ("field", "rate"),
        [
            ("dpx__FrameRate", 24.0),
            ("dpx__TemporalFrameRate", 25.0),
            ("dpx__FrameRate", 23.976),
            ("dpx__FrameRate", 29.97),
        ],
    )
    def test_the_frame_rate_of_a_dpx(self, tmp_path: Path, field: str, rate: float) -> None:
        result = converted(self.dpx(tmp_path / "a.dpx", **{field: rate}), ext="exr")
        kind, value = attribute(result, "FramesPerSecond")
        assert kind == "rational"
        assert value[0] / value[1] == pytest.approx(rate, rel=2e-6)

    def test_the_timecode_of_a_dpx(self, tmp_path: Path) -> None:
        source = self.dpx(tmp_path / "a.dpx", dpx__TimeCode="10:11:12:13")
        was = attribute(source, "smpte:TimeCode")
        assert was is not None
        assert (was[0], was[1][0]) == ("timecode", 0x10111213)
        assert attribute(converted(source, ext="exr"), "smpte:TimeCode") == was

    def test_the_timecode_of_an_exr(self, tmp_path: Path) -> None:
        source = exr(tmp_path / "a.exr", {"smpte:TimeCode": ("timecode", (0x10111213, 0))})
        result = converted(source, ext="dpx", colorspace="sRGB")
        assert attribute(result, "smpte:TimeCode") == ("timecode", (0x10111213, 0))

    def test_the_frame_rate_of_an_exr(self, tmp_path: Path) -> None:
        source = exr(tmp_path / "a.exr", {"FramesPerSecond": ("rational", (24000, 1001))})
        result = converted(source, ext="dpx")
        assert specs_of(result)[0].get_float_attribute("dpx:FrameRate") == pytest.approx(24000 / 1001)

    def test_what_describes_the_old_file_stays_behind(self, tmp_path: Path) -> None:
        result = converted(self.dpx(tmp_path / "a.dpx", dpx__FrameRate=24.0, Copyright="us"), ext="exr")
        names = {each.name for each in specs_of(result)[0].extra_attribs}
        assert not [name for name in names if name.startswith(("dpx:", "tiff:", "png:"))]
        assert attribute(result, "Copyright") == ("string", "us")

    @pytest.mark.parametrize("ext", ["tif", "png", "jpg"])
    def test_who_made_it(self, tmp_path: Path, ext: str) -> None:
        said = {"Artist": ("string", "her"), "Copyright": ("string", "us")}
        source = exr(tmp_path / "a.exr", said)
        run_convert(source, ext=ext)
        result = tmp_path / "out" / f"a.{ext}"
        assert (attribute(result, "Artist")[1], attribute(result, "Copyright")[1]) == ("her", "us")

    @pytest.mark.parametrize("ext", ["dpx", "tif", "png", "jpg"])
    def test_pixel_aspect(self, tmp_path: Path, ext: str) -> None:
        source = exr(tmp_path / "a.exr", {"PixelAspectRatio": ("float", 2.0)})
        run_convert(source, ext=ext)
        found = specs_of(tmp_path / "out" / f"a.{ext}")[0].get_float_attribute("PixelAspectRatio")
        assert found == pytest.approx(2, rel=1e-3)


class TestFieldsOfADpx:
    """A DPX's header: film, video and free fields, through a look."""

    SAID = (
        ("dpx:InputDevice", "Scanner 9"),
        ("dpx:InputDeviceSerialNumber", "00017"),
        ("dpx:SlateInfo", "12A"),
        ("dpx:FrameId", "k"),
        ("dpx:FrameRate", 23.976),
        ("dpx:FramePosition", 17),
        ("dpx:ShutterAngle", 180.0),
        ("dpx:TimeCode", "10:11:12:13"),
        ("dpx:UserBits", 0x01020304),
        ("dpx:BlackLevel", 64.0),
        ("dpx:Transfer", "Printing density"),
        ("dpx:Colorimetric", "Printing density"),
        ("Copyright", "us"),
        ("DocumentName", "project"),
        ("Orientation", 1),
    )

    @pytest.mark.parametrize(("name", "value"), SAID, ids=[name for name, _ in SAID])
    def test_it_is_kept(self, tmp_path: Path, name: str, value: object) -> None:
        pixels = np.rint(picture() * 65535).astype(np.uint16)
        said = {name.replace(":", "__"): value, "oiio__BitsPerSample": 10}
        source = write_image(tmp_path / "a.dpx", pixels, **said)
        assert attribute(source, name)[1] == (pytest.approx(value) if isinstance(value, float) else value)
        assert attribute(converted(source, "grade"), name) == attribute(source, name)
