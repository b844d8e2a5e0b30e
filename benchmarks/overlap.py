"""Measure what a frame costs beside its model, and whether memory grows with the shot.

    python benchmarks/overlap.py [--model FILE.onnx] [--frames 24] [--long 220] [--ext png]

Prints two ratios, each of two figures taken in one run on one machine:

- wall time of a 1920x1080 frame through ``daynight.convert`` (read, convert, write) to the time of a bare
  ``session.run`` of the same model with the same threads on the same frame;
- resident memory at frame 200 to that at frame 40 of one shot (the most in the ten frames before).

Without ``--model`` the generator of P0 table I is made with random weights (needs ``onnx``): what it costs
does not depend on what it learned. Also printed, for scale: the bundled look ``night``.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

import daynight
from daynight.engine.events import Event, FrameDone, Summary
from daynight.models.session import open_model
from daynight.plates import EXTENSIONS
from daynight.plates.threads import processors

HEIGHT, WIDTH = 1080, 1920


def write_shot(folder: Path, count: int, ext: str) -> Path:
    """Write a 1080p shot: grain over a real photograph, so that it compresses like a plate."""
    random = np.random.default_rng(0)
    examples = Path(__file__).parents[1] / "examples/shots"
    still = next(path for path in sorted(examples.rglob("*")) if path.suffix.lower() in EXTENSIONS)
    plate = cv2.resize(cv2.imread(str(still)), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    folder.mkdir(parents=True)
    for number in range(count):
        grain = random.normal(0, 2, plate.shape)
        cv2.imwrite(
            str(folder / f"plate.{number:04d}.{ext}"), np.clip(plate + grain, 0, 255).astype(np.uint8)
        )
    return folder


def paper_generator(path: Path) -> Path:
    """Write the generator of P0 table I with random weights, for any size that is a multiple of 8."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(0)
    nodes: list[onnx.NodeProto] = []
    weights: list[onnx.TensorProto] = []
    flow = "x"

    def layer(kind: str, inputs: int, outputs: int, stride: int, *, relu: bool = True) -> None:
        nonlocal flow
        name = f"w{len(weights)}"
        shape = (inputs, outputs, 3, 3) if kind == "ConvTranspose" else (outputs, inputs, 3, 3)
        deviation = (2 / (inputs * 9)) ** 0.5
        weights.append(numpy_helper.from_array(random.normal(0, deviation, shape).astype(np.float32), name))
        size = {"output_padding": [1, 1]} if kind == "ConvTranspose" else {}
        options = {"strides": [stride, stride], "pads": [1, 1, 1, 1], **size}
        nodes.append(helper.make_node(kind, [flow, name], [f"{name}y"], **options))
        flow = f"{name}y"
        if relu:
            nodes.append(helper.make_node("Relu", [flow], [f"{name}r"]))
            flow = f"{name}r"

    for inputs, outputs, stride in ((3, 32, 2), (32, 64, 2), (64, 128, 2), (128, 128, 1)):
        layer("Conv", inputs, outputs, stride)
    for block in range(5):
        skip = flow
        layer("Conv", 128, 128, 1)
        layer("Conv", 128, 128, 1, relu=False)
        nodes.append(helper.make_node("Add", [flow, skip], [f"block{block}"]))
        flow = f"block{block}"
    for inputs, outputs in ((128, 64), (64, 32), (32, 16)):
        layer("ConvTranspose", inputs, outputs, 2)
    layer("Conv", 16, 3, 1, relu=False)
    nodes.append(helper.make_node("Tanh", [flow], ["y"]))
    free = ["n", 3, "h", "w"]
    graph = helper.make_graph(
        nodes,
        "p0",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, free)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, free)],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    for key, value in (("size_multiple", "8"), ("radius", "128"), ("exact_tiling", "True")):
        entry = model.metadata_props.add()
        entry.key, entry.value = f"daynight.{key}", value
    onnx.save(model, path)
    return path


def bare_seconds(model: Path, runs: int = 5) -> float:
    """Median time of ``session.run`` on one 1080p picture."""
    network = open_model(model, device="cpu", threads=processors())
    name = network.session.get_inputs()[0].name
    picture = np.random.default_rng(0).random((1, 3, HEIGHT, WIDTH), np.float32) * 2 - 1
    times = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        network.session.run(None, {name: picture})
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])


def resident_mb() -> float:
    """Resident memory of this process."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def convert_timed(shot: Path, out: Path, look: str, model: Path | None) -> tuple[Summary, float, list[float]]:
    """Convert a shot and give the summary, seconds a frame once under way, and memory after each frame."""
    moments, memory = [], []

    def observe(event: Event) -> None:
        if isinstance(event, FrameDone):
            moments.append(time.perf_counter())
            memory.append(resident_mb())

    job = daynight.Job(shot, look, out=out, model=model, device="cpu")
    summary = daynight.run(job, observe=observe)
    settled = len(moments) // 4
    pace = (moments[-1] - moments[settled]) / (len(moments) - 1 - settled)
    return summary, pace, memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--long", type=int, default=220)
    parser.add_argument("--ext", default="png")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = asked.model or paper_generator(folder / "p0.onnx")
        shot = write_shot(folder / "short", asked.frames, asked.ext)
        before = bare_seconds(model)
        summary, pace, _ = convert_timed(shot, folder / "a", "night", model)
        bare = (before + bare_seconds(model)) / 2  # around the run: the machine's own drift shows in both
        print(f"{model.name}, {asked.ext}, {processors()} processors, {summary.done} frames")
        print(f"bare session.run  {bare * 1000:.0f} ms")
        print(f"a frame, all in   {pace * 1000:.0f} ms, ratio {pace / bare:.3f}")
        shot = write_shot(folder / "long", asked.long, asked.ext)
        summary, pace, memory = convert_timed(shot, folder / "b", "night", None)
        print(f"look night, {summary.done} frames: a frame {pace * 1000:.0f} ms")
        if len(memory) > 200:
            # How many frames are under way differs from moment to moment: the most of ten frames counts.
            at_40, at_200 = max(memory[30:40]), max(memory[190:200])
            print(f"memory at frame 40 {at_40:.0f} MB, at 200 {at_200:.0f} MB, ratio {at_200 / at_40:.3f}")


if __name__ == "__main__":
    main()
