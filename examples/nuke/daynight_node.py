"""A button in Nuke that converts the picture above it with daynight and reads the result back in.

``import daynight_node; daynight_node.create()`` makes the node. The plates are rendered by a Write node, as
half-float EXR, scene-linear, to a folder that the node names; ``daynight.convert`` turns them to the look; a
Read node shows the result. Nuke was not at hand: unlike the other examples, this one has no test.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nuke  # type: ignore[import-not-found]

import daynight
from daynight.errors import DaynightError

BUTTON = "import daynight_node; daynight_node.convert(nuke.thisNode())"


def create() -> Any:
    """Make a node with the options and the button, below what is selected."""
    node = nuke.createNode("NoOp")
    node.setName("DayNight")
    node.addKnob(nuke.String_Knob("look", "look", "night"))
    node.addKnob(nuke.File_Knob("folder", "folder for plates and results"))
    node.addKnob(nuke.PyScript_Knob("convert", "Convert", BUTTON))
    return node


def convert(node: Any) -> Any:
    """Render the node's input, convert the frames, and give a Read node of them; ``None`` if that failed."""
    folder, look = Path(node["folder"].evaluate()), node["look"].value()
    first, last = node.firstFrame(), node.lastFrame()
    plates = folder / "plates/plate.%04d.exr"
    # The Write node lives as long as the render, and the artist's script stays as it was.
    write = nuke.nodes.Write(inputs=[node], file=plates.as_posix(), file_type="exr", channels="rgba")
    write["create_directories"].setValue(True)
    write["datatype"].setValue("16 bit half")
    write["raw"].setValue(True)  # Nuke works scene-linear, as daynight takes float plates
    try:
        nuke.execute(write, first, last)
        summary = daynight.convert(plates, look, out=folder / look, frames=f"{first}-{last}", overwrite=True)
    except (DaynightError, RuntimeError) as error:
        nuke.message(str(error))
        return None
    finally:
        nuke.delete(write)
    if not summary.complete:
        nuke.message("\n".join(map(str, summary.faults)))
        return None
    result = (folder / look / plates.name).as_posix()
    return nuke.nodes.Read(file=result, first=first, last=last, origfirst=first, origlast=last, raw=True)
