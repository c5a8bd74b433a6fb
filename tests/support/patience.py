"""How long a test waits for what is sure to come: far longer than it takes, because the machine may be busy."""

PATIENCE_S = 120.0
