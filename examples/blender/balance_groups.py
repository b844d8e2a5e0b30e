"""Balance the light groups of a night in Blender's compositor, and write the frames.

Blender runs this file, see README.md beside it. It reads results of ``daynight convert --to night --aovs``,
multiplies each group by its own factor, and adds them up: with all factors at 1 the frames are the results.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import bpy  # type: ignore[import-not-found]

GROUPS = ("ambient", "practicals", "emission")
Node = Any


def arguments() -> argparse.Namespace:
    """Read what stands behind ``--``: the rest of the command line is Blender's."""
    parser = argparse.ArgumentParser("balance_groups.py", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("first", type=Path, metavar="FIRST.exr", help="the first frame, numbered at its end")
    parser.add_argument("--size", required=True, metavar="1920x1080", help="of the frames")
    parser.add_argument("--frames", type=int, default=1, help="how many")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    for group in GROUPS:
        parser.add_argument(f"--{group}", type=float, default=1.0, help="factor of this light")
    return parser.parse_args(sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else [])


def scaled(tree: Any, light: Any, factor: float) -> Any:
    """Add a node that multiplies a light by a factor; return its output."""
    node = tree.nodes.new("CompositorNodeMixRGB")
    node.blend_type = "MULTIPLY"
    node.inputs[2].default_value = (factor, factor, factor, 1.0)
    tree.links.new(light, node.inputs[1])
    return node.outputs["Image"]


def added(tree: Any, one: Any, other: Any) -> Any:
    """Add a node that adds two lights; return its output."""
    node = tree.nodes.new("CompositorNodeMixRGB")
    node.blend_type = "ADD"
    tree.links.new(one, node.inputs[1])
    tree.links.new(other, node.inputs[2])
    return node.outputs["Image"]


def main() -> None:
    """Build the tree and render the frames."""
    asked = arguments()
    scene = bpy.context.scene
    image = bpy.data.images.load(str(asked.first.resolve()))
    image.source = "SEQUENCE" if asked.frames > 1 else "FILE"
    render = scene.render
    render.resolution_x, render.resolution_y = map(int, asked.size.split("x"))
    render.resolution_percentage = 100
    render.use_compositing, render.use_sequencer = True, False
    render.image_settings.file_format = "OPEN_EXR"
    render.image_settings.color_mode, render.image_settings.color_depth = "RGB", "16"
    render.filepath = str(asked.out.resolve() / "night.####")
    scene.frame_start, scene.frame_end = 1, asked.frames
    scene.use_nodes = True
    tree = scene.node_tree
    tree.nodes.clear()
    source = tree.nodes.new("CompositorNodeImage")
    source.image = image
    source.layer = "night"  # the layers are night.ambient and so on: to Blender, passes of one layer
    source.frame_duration = asked.frames
    lights = [scaled(tree, source.outputs[group], getattr(asked, group)) for group in GROUPS]
    total = added(tree, added(tree, lights[0], lights[1]), lights[2])
    tree.links.new(total, tree.nodes.new("CompositorNodeComposite").inputs["Image"])
    bpy.ops.render.render(animation=True)


main()
