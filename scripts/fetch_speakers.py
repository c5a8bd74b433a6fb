#!/usr/bin/env python3
"""Fetches recordings of five people from Debian packages, one folder a person, for `voice bench speakers`.

    scripts/fetch_speakers.py FOLDER [--telephone]

| package | person | rights |
|---|---|---|
| asterisk-core-sounds-en-g722, -es-g722 | Allison Smith, in English and Spanish | CC-BY-SA-3.0 |
| asterisk-core-sounds-fr-g722 | June Wallack, in French | CC-BY-SA-3.0 |
| asterisk-core-sounds-it-g722 | Carlo, in Italian | CC-BY-SA-3.0 |
| asterisk-core-sounds-ru-g722 | a woman of IvrvoiceRU, in Russian | CC-BY-SA-3.0 |
| pocketsphinx-testdata | a reader of LibriVox, in English | in the public domain |

Those prompts of the top folder that last at least two seconds are taken: of each language, sorted by name, sixteen at
equal distances. They have 16 kHz; with --telephone those of the packages -wav are taken, which have 8.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import wave
from pathlib import Path

import av
from fetch_recordings import READINGS, from_debian, report

SOUNDS = "usr/share/asterisk/sounds"
PROMPTS = {
    "en_US_f_Allison": "allison",
    "es_MX_f_Allison": "allison",
    "fr_CA_f_June": "june",
    "it_IT_m_Carlo": "carlo",
    "ru_RU_f_IvrvoiceRU": "ivrvoice",
}
LEAST_BYTES = {"g722": 2 * 8_000, "wav": 2 * 16_000}
MOST = 16


def fetch(folder: Path, kind: str) -> int:
    """Bring the recordings into `folder`; returns how many. Raises CannotFetchError or OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    with tempfile.TemporaryDirectory(prefix=".speakers-", dir=folder.parent) as made:
        unpacked = from_debian(
            Path(made), [*(f"asterisk-core-sounds-{voice[:2]}-{kind}" for voice in PROMPTS), "pocketsphinx-testdata"]
        )
        for voice, person in PROMPTS.items():
            found = (unpacked / SOUNDS / voice).glob(f"*.{kind}")
            files = [file for file in found if file.stat().st_size >= LEAST_BYTES[kind]]
            for file in sorted(files)[:: max(1, len(files) // MOST)][:MOST]:
                count += _put(file, folder / person / f"{voice[:2]}-{file.stem}.wav")
        for file in sorted((unpacked / READINGS).glob("*.wav")):
            count += _put(file, folder / "reader" / file.name)
    return count


def _put(file: Path, place: Path) -> int:
    place.parent.mkdir(exist_ok=True)
    if file.suffix == ".wav":
        shutil.copyfile(file, place)
        return 1
    with av.open(str(file), format="g722") as stream, wave.open(str(place), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
        for frame in stream.decode(audio=0):
            out.writeframes(frame.to_ndarray().astype("<i2").tobytes())
    return 1


def main() -> int:
    folder, *flags = sys.argv[1:] or ["--help"]
    if folder.startswith("-") or flags not in ([], ["--telephone"]):
        print(__doc__, file=sys.stderr)
        return 2
    kind = "wav" if flags else "g722"
    return report("fetch_speakers", lambda: f"{folder}: {fetch(Path(folder), kind)} recordings")


if __name__ == "__main__":
    sys.exit(main())
