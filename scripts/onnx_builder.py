"""Build an ONNX graph node by node with seeded weights; protobuf suffices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from voice.tts.piper_cut import FLOAT, INT64, message

OPSET = 17


class Builder:
    """Nodes and weights of one graph; every method returns the name of the tensor it makes."""

    def __init__(self, seed: int) -> None:
        self.model = message("Model")(ir_version=8, producer_name="voice")
        self.model.opset_import.add(domain="", version=OPSET)
        self.graph = self.model.graph
        self.graph.name = "main_graph"
        self._random = np.random.default_rng(seed)
        self._constants: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self.scope = ""
        """What the names of the next nodes begin with."""

    def port(self, ports: Any, name: str, kind: int, *dims: int | str) -> str:
        tensor = ports.add(name=name).type.tensor_type
        tensor.elem_type = kind
        for dim in dims:
            tensor.shape.dim.add(**({"dim_param": dim} if isinstance(dim, str) else {"dim_value": dim}))
        return name

    def op(self, kind: str, *inputs: str, name: str = "", outputs: int = 1, **attributes: Any) -> Any:
        name = name or f"{self.scope}/{kind}_{len(self.graph.node)}"
        made = [f"{name}_output_{index}" for index in range(outputs)]
        node = self.graph.node.add(name=name, op_type=kind, input=inputs, output=made)
        for key, value in attributes.items():
            attribute = node.attribute.add(name=key)
            if isinstance(value, int):
                attribute.type, attribute.i = 2, value
            elif isinstance(value, float):
                attribute.type, attribute.f = 1, value
            else:
                attribute.type = 7
                attribute.ints.extend(value)
        return made[0] if outputs == 1 else made

    def tensor(self, name: str, array: Any) -> str:
        array = np.asarray(array)
        kind = INT64 if array.dtype == np.int64 else FLOAT
        array = array if kind == INT64 else array.astype(np.float32)
        self.graph.initializer.add(name=name, dims=array.shape, data_type=kind, raw_data=array.tobytes())
        return name

    def constant(self, value: Any) -> str:
        """An int64 tensor for ints and lists of ints, a float32 one for floats; equal ones are stored once."""
        array = np.asarray(value)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = self.tensor(f"constant_{len(self._constants)}", array)
        return self._constants[key]

    def weight(self, name: str, *dims: int, scale: float) -> str:
        return self.tensor(name, self._random.standard_normal(dims, dtype=np.float32) * np.float32(scale))

    def conv(
        self, name: str, x: str, size_in: int, size_out: int, kernel: int = 1, *,
        dilation: int = 1, groups: int = 1, gain: float = 1.0, bias: bool = True,
    ) -> str:  # fmt: skip
        """A convolution that keeps the length, named as torch names it: /enc_p/proj/Conv, enc_p.proj.weight."""
        fan_in = size_in // groups * kernel
        key = name.strip("/").replace("/", ".")
        inputs = [x, self.weight(f"{key}.weight", size_out, size_in // groups, kernel, scale=gain / math.sqrt(fan_in))]
        if bias:
            inputs.append(self.weight(f"{key}.bias", size_out, scale=0.01))
        pad = (kernel - 1) * dilation // 2
        return str(
            self.op(
                "Conv", *inputs, name=f"{name}/Conv",
                dilations=[dilation], group=groups, kernel_shape=[kernel], pads=[pad, pad], strides=[1],
            )
        )  # fmt: skip

    def add(self, a: str, b: str) -> str:
        return str(self.op("Add", a, b))

    def mul(self, a: str, b: str) -> str:
        return str(self.op("Mul", a, b))

    def swap(self, x: str) -> str:
        """Exchange channels and time: (b, c, t) and (b, t, c)."""
        return str(self.op("Transpose", x, perm=[0, 2, 1]))

    def norm(self, name: str, x: str, size: int) -> str:
        """Layer normalization over the channels of (b, c, t)."""
        gamma = self.tensor(f"{name}.gamma", np.ones(size, np.float32))
        beta = self.tensor(f"{name}.beta", np.zeros(size, np.float32))
        return self.swap(self.op("LayerNormalization", self.swap(x), gamma, beta, axis=-1, epsilon=1e-5))

    def part(self, x: str, axis: int, start: int, end: int, step: int = 1) -> str:
        bounds = (self.constant([value]) for value in (start, end, axis, step))
        return str(self.op("Slice", x, *bounds))

    def flip(self, x: str) -> str:
        return self.part(x, 1, -1, -(2**62), -1)

    def length(self, x: str, axis: int) -> str:
        """The size of one axis as an int64 tensor of shape (1,)."""
        return str(self.op("Slice", self.op("Shape", x), self.constant([axis]), self.constant([axis + 1])))

    def mask(self, lengths: str, size: str) -> str:
        """Ones (b, 1, size) up to each of `lengths` (b,)."""
        steps = self.op("Range", self.constant(0), self.op("Squeeze", size, self.constant([0])), self.constant(1))
        inside = self.op(
            "Less", self.op("Unsqueeze", steps, self.constant([0])), self.op("Unsqueeze", lengths, self.constant([1]))
        )
        return str(self.op("Unsqueeze", self.op("Cast", inside, to=FLOAT), self.constant([1])))
