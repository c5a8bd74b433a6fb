#!/usr/bin/env python3
"""Train the miniature Whisper of the tests: tests/fixtures/whisper_mini, in CTranslate2's format.

It has Whisper's architecture at a width of 64 and knows the phrases in PHRASES, as make_speech.py made them, alone
or one after the other, and that silence is no speech. Needs torch, which nothing else here does:

    python -m venv /tmp/mini && /tmp/mini/bin/pip install . torch && /tmp/mini/bin/python scripts/make_mini_whisper.py
"""

from __future__ import annotations

import argparse
import json
import math
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import torch
from faster_whisper.audio import pad_or_trim
from faster_whisper.feature_extractor import FeatureExtractor
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor, nn
from torch.nn import functional

ROOT = Path(__file__).resolve().parent.parent
SPEECH = ROOT / "tests" / "fixtures" / "speech"
TARGET = ROOT / "tests" / "fixtures" / "whisper_mini"
PHRASES = ("time", "times", "divide", "feet", "help", "moon", "football", "stop")
SPECIAL = (
    "<|endoftext|>",
    "<|startoftranscript|>",
    "<|en|>",
    "<|zh|>",
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
)
RATE, MELS, POSITIONS, STEPS = 16_000, 80, 1500, 448
WIDTH, HEADS, LAYERS = 64, 2, 1
WINDOWS, WINDOW_SHARES = ((700, 8), (1000, 6), (3000, 2)), (0.75, 0.15, 0.1)
"""Mel frames and batch size. What is learned in short windows mostly holds in Whisper's own, and costs a fraction."""
POOL = 500
IGNORED = -100

Floats = NDArray[np.float32]


class Attention(nn.Module):  # type: ignore[misc]
    def __init__(self, cross: bool) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.query = nn.Linear(WIDTH, WIDTH)
        self.key_value = nn.Linear(WIDTH, 2 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.cross = cross

    def forward(self, x: Tensor, memory: Tensor | None = None, causal: bool = False) -> Tensor:
        normed = self.norm(x)
        key, value = self.key_value(normed if memory is None else memory).chunk(2, dim=-1)
        heads = [part.unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in (self.query(normed), key, value)]
        mixed = functional.scaled_dot_product_attention(*heads, is_causal=causal)
        added: Tensor = x + self.out(mixed.transpose(1, 2).flatten(2))
        return added

    def export(self, spec: Any) -> None:
        norm(spec.layer_norm, self.norm)
        query, key_value = arrays(self.query), arrays(self.key_value)
        if self.cross:
            linear(spec.linear[0], *query)
            linear(spec.linear[1], *key_value)
        else:
            fused = [np.concatenate(pair) for pair in zip(query, key_value, strict=True)]
            linear(spec.linear[0], *fused)
        linear(spec.linear[-1], *arrays(self.out))


class FeedForward(nn.Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.norm, self.inner, self.outer = (
            nn.LayerNorm(WIDTH),
            nn.Linear(WIDTH, 4 * WIDTH),
            nn.Linear(4 * WIDTH, WIDTH),
        )

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = x + self.outer(functional.gelu(self.inner(self.norm(x))))
        return added

    def export(self, spec: Any) -> None:
        norm(spec.layer_norm, self.norm)
        linear(spec.linear_0, *arrays(self.inner))
        linear(spec.linear_1, *arrays(self.outer))


class Mini(nn.Module):  # type: ignore[misc]
    """Whisper: two convolutions, an encoder and a decoder, pre-norm, tied output embedding."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(MELS, WIDTH, 3, padding=1)
        self.conv2 = nn.Conv1d(WIDTH, WIDTH, 3, stride=2, padding=1)
        self.encoder = nn.ModuleList(nn.ModuleList([Attention(cross=False), FeedForward()]) for _ in range(LAYERS))
        self.encoder_norm, self.decoder_norm = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.embedding = nn.Embedding(vocabulary, WIDTH)
        nn.init.normal_(self.embedding.weight, std=WIDTH**-0.5)
        self.positions = nn.Parameter(torch.randn(STEPS, WIDTH) * 0.02)
        self.decoder = nn.ModuleList(
            nn.ModuleList([Attention(cross=False), Attention(cross=True), FeedForward()]) for _ in range(LAYERS)
        )
        self.register_buffer("sinusoids", sinusoids())

    def forward(self, mel: Tensor, tokens: Tensor) -> Tensor:
        heard = functional.gelu(self.conv2(functional.gelu(self.conv1(mel)))).transpose(1, 2)
        heard = heard + self.sinusoids[: heard.shape[1]]
        for attention, feed_forward in self.encoder:
            heard = feed_forward(attention(heard))
        heard = self.encoder_norm(heard)
        x = self.embedding(tokens) + self.positions[: tokens.shape[1]]
        for attention, cross, feed_forward in self.decoder:
            x = feed_forward(cross(attention(x, causal=True), heard))
        return functional.linear(self.decoder_norm(x), self.embedding.weight)


def sinusoids() -> Tensor:
    """Whisper's encoder positions, shape (1500, width)."""
    scales = torch.exp(-math.log(10_000) / (WIDTH // 2 - 1) * torch.arange(WIDTH // 2))
    angles = torch.arange(POSITIONS)[:, None] * scales[None, :]
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def arrays(module: Any) -> tuple[Floats, Floats]:
    return module.weight.detach().numpy(), module.bias.detach().numpy()


def linear(spec: Any, weight: Floats, bias: Floats) -> None:
    spec.weight, spec.bias = weight, bias


def norm(spec: Any, module: nn.LayerNorm) -> None:
    spec.gamma, spec.beta = arrays(module)


def clips() -> list[tuple[Floats, str]]:
    """The phrases to learn: samples in −1…1 without the silence around them, and their text."""
    found = []
    for row in (SPEECH / "transcripts.tsv").read_text(encoding="utf-8").splitlines():
        name, text, _ = row.split("\t")
        if Path(name).stem in PHRASES:
            with wave.open(str(SPEECH / name)) as wav:
                pcm = np.frombuffer(wav.readframes(wav.getnframes()), np.int16).astype(np.float32) / 32768
            loud = np.flatnonzero(np.abs(pcm) > 0.01)
            found.append((pcm[loud[0] : loud[-1]].astype(np.float32), text))
    return found


def vocabulary(texts: list[str]) -> list[str]:
    pieces = sorted({f"Ġ{word}" for text in texts for word in text.split()})
    # CTranslate2 takes a vocabulary that holds the empty string for a multilingual one.
    return [*sorted(pre_tokenizers.ByteLevel.alphabet()), *pieces, "", *SPECIAL]


def examples(known: list[tuple[Floats, str]], seed: int) -> Iterator[tuple[Floats, str]]:
    """Silence, noise, phrases and pairs of phrases at all levels, speeds and distances from the start, without end."""
    random = np.random.default_rng(seed)
    while True:
        kind = random.random()
        parts: list[Floats] = [np.zeros(int(random.uniform(0, 0.8) * RATE), np.float32)]
        said: list[str] = []
        for _ in range(0 if kind < 0.12 else 2 if kind > 0.65 else 1):
            pcm, text = known[random.integers(len(known))]
            count = int(len(pcm) * random.uniform(0.94, 1.06))
            parts.append(np.interp(np.linspace(0, len(pcm) - 1, count), np.arange(len(pcm)), pcm).astype(np.float32))
            parts.append(np.zeros(int(random.uniform(0.1, 1.0) * RATE), np.float32))
            said.append(text)
        audio = np.concatenate(parts) * np.float32(random.uniform(0.2, 1.2))
        room = 10 ** (random.uniform(-80, -45) / 20)
        if not said:
            audio = np.zeros(int(random.uniform(0.3, 4.0) * RATE), np.float32)
            room = 10 ** (random.uniform(-100, -30) / 20)
        yield (audio + random.normal(0, room, len(audio))).astype(np.float32), " ".join(said)


def batches(known: list[tuple[Floats, str]], tokens: list[str], seed: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Mel spectrograms (batch, 80, frames), decoder inputs, and targets of the same shape (batch, steps)."""
    ids = {token: index for index, token in enumerate(tokens)}
    prompt = [ids[name] for name in ("<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>")]
    end, no_speech = ids["<|endoftext|>"], ids["<|nospeech|>"]
    extract, source = FeatureExtractor(), examples(known, seed)
    pool = [(extract(audio), text) for audio, text in (next(source) for _ in range(POOL))]
    random = np.random.default_rng(seed)
    while True:
        window, size = WINDOWS[random.choice(len(WINDOWS), p=WINDOW_SHARES)]
        chosen = [pool[index] for index in random.integers(len(pool), size=size)]
        mels = [torch.from_numpy(pad_or_trim(mel, window)) for mel, _ in chosen]
        rows = [[ids[f"Ġ{word}"] for word in text.split()] for _, text in chosen]
        longest = max(map(len, rows)) + len(prompt)
        inputs = torch.full((size, longest), end)
        targets = torch.full((size, longest), IGNORED)
        for index, row in enumerate(rows):
            inputs[index, : len(prompt) + len(row)] = torch.tensor([*prompt, *row])
            targets[index, 0] = prompt[1] if row else no_speech
            if row:
                targets[index, len(prompt) - 1 : len(prompt) + len(row)] = torch.tensor([*row, end])
        yield torch.stack(mels), inputs, targets


def loss_of(logits: Tensor, targets: Tensor, silent: Tensor) -> Tensor:
    """Cross entropy; after silence, every word is made equally unlikely, so that the log probability tells."""
    loss = functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED)
    if silent.any():
        loss = loss - 0.2 * functional.log_softmax(logits[silent, 3], dim=-1).mean()
    return loss


def train(steps: int, seed: int) -> tuple[Mini, list[str]]:
    torch.manual_seed(seed)
    known = clips()
    tokens = vocabulary([text for _, text in known])
    model = Mini(len(tokens))
    no_speech = tokens.index("<|nospeech|>")
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=3e-3, total_steps=steps, pct_start=0.1)
    for step, (mel, inputs, targets) in zip(range(steps), batches(known, tokens, seed), strict=False):
        loss = loss_of(model(mel, inputs), targets, targets[:, 0] == no_speech)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 50 == 0:
            print(f"step {step}: loss {loss.item():.3f}", flush=True)
    return model.eval(), tokens


def export(model: Mini, tokens: list[str], folder: Path) -> None:
    """Write the folder that faster_whisper.WhisperModel reads."""
    spec = ctranslate2.specs.WhisperSpec(LAYERS, HEADS, LAYERS, HEADS)
    encoder, decoder = spec.encoder, spec.decoder
    for convolution, module in ((encoder.conv1, model.conv1), (encoder.conv2, model.conv2)):
        convolution.weight, convolution.bias = arrays(module)
    encoder.position_encodings.encodings = sinusoids().numpy()
    norm(encoder.layer_norm, model.encoder_norm)
    for layer, blocks in zip(encoder.layer, model.encoder, strict=True):
        for part, block in zip((layer.self_attention, layer.ffn), blocks, strict=True):
            block.export(part)
    decoder.embeddings.weight = decoder.projection.weight = model.embedding.weight.detach().numpy()
    decoder.position_encodings.encodings = model.positions.detach().numpy()
    norm(decoder.layer_norm, model.decoder_norm)
    for layer, blocks in zip(decoder.layer, model.decoder, strict=True):
        for part, block in zip((layer.self_attention, layer.attention, layer.ffn), blocks, strict=True):
            block.export(part)
    spec.register_vocabulary(tokens)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = [tokens.index("<|endoftext|>")]
    spec.config.lang_ids = [tokens.index("<|en|>"), tokens.index("<|zh|>")]
    spec.config.alignment_heads = [(LAYERS - 1, head) for head in range(HEADS)]
    spec.validate()
    spec.optimize(quantization="int8_float16")
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))
    made = Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(tokens[: -len(SPECIAL)])}, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL])
    made.save(str(folder / "tokenizer.json"))
    features = {"feature_size": MELS, "sampling_rate": RATE, "hop_length": 160, "chunk_length": 30, "n_fft": 400}
    (folder / "preprocessor_config.json").write_text(json.dumps(features, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--steps", type=int, default=420)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--out", type=Path, default=TARGET)
    chosen = arguments.parse_args()
    export(*train(chosen.steps, chosen.seed), chosen.out)
