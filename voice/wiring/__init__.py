"""Settings to connected objects: the only files that name adapters."""
