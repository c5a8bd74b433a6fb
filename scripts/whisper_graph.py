"""Write a Whisper model in CTranslate2's format: the published shapes in int8, with seeded weights, without torch.

It costs what the real model costs and says one given sentence, whatever it hears: the decoder's residual branches are
scaled to nothing, so that each position's vector alone decides the next token.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
from faster_whisper.tokenizer import _LANGUAGE_CODES
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

MELS, ENCODER_POSITIONS, DECODER_POSITIONS = 80, 1500, 448
TEXT_TOKENS, TIMESTAMPS = 50_257, 1501
LANGUAGES = _LANGUAGE_CODES[:99]
SPECIAL = [
    "<|endoftext|>",
    "<|startoftranscript|>",
    *(f"<|{code}|>" for code in LANGUAGES),
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
    *(f"<|{index * 0.02:.2f}|>" for index in range(TIMESTAMPS)),
]
NOTHING = 1e-5
"""Scale of the decoder's residual branches; not zero, since equal arrays are stored once."""


@dataclass(frozen=True)
class Shape:
    """Width, layers of encoder and of decoder, and heads of one published size."""

    width: int
    layers: int
    heads: int


SHAPES = {"tiny": Shape(384, 4, 6), "base": Shape(512, 6, 8), "small": Shape(768, 12, 12)}


class Weights:
    """Seeded random arrays, put into CTranslate2's specifications."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)

    def array(self, *dims: int, scale: float) -> NDArray[np.float32]:
        return self._random.standard_normal(dims, dtype=np.float32) * np.float32(scale)

    def linear(self, spec: Any, size_out: int, size_in: int, gain: float = 1.0) -> None:
        spec.weight = self.array(size_out, size_in, scale=gain * size_in**-0.5)
        spec.bias = self.array(size_out, scale=gain * 0.01)

    def norm(self, spec: Any, size: int) -> None:
        spec.gamma = 1 + self.array(size, scale=1e-3)
        spec.beta = self.array(size, scale=1e-3)

    def attention(self, spec: Any, width: int, gain: float) -> None:
        """Fused projections: query, key and value at once, or query and then both."""
        self.norm(spec.layer_norm, width)
        sizes = (3 * width,) if len(spec.linear) == 2 else (width, 2 * width)
        for linear, size in zip(spec.linear, sizes, strict=False):
            self.linear(linear, size, width)
        self.linear(spec.linear[-1], width, width, gain)

    def feed_forward(self, spec: Any, width: int, gain: float) -> None:
        self.norm(spec.layer_norm, width)
        self.linear(spec.linear_0, 4 * width, width)
        self.linear(spec.linear_1, width, 4 * width, gain)


def vocabulary(says: str) -> tuple[list[str], list[int]]:
    """All tokens in Whisper's order, and the ids that spell the sentence: one per word, as mostly in the real one."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces = [token for token, _ in pre_tokenizers.ByteLevel(add_prefix_space=True).pre_tokenize_str(says)]
    tokens = list(dict.fromkeys([*alphabet, *pieces]))
    tokens += [f"unused{index}" for index in range(TEXT_TOKENS - 1 - len(tokens))]
    # CTranslate2 takes a vocabulary that holds the empty string for a multilingual one; Whisper has it last.
    tokens.append("")
    return tokens + SPECIAL, [tokens.index(piece) for piece in pieces]


def tokenizer(tokens: list[str]) -> Tokenizer:
    """A byte-level tokenizer with these tokens and ids."""
    ids = {token: index for index, token in enumerate(tokens)}
    made = Tokenizer(models.BPE(vocab={token: ids[token] for token in tokens[:TEXT_TOKENS]}, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL[:-TIMESTAMPS]])
    made.add_tokens([AddedToken(token, special=False) for token in SPECIAL[-TIMESTAMPS:]])
    return made


def positions(
    weights: Weights, embeddings: NDArray[np.float32], tokens: list[str], says: list[int]
) -> NDArray[np.float32]:
    """Decoder positions (448, width), each turned towards the embedding of the token that comes after it."""
    ids = {token: index for index, token in enumerate(tokens)}
    # The prompt is <|startoftranscript|><|en|><|transcribe|> and then <|notimestamps|>, or <|0.00|> is generated there.
    following = [ids["<|en|>"], ids["<|transcribe|>"], ids["<|0.00|>"], *says]
    following += [ids["<|endoftext|>"]] * (DECODER_POSITIONS - len(following))
    return weights.array(DECODER_POSITIONS, embeddings.shape[1], scale=1e-3) + 20 * embeddings[following]


def write_whisper(folder: Path, size: str, says: str, seed: int) -> None:
    """Write the model of one published size into `folder`, for faster_whisper.WhisperModel(str(folder))."""
    shape, weights = SHAPES[size], Weights(seed)
    width = shape.width
    tokens, sentence = vocabulary(says)
    spec = ctranslate2.specs.WhisperSpec(shape.layers, shape.heads, shape.layers, shape.heads)

    encoder: Any = spec.encoder
    for convolution, channels in ((encoder.conv1, MELS), (encoder.conv2, width)):
        convolution.weight = weights.array(width, channels, 3, scale=(3 * channels) ** -0.5)
        convolution.bias = weights.array(width, scale=0.01)
    encoder.position_encodings.encodings = weights.array(ENCODER_POSITIONS, width, scale=0.1)
    weights.norm(encoder.layer_norm, width)
    for layer in encoder.layer:
        weights.attention(layer.self_attention, width, gain=1.0)
        weights.feed_forward(layer.ffn, width, gain=1.0)

    decoder: Any = spec.decoder
    embeddings = weights.array(len(tokens), width, scale=width**-0.5)
    decoder.embeddings.weight = decoder.projection.weight = embeddings
    decoder.position_encodings.encodings = positions(weights, embeddings, tokens, sentence)
    weights.norm(decoder.layer_norm, width)
    for layer in decoder.layer:
        weights.attention(layer.self_attention, width, NOTHING)
        weights.attention(layer.attention, width, NOTHING)
        weights.feed_forward(layer.ffn, width, NOTHING)

    spec.register_vocabulary(tokens)
    first_language = tokens.index("<|en|>")
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = [tokens.index("<|endoftext|>")]
    spec.config.lang_ids = list(range(first_language, first_language + len(LANGUAGES)))
    spec.config.alignment_heads = [(shape.layers - 1, head) for head in range(shape.heads)]
    spec.validate()
    spec.optimize(quantization="int8")
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))
    tokenizer(tokens).save(str(folder / "tokenizer.json"))
    features = {"feature_size": MELS, "sampling_rate": 16_000, "hop_length": 160, "chunk_length": 30, "n_fft": 400}
    (folder / "preprocessor_config.json").write_text(json.dumps(features, indent=2) + "\n", encoding="utf-8")
