"""The messages of an ONNX file that a cut needs, declared to protobuf here so that onnx need not be installed.

Fields that are not declared pass through reading and writing untouched. Numbers are those of the
ONNX project's onnx.proto.
"""

from __future__ import annotations

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
