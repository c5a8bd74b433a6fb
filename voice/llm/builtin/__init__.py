"""The builtin responder: an upstream without any model, made of small skills and a folder of notes."""

from voice.llm.builtin.responder import BuiltinUpstream, understands

__all__ = ["BuiltinUpstream", "understands"]
