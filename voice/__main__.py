"""`python -m voice` is the command `voice`."""


def main() -> None:
    """Run the command. Ctrl-C is quiet from the first moment, while its modules are still being read."""
    try:
        from voice.cli import main as command
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    command(prog_name="voice")


if __name__ == "__main__":
    main()
