"""Piper's network cut in three: what reads the text, the flow and the decoder. The graph is read as protobuf."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

_FIELDS = {
    "Model": {
        "ir_version": (1, "int64"),
        "producer_name": (2, "string"),
        "graph": (7, "Graph"),
        "opset_import": (8, "[OperatorSet]"),
    },
    "OperatorSet": {"domain": (1, "string"), "version": (2, "int64")},
    "Graph": {
        "node": (1, "[Node]"),
        "name": (2, "string"),
        "initializer": (5, "[Tensor]"),
        "input": (11, "[ValueInfo]"),
        "output": (12, "[ValueInfo]"),
    },
    "Node": {
        "input": (1, "[string]"),
        "output": (2, "[string]"),
        "name": (3, "string"),
        "op_type": (4, "string"),
        "attribute": (5, "[Attribute]"),
    },
    "Attribute": {
        "name": (1, "string"),
        "f": (2, "float"),
        "i": (3, "int64"),
        "s": (4, "bytes"),
        "t": (5, "Tensor"),
        "g": (6, "Graph"),
        "floats": (7, "[float]"),
        "ints": (8, "[int64]"),
        "graphs": (11, "[Graph]"),
        "type": (20, "int32"),
    },
    "Tensor": {
        "dims": (1, "[int64]"),
        "data_type": (2, "int32"),
        "name": (8, "string"),
        "raw_data": (9, "bytes"),
    },
    "ValueInfo": {"name": (1, "string"), "type": (2, "Type")},
    "Type": {"tensor_type": (1, "TensorType")},
    "TensorType": {"elem_type": (1, "int32"), "shape": (2, "Shape")},
    "Shape": {"dim": (1, "[Dimension]")},
    "Dimension": {"dim_value": (1, "int64"), "dim_param": (2, "string")},
}
_SCALARS = {"float": 2, "int64": 3, "int32": 5, "string": 9, "bytes": 12}
_MESSAGE = 11

FLOAT, INT64 = 1, 7
"""Element types of a tensor."""


def message(name: str) -> Any:
    """The protobuf class of one of the messages above, for example message("Model")."""
    return _classes()[f"voice_onnx.{name}"]


@cache
def _classes() -> dict[str, Any]:
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="voice_onnx.proto", package="voice_onnx", syntax="proto2")
    for message_name, fields in _FIELDS.items():
        declared = file.message_type.add(name=message_name)
        for field_name, (number, kind) in fields.items():
            field: Any = declared.field.add(name=field_name, number=number, label=3 if kind.startswith("[") else 1)
            kind = kind.strip("[]")
            if kind in _SCALARS:
                field.type = _SCALARS[kind]
            else:
                field.type, field.type_name = _MESSAGE, f".voice_onnx.{kind}"
    # A pool of its own: the real onnx package may be loaded in the same process.
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    classes: dict[str, Any] = message_factory.GetMessageClassesForFiles([file.name], pool)
    return classes


class CutError(Exception):
    """This voice cannot be cut; it is spoken whole."""


def cut(model: bytes, *, flow: bool = True) -> tuple[bytes, bytes, bytes]:
    """Serialized parts: of the text (inputs as before; outputs columns and durations), flow and decoder (audio).

    Without `flow` the first has it, and the second is empty. Raises CutError when the file holds no graph that ends in
    one decoder with a `conv_pre`, or no flow.
    """
    whole = message("Model").FromString(model)
    graph = whole.graph
    starts = [
        node
        for node in graph.node
        if node.op_type == "Conv" and any("conv_pre" in name for name in [node.name, *node.input])
    ]
    if len(starts) != 1 or len(graph.output) != 1:
        raise CutError(f"it has {len(starts)} nodes named conv_pre and {len(graph.output)} outputs, not one of each")
    frames = starts[0].input[0]
    between = _before_flow(graph) if flow else []
    durations = [node.output[0] for node in graph.node if node.op_type == "Ceil"]
    ends = [between[0] if between else frames, *(durations if len(durations) == 1 else [])]
    decoder = _part(whole, [graph.output[0].name], given=[frames], name="decoder")
    middle = _part(whole, [frames], given=between, name="flow").SerializeToString() if between else b""
    return _part(whole, ends, given=[], name="").SerializeToString(), middle, decoder.SerializeToString()


def _before_flow(graph: Any) -> list[str]:
    """What the flow reads of the text: the columns, once, and many times the mask that says where they end."""
    of_text, after = {"input"}, set[str]()
    read = Counter[str]()
    for node in graph.node:  # in the order in which they run
        names = _read_by(node)
        if node.name.startswith("/flow/"):
            read.update(name for name in names if name in of_text and name not in after)
        if node.name.startswith("/flow/") or not after.isdisjoint(names):
            after.update(node.output)
        if not of_text.isdisjoint(names):
            of_text.update(node.output)
    if len(read) != 2:
        raise CutError(f"its flow reads {len(read)} tensors of the text, not the columns and their mask")
    return [name for name, _ in reversed(read.most_common())]


def _part(whole: Any, outputs: list[str], given: list[str], name: str) -> Any:
    """The model that computes `outputs` from the whole's inputs, or from the speaker and the tensors `given`."""
    makers = {name: node for node in whole.graph.node for name in node.output}
    needed: set[str] = set()
    open_names = [*outputs]
    while open_names:
        wanted = open_names.pop()
        if wanted in needed:
            continue
        needed.add(wanted)
        if wanted not in given and wanted in makers:
            open_names.extend(_read_by(makers[wanted]))
    part = message("Model")(ir_version=whole.ir_version, producer_name=whole.producer_name)
    part.opset_import.extend(whole.opset_import)
    part.graph.name = whole.graph.name
    part.graph.node.extend(
        node for node in whole.graph.node if any(made in needed and made not in given for made in node.output)
    )
    part.graph.initializer.extend(weight for weight in whole.graph.initializer if weight.name in needed)
    part.graph.input.extend(port for port in whole.graph.input if port.name in needed)
    if given and (more := {port.name for port in part.graph.input} - {"sid"}):
        raise CutError(f"its {name} also reads {', '.join(sorted(more))}")
    for tensor in given:
        part.graph.input.add(name=tensor).type.tensor_type.elem_type = FLOAT
    known = {port.name: port for port in whole.graph.output}
    part.graph.output.extend(known.get(output) or message("ValueInfo")(name=output) for output in outputs)
    return part


def _read_by(node: Any) -> list[str]:
    """Names a node reads, those read inside its branches and loops included."""
    names = list(node.input)
    for attribute in node.attribute:
        for graph in [*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])]:
            names.extend(name for inner in graph.node for name in _read_by(inner))
            names.extend(port.name for port in graph.output)
    return names
