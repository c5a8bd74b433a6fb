"""A local voice assistant that answers at once, remembers, and keeps what it hears to itself."""

__version__ = "0.1.0"
