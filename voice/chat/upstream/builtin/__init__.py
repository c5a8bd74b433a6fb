"""The builtin responder: an upstream without any model, made of small skills and a folder of notes."""

from voice.chat.upstream.builtin.responder import understands
from voice.chat.upstream.builtin.upstream import BuiltinUpstream

__all__ = ["BuiltinUpstream", "understands"]
