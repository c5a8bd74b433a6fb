"""The conversation in a terminal: one face for `voice talk` and `voice chat`, and plain lines where there is none."""
