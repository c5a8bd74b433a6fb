"""Other voice frameworks under the same conversation, each in an environment of its own; see `stage.py`."""
