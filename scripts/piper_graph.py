"""Write a VITS voice as Piper exports it: the same inputs, output, node names and layer shapes, with seeded weights.

The stochastic duration predictor keeps its convolutions but moves by an affine step instead of a spline; the rest is
computed as in piper.train.vits.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

from onnx_builder import Builder

from voice.tts.piper_cut import FLOAT, INT64


@dataclass(frozen=True)
class Shape:
    """The dimensions of a voice; the defaults are Piper's low and medium quality."""

    hidden: int = 192
    filter: int = 768
    layers: int = 6
    heads: int = 2
    flows: int = 4
    flow_layers: int = 4
    duration_flows: int = 3
    decoder: int = 256
    upsample: tuple[tuple[int, int], ...] = ((8, 16), (8, 16), (4, 8))
    resblocks: tuple[tuple[int, tuple[int, ...]], ...] = ((3, (1, 2)), (5, (2, 6)), (7, (3, 12)))
    two_convolutions: bool = False
    rate: int = 22_050
    frames_per_id: float = 2.2
    symbols: int = 256
    speakers: int = 1
    speaker_size: int = 512


WINDOW = 4
"""Reach of relative positions in the text encoder's attention."""


def text_encoder(b: Builder, s: Shape, ids: str, mask: str) -> tuple[str, str, str]:
    """Hidden text, and mean and log deviation of the prior; each (b, channels, ids)."""
    emb = b.weight("enc_p.emb.weight", s.symbols, s.hidden, scale=s.hidden**-0.5)
    x = b.mul(b.swap(b.mul(b.op("Gather", emb, ids), b.constant(math.sqrt(s.hidden)))), mask)
    for layer in range(s.layers):
        where = f"/enc_p/encoder/{layer}"
        x = b.norm(f"{where}/norm_1", b.add(x, attention(b, s, f"{where}/attn", x)), s.hidden)
        y = b.op("Relu", b.conv(f"{where}/ffn/conv_1", b.mul(x, mask), s.hidden, s.filter, 3))
        y = b.mul(b.conv(f"{where}/ffn/conv_2", b.mul(y, mask), s.filter, s.hidden, 3), mask)
        x = b.norm(f"{where}/norm_2", b.add(x, y), s.hidden)
    x = b.mul(x, mask)
    stats = b.mul(b.conv("/enc_p/proj", x, s.hidden, 2 * s.hidden, gain=0.3), mask)
    return x, b.part(stats, 1, 0, s.hidden), b.part(stats, 1, s.hidden, 2 * s.hidden)


def attention(b: Builder, s: Shape, where: str, x: str) -> str:
    """Self-attention with relative positions, as in VITS: (b, c, t) to (b, c, t). A batch of one needs no mask."""
    size = s.hidden // s.heads
    split = b.constant([0, s.heads, size, -1])

    def heads(name: str) -> str:
        """(b, heads, t, size)"""
        projected = b.op("Reshape", b.conv(f"{where}/{name}", x, s.hidden, s.hidden), split)
        return str(b.op("Transpose", projected, perm=[0, 1, 3, 2]))

    def relative(name: str) -> str:
        """Embeddings for distances −(t−1)…t−1, (1, 2t−1, size): the learned ones in the middle, zeros outside."""
        learned = b.weight(f"{where}/{name}".strip("/").replace("/", "."), 1, 2 * WINDOW + 1, size, scale=size**-0.5)
        missing = b.op("Sub", time, b.constant([WINDOW + 1]))
        pad = b.op("Max", missing, b.constant([0]))
        start = b.op("Max", b.op("Neg", missing), b.constant([0]))
        zero = b.constant([0])
        padded = b.op("Pad", learned, b.op("Concat", zero, pad, zero, zero, pad, zero, axis=0))
        return str(b.op("Slice", padded, start, b.op("Add", start, width), b.constant([1])))

    query = b.mul(heads("conv_q"), b.constant(size**-0.5))
    key, value = heads("conv_k"), heads("conv_v")
    time = b.length(x, 2)
    width = b.op("Sub", b.op("Mul", time, b.constant([2])), b.constant([1]))
    by_distance = b.op("MatMul", query, b.op("Transpose", relative("emb_rel_k"), perm=[0, 2, 1]))
    scores = b.add(
        b.op("MatMul", query, b.op("Transpose", key, perm=[0, 1, 3, 2])), skew(b, s, by_distance, time, width)
    )
    weights = b.op("Softmax", scores, axis=-1)
    y = b.add(b.op("MatMul", weights, value), b.op("MatMul", unskew(b, s, weights, time, width), relative("emb_rel_v")))
    y = b.op("Reshape", b.op("Transpose", y, perm=[0, 1, 3, 2]), b.constant([0, s.hidden, -1]))
    return b.conv(f"{where}/conv_o", y, s.hidden, s.hidden)


def skew(b: Builder, s: Shape, x: str, time: str, width: str) -> str:
    """From distances (b, h, t, 2t−1) to positions (b, h, t, t)."""
    one, heads, zero = b.constant([1]), b.constant([s.heads]), b.constant([0])
    x = b.op("Pad", x, b.constant([0, 0, 0, 0, 0, 0, 0, 1]))
    x = b.op("Reshape", x, b.constant([1, s.heads, -1]))
    x = b.op("Pad", x, b.op("Concat", b.constant([0] * 5), b.op("Sub", time, one), axis=0))
    x = b.op("Reshape", x, b.op("Concat", one, heads, b.op("Add", time, one), width, axis=0))
    x = b.op("Slice", x, zero, time, b.constant([2]))
    return str(b.op("Slice", x, b.op("Sub", time, one), width, b.constant([3])))


def unskew(b: Builder, s: Shape, x: str, time: str, width: str) -> str:
    """From positions (b, h, t, t) to distances (b, h, t, 2t−1)."""
    one, heads = b.constant([1]), b.constant([s.heads])
    before = b.op("Sub", time, one)
    x = b.op("Pad", x, b.op("Concat", b.constant([0] * 7), before, axis=0))
    x = b.op("Reshape", x, b.constant([1, s.heads, -1]))
    x = b.op("Pad", x, b.op("Concat", b.constant([0, 0]), time, b.constant([0, 0, 0]), axis=0))
    x = b.op("Reshape", x, b.op("Concat", one, heads, time, b.op("Mul", time, b.constant([2])), axis=0))
    return str(b.op("Slice", x, one, b.op("Add", width, one), b.constant([3])))


def separable(b: Builder, s: Shape, where: str, x: str, mask: str) -> str:
    """Three dilated depth-separable convolutions with residuals."""
    for layer in range(3):
        y = b.conv(
            f"{where}/convs_sep/{layer}", b.mul(x, mask), s.hidden, s.hidden, 3, dilation=3**layer, groups=s.hidden
        )
        y = gelu(b, b.norm(f"{where}/norms_1/{layer}", y, s.hidden))
        y = b.conv(f"{where}/convs_1x1/{layer}", y, s.hidden, s.hidden)
        x = b.add(x, gelu(b, b.norm(f"{where}/norms_2/{layer}", y, s.hidden)))
    return b.mul(x, mask)


def gelu(b: Builder, x: str) -> str:
    erf = b.op("Erf", b.mul(x, b.constant(math.sqrt(0.5))))
    return b.mul(b.mul(x, b.add(erf, b.constant(1.0))), b.constant(0.5))


def durations(b: Builder, s: Shape, x: str, mask: str, noise: str, speaker: str) -> str:
    """Log frames per id, (b, 1, ids), about `frames_per_id` with a spread by id and by noise."""
    hidden = b.conv("/dp/pre", x, s.hidden, s.hidden)
    if speaker:
        hidden = b.add(hidden, b.conv("/dp/cond", speaker, s.speaker_size, s.hidden))
    hidden = b.mul(b.conv("/dp/proj", separable(b, s, "/dp/convs", hidden, mask), s.hidden, s.hidden), mask)
    z = b.mul(b.op("RandomNormalLike", b.op("Expand", mask, b.constant([1, 2, 1])), dtype=FLOAT), noise)
    for flow in range(s.duration_flows):
        z = b.flip(z)
        first, second = b.part(z, 1, 0, 1), b.part(z, 1, 1, 2)
        where = f"/dp/flows.{flow}"
        y = b.add(b.conv(f"{where}/pre", first, 1, s.hidden), hidden)
        y = b.conv(f"{where}/proj", separable(b, s, f"{where}/convs", y, mask), s.hidden, 29, gain=0.3)
        second = b.add(second, b.op("ReduceMean", y, axes=[1], keepdims=1))
        z = b.mul(b.op("Concat", first, second, axis=1), mask)
    spread = b.mul(b.part(z, 1, 1, 2), b.constant(0.4))
    # Rounding up adds half a frame on average, the spread a little more.
    return b.add(spread, b.constant(math.log(s.frames_per_id - 0.5)))


def coupling(b: Builder, s: Shape, where: str, x: str, mask: str, speaker: str) -> str:
    """One mean-only affine coupling, backwards, with a WaveNet of `flow_layers`."""
    half = s.hidden // 2
    first, second = b.part(x, 1, 0, half), b.part(x, 1, half, s.hidden)
    h = b.mul(b.conv(f"{where}/pre", first, half, s.hidden), mask)
    total = ""
    condition = ""
    if speaker:
        condition = b.conv(f"{where}/enc/cond_layer", speaker, s.speaker_size, 2 * s.hidden * s.flow_layers)
    for layer in range(s.flow_layers):
        y = b.conv(f"{where}/enc/in_layers/{layer}", h, s.hidden, 2 * s.hidden, 5)
        if condition:
            y = b.add(y, b.part(condition, 1, 2 * s.hidden * layer, 2 * s.hidden * (layer + 1)))
        gate = b.op("Sigmoid", b.part(y, 1, s.hidden, 2 * s.hidden))
        y = b.mul(b.op("Tanh", b.part(y, 1, 0, s.hidden)), gate)
        last = layer == s.flow_layers - 1
        y = b.conv(f"{where}/enc/res_skip_layers/{layer}", y, s.hidden, s.hidden if last else 2 * s.hidden)
        if not last:
            h = b.mul(b.add(h, b.part(y, 1, 0, s.hidden)), mask)
            y = b.part(y, 1, s.hidden, 2 * s.hidden)
        total = b.add(total, y) if total else y
    mean = b.conv(f"{where}/post", b.mul(total, mask), s.hidden, half, gain=0.1)
    return str(b.op("Concat", first, b.mul(b.op("Sub", second, mean), mask), axis=1))


def decoder(b: Builder, s: Shape, x: str, speaker: str) -> str:
    """HiFi-GAN: (b, hidden, frames) to (b, 1, samples)."""
    x = b.conv("/dec/conv_pre", x, s.hidden, s.decoder, 7)
    if speaker:
        x = b.add(x, b.conv("/dec/cond", speaker, s.speaker_size, s.decoder))
    size = s.decoder
    for stage, (stride, kernel) in enumerate(s.upsample):
        weight = b.weight(f"dec.ups.{stage}.weight", size, size // 2, kernel, scale=(size * kernel / stride) ** -0.5)
        bias = b.weight(f"dec.ups.{stage}.bias", size // 2, scale=0.1)
        pad = (kernel - stride) // 2
        x = b.op(
            "ConvTranspose", b.op("LeakyRelu", x, alpha=0.1), weight, bias, name=f"/dec/ups.{stage}/ConvTranspose",
            dilations=[1], group=1, kernel_shape=[kernel], pads=[pad, pad], strides=[stride],
        )  # fmt: skip
        size //= 2
        blocks = ""
        for index, (kernel, dilations) in enumerate(s.resblocks):
            y = x
            for step, dilation in enumerate(dilations):
                where = f"/dec/resblocks.{stage * len(s.resblocks) + index}"
                z = b.conv(
                    f"{where}/convs1.{step}", b.op("LeakyRelu", y, alpha=0.1), size, size, kernel, dilation=dilation
                )
                if s.two_convolutions:
                    z = b.conv(f"{where}/convs2.{step}", b.op("LeakyRelu", z, alpha=0.1), size, size, kernel)
                y = b.add(y, z)
            blocks = b.add(blocks, y) if blocks else y
        x = b.op("Div", blocks, b.constant(float(len(s.resblocks))))
    x = b.conv("/dec/conv_post", b.op("LeakyRelu", x, alpha=0.01), size, 1, 7, gain=0.1, bias=False)
    return str(b.op("Tanh", x, name="/dec/Tanh"))


def voice(s: Shape, seed: int) -> bytes:
    """The model: input (1, ids), input_lengths (1,), scales (3,), with speakers sid (1,) → output (1, 1, 1, n)."""
    b = Builder(seed)
    ids = b.port(b.graph.input, "input", INT64, "batch_size", "phonemes")
    lengths = b.port(b.graph.input, "input_lengths", INT64, "batch_size")
    scales = b.port(b.graph.input, "scales", FLOAT, 3)
    noise, pace, noise_w = (b.part(scales, 0, index, index + 1) for index in range(3))
    speaker = ""
    if s.speakers > 1:
        sid = b.port(b.graph.input, "sid", INT64, "batch_size")
        table = b.weight("emb_g.weight", s.speakers, s.speaker_size, scale=1.0)
        speaker = b.op("Unsqueeze", b.op("Gather", table, sid), b.constant([2]))
    mask = b.mask(lengths, b.length(ids, 1))
    x, mean, deviation = text_encoder(b, s, ids, mask)

    logw = durations(b, s, x, mask, noise_w, speaker)
    frames = b.op("Ceil", b.mul(b.mul(b.op("Exp", logw), mask), pace), name="/Ceil")
    total = b.op("ReduceSum", frames, b.constant([1, 2]), keepdims=0)
    total = b.op("Cast", b.op("Max", total, b.constant(1.0)), to=INT64)
    length = b.op("ReduceMax", total, axes=[0], keepdims=1)
    frame_mask = b.mask(total, length)
    # Frame f belongs to the id whose cumulated durations first exceed f.
    ends = b.op("Squeeze", b.op("CumSum", frames, b.constant(2)), b.constant([1]))
    until = b.op("Cast", b.op("Cast", ends, to=INT64), to=INT64)
    steps = b.op("Range", b.constant(0), b.op("Squeeze", length, b.constant([0])), b.constant(1))
    before = b.op(
        "Cast",
        b.op("Less", b.op("Unsqueeze", steps, b.constant([0])), b.op("Unsqueeze", until, b.constant([2]))),
        to=FLOAT,
    )
    shifted = b.part(b.op("Pad", before, b.constant([0, 1, 0, 0, 0, 0])), 1, 0, -1)
    path = b.swap(b.op("Sub", before, shifted))
    mean = b.swap(b.op("MatMul", path, b.swap(mean)))
    deviation = b.swap(b.op("MatMul", path, b.swap(deviation)))

    random = b.op("RandomNormalLike", mean, dtype=FLOAT)
    z = b.add(mean, b.mul(b.mul(random, b.op("Exp", deviation)), noise))
    b.scope = "/flow"
    for flow in reversed(range(s.flows)):
        z = coupling(b, s, f"/flow/flows.{2 * flow}", b.flip(z), frame_mask, speaker)
    b.scope = ""
    audio = decoder(b, s, b.mul(z, frame_mask), speaker)

    b.graph.node.add(name="/Unsqueeze", op_type="Unsqueeze", input=[audio, b.constant([1])], output=["output"])
    b.port(b.graph.output, "output", FLOAT, "batch_size", 1, "time", "samples")
    return bytes(b.model.SerializeToString(deterministic=True))


def write_voice(path: Path, s: Shape, seed: int, language: str = "en-us", quality: str = "low") -> None:
    """Write `path` (.onnx) and the .onnx.json beside it, in the form of Piper's published voices."""
    from piper.phoneme_ids import DEFAULT_PHONEME_ID_MAP

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(voice(s, seed))
    config = {
        "audio": {"sample_rate": s.rate, "quality": quality},
        "espeak": {"voice": language},
        "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
        "phoneme_type": "espeak",
        "phoneme_map": {},
        "phoneme_id_map": DEFAULT_PHONEME_ID_MAP,
        "num_symbols": s.symbols,
        "num_speakers": s.speakers,
        "speaker_id_map": {f"speaker{index}": index for index in range(s.speakers)} if s.speakers > 1 else {},
        "piper_version": "1.0.0",
    }
    path.with_name(path.name + ".json").write_text(
        json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
