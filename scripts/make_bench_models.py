"""Make models that cost what published ones cost, where no weights can be had: the same shapes, with seeded weights.

    python scripts/make_bench_models.py FOLDER [--only NAME …] [--says SENTENCE] [--seed N]

Writes FOLDER/whisper-tiny and whisper-base (CTranslate2, int8), which say the sentence whatever they hear, and
FOLDER/piper-low.onnx and piper-medium.onnx with their .onnx.json, which hum as long as a voice would speak.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from piper_graph import Shape, write_voice
from whisper_graph import SHAPES, write_whisper

SAYS = "What time is it and how warm will it be outside today?"

HIGH = ((3, (1, 3, 5)), (7, (1, 3, 5)), (11, (1, 3, 5)))
PIPER = {
    "x_low": Shape(hidden=96, filter=384, rate=16_000, frames_per_id=1.65),
    "low": Shape(rate=16_000, frames_per_id=1.65),
    "medium": Shape(rate=22_050, frames_per_id=2.35),
    "high": Shape(
        rate=22_050,
        frames_per_id=2.35,
        decoder=512,
        upsample=((8, 16), (8, 16), (2, 4), (2, 4)),
        resblocks=HIGH,
        two_convolutions=True,
    ),
}
"""As long as en_US-joe-medium speaks: 2.33 frames of 256 samples per id at 22,050 Hz, 1.7 at 16,000."""
NAMES = [f"whisper-{size}" for size in SHAPES] + [f"piper-{quality}" for quality in PIPER]
USUAL = ["whisper-tiny", "whisper-base", "piper-low", "piper-medium"]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=USUAL, metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--says", default=SAYS, help="what the Whisper models recognize")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    for name in arguments.only:
        begun = time.perf_counter()
        family, _, size = name.partition("-")
        if family == "whisper":
            write_whisper(arguments.folder / name, size, arguments.says, arguments.seed)
        else:
            write_voice(arguments.folder / f"{name}.onnx", PIPER[size], arguments.seed, quality=size)
        print(f"{name}: {time.perf_counter() - begun:.1f} s")


if __name__ == "__main__":
    main()
