"""`python -m voice` is the command `voice`."""

from voice.cli import main

main(prog_name="voice")
