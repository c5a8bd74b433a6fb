"""Benchmarks that measure what is claimed."""
