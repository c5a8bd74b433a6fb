"""The builtin responder: an upstream without any model, made of small skills and a folder of notes."""

from voice.llm.builtin.responder import understands
from voice.llm.builtin.upstream import BuiltinUpstream

__all__ = ["BuiltinUpstream", "understands"]
