"""A page that asks which of two results is better, without saying which is whose; it needs no other file."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

import numpy as np

from daynight.colour.spaces import ColourSpaces
from daynight.engine.report import jpeg_url
from daynight.errors import UsageError
from daynight.evaluation.inputs import find_pictures, limited, match_results
from daynight.frames.resize import reduced
from daynight.plates import written_whole
from daynight.plates.photographs import read_picture

_WIDTH: Final = 960


@dataclass(frozen=True)
class BlindOptions:
    """What to compare."""

    one: Path
    """Folder of results."""
    two: Path
    """Folder of other results of the same plates, with the same names."""
    out: Path
    """The page, which ends in .html."""
    limit: int | None = None
    """Largest number of pairs, spread evenly."""
    seed: int = 1
    """Chooses sides and order."""


def write_blind_page(options: BlindOptions) -> int:
    """Write the page, and return how many pairs it shows.

    Raises:
        UsageError: a folder has no pictures, none are named alike, or the page can't be written.
    """
    if options.out.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"`out={options.out}`", "is not the name of a page", "give one that ends in .html")
    partners = match_results(find_pictures(options.one), options.one, options.two)
    chosen = limited(list(partners), options.limit)
    random = np.random.default_rng(options.seed)
    spaces = ColourSpaces()
    pairs = []
    for index in random.permutation(len(chosen)):
        first = chosen[index]
        swapped = bool(random.integers(2))
        sides = [_url(path, spaces) for path in (first, partners[first])]
        pairs.append({"name": first.name, "swapped": swapped, "sides": sides[::-1] if swapped else sides})
    # A closing tag in a name would end the script.
    data = json.dumps({"names": [str(options.one), str(options.two)], "pairs": pairs}).replace("</", "<\\/")
    page = _PAGE.substitute(title=html.escape(f"{options.one.name} and {options.two.name}"), data=data)
    try:
        with written_whole(options.out) as temporary:
            temporary.write_text(page, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        fault = f"can't be written ({error.strerror})"
        raise UsageError(options.out, fault, "check its folder and permissions") from None
    return len(pairs)


def _url(path: Path, spaces: ColourSpaces) -> str:
    picture = read_picture(path, spaces).pixels
    small = reduced(picture, _WIDTH / picture.shape[1])
    return jpeg_url(np.rint(np.clip(small, 0, 1) * 255).astype(np.uint8))


_PAGE: Final = Template("""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>daynight: $title</title>
<style>
body { background: #16181c; color: #d8dce2; font: 15px/1.5 system-ui, sans-serif; margin: 1rem;
text-align: center } #pair { display: flex; gap: .5rem }
#pair img { width: 50%; min-width: 0; max-height: 80vh;
cursor: pointer; object-fit: contain }
button { font: inherit; margin: 1rem .3rem; padding: .3rem 1rem; color: inherit; background: #242833;
border: 1px solid #3b4252; border-radius: .3rem } p { color: #8b929c } table { margin: 1rem auto }
td, th { padding: .2rem .8rem; font-weight: 400 }
</style>
<p id="place"></p>
<div id="pair"><img alt="left"><img alt="right"></div>
<div id="buttons"><button>← left</button><button>no preference ↓</button><button>right →</button></div>
<div id="end" hidden></div>
<script>
"use strict";
const data = $data;
const answers = [];
const [left, right] = document.querySelectorAll("#pair img");
const byId = (id) => document.getElementById(id);

function show() {
  if (answers.length === data.pairs.length) return finish();
  [left.src, right.src] = data.pairs[answers.length].sides;
  const place = `$${answers.length + 1} of $${data.pairs.length}`;
  byId("place").textContent = `Which would you put into the shot? $${place}`;
}

// A side: 0 left, 1 right; null: no preference.
function answer(side) {
  if (answers.length === data.pairs.length) return;
  const { name, swapped } = data.pairs[answers.length];
  answers.push({ name, better: side === null ? null : data.names[Number(swapped) ^ side] });
  show();
}

// Wilson's interval of a share, at 95 %.
function interval(count, total) {
  if (!total) return "–";
  const z = 1.96, share = count / total, wide = 1 + z * z / total;
  const middle = (share + z * z / (2 * total)) / wide;
  const half = z * Math.sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / wide;
  return `$${Math.round(100 * (middle - half))} to $${Math.round(100 * (middle + half))} %`;
}

function finish() {
  byId("pair").hidden = byId("buttons").hidden = true;
  byId("pair").style.display = "none";
  byId("place").textContent = "";
  const table = document.createElement("table");
  const decided = answers.filter(({ better }) => better !== null).length;
  for (const name of data.names) {
    const count = answers.filter(({ better }) => better === name).length;
    const row = table.insertRow();
    const cells = [name, `$${count} of $${decided}`, interval(count, decided)];
    for (const text of cells) row.insertCell().textContent = text;
  }
  const link = document.createElement("a");
  link.textContent = "save the answers";
  link.download = "answers.json";
  link.href = URL.createObjectURL(new Blob([JSON.stringify(answers, null, 2)], { type: "application/json" }));
  link.style.color = "inherit";
  byId("end").append(table, `$${answers.length - decided} without preference · `, link);
  byId("end").hidden = false;
}

const [first, neither, second] = document.querySelectorAll("button");
for (const [what, side] of [[left, 0], [right, 1], [first, 0], [second, 1], [neither, null]])
  what.addEventListener("click", () => answer(side));
const keys = { ArrowLeft: 0, ArrowRight: 1, ArrowDown: null };
addEventListener("keydown", ({ key }) => { if (key in keys) answer(keys[key]); });
show();
</script>
</html>
""")
