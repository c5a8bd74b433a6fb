"""Moderation and redaction of both sides of a conversation."""
