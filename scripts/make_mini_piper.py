"""Make the miniature Piper voice of the tests: a real voice file, a thousand times cheaper than a published one.

    python scripts/make_mini_piper.py [FOLDER] [--speakers N] [--seed N]

Writes mini.onnx and mini.onnx.json; the same arguments write the same bytes.
"""  # fmt: skip

from __future__ import annotations

import argparse
from pathlib import Path

from piper_graph import Shape, write_voice

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "piper_mini"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    parser.add_argument("--speakers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    shape = Shape(
        hidden=8,
        filter=16,
        layers=1,
        flows=1,
        flow_layers=1,
        duration_flows=1,
        decoder=32,
        rate=16_000,
        frames_per_id=2.5,
        speakers=arguments.speakers,
        speaker_size=8,
    )
    write_voice(arguments.folder / "mini.onnx", shape, arguments.seed)


if __name__ == "__main__":
    main()
