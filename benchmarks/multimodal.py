"""What encoding images costs running streams: gaps between tokens, with and without images.

``python -m benchmarks.multimodal FOLDER`` starts a server on a multimodal model. Four streams run;
in every other round, new images are sent one after another at the same time. Reported are medians
over the rounds: the median and the 99th percentile of the gaps between the tokens of a stream, and
their ratio. Rounds disturbed by other programs are left out, unless all were disturbed.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.gaps import Bodies, gaps_of, stories, summary
from benchmarks.machine import describe_machine
from benchmarks.report import report
from tests.api import media
from tests.media import files
from tests.multimodal import cases
from tests.server import RunningServer, running_server

_MODEL = "seeing"
_NUM_STREAMS = 4
_NUM_IMAGES = 200
"""More than can be encoded in a round."""


def images(number: int, side: int) -> Bodies:
    """Questions about new images for a round, one after another."""
    contents = (cases.image(side, side, _NUM_IMAGES * number + i) for i in range(_NUM_IMAGES))
    parts = (media.image(files.file_of(content)) for content in contents)
    return [[media.ask(part, model=_MODEL, max_tokens=1) for part in parts]]


def measure(server: RunningServer, num_rounds: int, num_tokens: int, side: int) -> dict[str, Any]:
    """The figures of streams alone and with images, in alternating rounds."""
    found: dict[str, list[dict[str, float]]] = {"without": [], "with": []}
    for number in range(-1, num_rounds):
        for name, rounds in found.items():
            streams = stories(_NUM_STREAMS, 10 * number + 10, num_tokens, model=_MODEL)
            others = images(number + 1, side) if name == "with" else []
            figures = gaps_of(server, streams, others)
            if number >= 0:  # the first round is a warm-up
                rounds.append(figures)
    return {name: summary(rounds) for name, rounds in found.items()}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tokens", type=int, default=400)
    parser.add_argument(
        "--side", type=int, default=256, help="width and height of an image in pixels"
    )
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(Path(folder), "--model", f"{_MODEL}={options.folder}") as server,
    ):
        figures = measure(server, options.rounds, options.tokens, options.side)
    report({"side": options.side, "machine": describe_machine()} | figures, options.out)


if __name__ == "__main__":
    main()
