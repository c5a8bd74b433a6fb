"""A local voice assistant that answers at once, remembers, and keeps what it hears to itself."""

import os as _os

__version__ = "0.1.0"

# ONNX Runtime (1.29 and later) and the model hub's client report their use to their makers, and keep a number for this
# machine in the user's cache, unless this is set before they load. An owner who wants that sets a variable to 0.
for _name in ("ORT_DISABLE_TELEMETRY", "HF_HUB_DISABLE_TELEMETRY"):
    _os.environ.setdefault(_name, "1")
