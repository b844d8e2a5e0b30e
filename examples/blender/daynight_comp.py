"""Render the open scene, turn the frames to a look with daynight, and composite them in Blender.

Blender runs this file, see README.md beside it. Three folders of half-float EXR come of it: ``OUT/plates`` is
what the scene renders, ``OUT/LOOK`` what daynight makes of it, and ``OUT/comp`` the composite of both.
"""

from __future__ import annotations

import argparse
import site
import sys
from pathlib import Path
from typing import Any

import _cycles  # type: ignore[import-not-found]
import bpy  # type: ignore[import-not-found]

Scene = Any


def arguments() -> argparse.Namespace:
    """Read what stands behind ``--``: the rest of the command line is Blender's."""
    parser = argparse.ArgumentParser("daynight_comp.py", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--to", default="night", metavar="LOOK")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--frames", metavar="1-48", help="else the scene's own range")
    parser.add_argument("--size", metavar="960x540", help="else the scene's own size")
    parser.add_argument("--samples", type=int, help="Cycles samples; else the scene's own")
    parser.add_argument("--mix", type=float, default=1.0, help="share of the converted picture, 0 to 1")
    parser.add_argument("--site", metavar="DIR", help="the site-packages that daynight is installed in")
    return parser.parse_args(sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else [])


def prepare(scene: Scene, asked: argparse.Namespace) -> None:
    """Set the scene up to render plates: raw frames, without its own compositing."""
    render, output = scene.render, scene.render.image_settings
    render.engine = "CYCLES"  # EEVEE draws by OpenGL, and a farm machine has no display for it
    # Blender as distributions build it may lack the denoiser, and stops where a scene asks for it.
    scene.cycles.use_denoising = scene.cycles.use_denoising and _cycles.with_openimagedenoise
    scene.cycles.samples = asked.samples or scene.cycles.samples
    if asked.size:
        render.resolution_x, render.resolution_y = map(int, asked.size.split("x"))
        render.resolution_percentage = 100
    if asked.frames:
        first, _, last = asked.frames.partition("-")
        scene.frame_start, scene.frame_end = int(first), int(last or first)
    scene.frame_step = 1
    render.use_compositing = render.use_sequencer = False
    render.use_overwrite = True
    output.file_format = "OPEN_EXR"  # first: it decides which of the others are allowed
    output.color_mode, output.color_depth, output.exr_codec = "RGBA", "16", "ZIP"


def render_to(scene: Scene, place: Path) -> None:
    """Render the scene's range to files like ``comp.####.exr``."""
    scene.render.filepath = str(place)
    bpy.ops.render.render(animation=True, scene=scene.name)


def image_node(scene: Scene, first: Path) -> Any:
    """Add a node that shows the sequence which begins with this file at the scene's first frame."""
    node = scene.node_tree.nodes.new("CompositorNodeImage")
    node.image = bpy.data.images.load(str(first))
    node.image.source = "SEQUENCE"
    node.frame_start = scene.frame_start
    node.frame_offset = scene.frame_start - 1  # Blender counts files from 1
    node.frame_duration = scene.frame_end - scene.frame_start + 1
    return node


def composite(scene: Scene, plate: Path, result: Path, share: float) -> Scene:
    """Give a scene of its own that mixes both sequences: without Render Layers nothing is rendered again."""
    comp = scene.copy()
    comp.name = "daynight"
    comp.use_nodes = comp.render.use_compositing = True
    tree = comp.node_tree
    tree.nodes.clear()
    # The light is mixed premultiplied, as it lies in the files; the alpha is the first input's.
    mix = tree.nodes.new("CompositorNodeMixRGB")
    mix.inputs["Fac"].default_value = share
    for socket, file in ((mix.inputs[1], plate), (mix.inputs[2], result)):
        tree.links.new(image_node(comp, file).outputs["Image"], socket)
    tree.links.new(mix.outputs["Image"], tree.nodes.new("CompositorNodeComposite").inputs["Image"])
    return comp


def main() -> None:
    asked = arguments()
    if asked.site:
        # Ahead of a numpy of the system's; addsitedir() also reads the .pth file of an editable install.
        sys.path.insert(0, asked.site)
        site.addsitedir(asked.site)
    from daynight import convert  # before the render: if it is not found, nothing has been waited for

    out, scene = asked.out.resolve(), bpy.context.scene
    prepare(scene, asked)
    render_to(scene, out / "plates/plate.####")
    summary = convert(
        out / "plates/plate.####.exr",
        asked.to,
        out=out / asked.to,
        frames=f"{scene.frame_start}-{scene.frame_end}",
        overwrite=True,  # the plates are new
    )
    if not summary.complete:
        sys.exit("\n".join(map(str, summary.faults)))
    plate = Path(scene.render.frame_path(frame=scene.frame_start))
    comp = composite(scene, plate, out / asked.to / plate.name, asked.mix)
    render_to(comp, out / "comp/comp.####")
    print(f"{summary} → {out / 'comp'}")


main()
