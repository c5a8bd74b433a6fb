"""Builds connected objects from settings: the only files that name adapters."""
