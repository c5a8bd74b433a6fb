"""Where a Piper voice's graph may be cut, and where it may not."""

import pytest

from tests.tts.test_piper import MINI
from voice.tts.piper_cut import CutError, cut, message


def test_a_graph_without_its_decoders_name_is_refused() -> None:
    whole = message("Model").FromString(MINI.read_bytes())
    for node in whole.graph.node:
        node.name = node.name.replace("conv_pre", "stem")
        node.input[:] = [name.replace("conv_pre", "stem") for name in node.input]
    with pytest.raises(CutError, match="it has 0 nodes named conv_pre and 1 outputs"):
        cut(whole.SerializeToString())


def test_a_decoder_that_looks_past_the_cut_is_refused() -> None:
    whole = message("Model").FromString(MINI.read_bytes())
    (last,) = (node for node in whole.graph.node if list(node.output) == ["output"])
    last.output[0] = "almost"
    whole.graph.node.add(op_type="Mul", name="/louder", input=["almost", "scales"], output=["output"])
    with pytest.raises(CutError, match="its decoder also reads scales"):
        cut(whole.SerializeToString())


def test_the_cut_sees_what_branches_read() -> None:
    """An If whose branch reads a tensor of the graph around it, as torch writes for a squeeze."""
    whole = message("Model").FromString(MINI.read_bytes())
    (last,) = (node for node in whole.graph.node if list(node.output) == ["output"])
    (audio, axes) = last.input
    whole.graph.node.remove(last)
    node = whole.graph.node.add(op_type="If", name="/If", input=["yes"], output=["output"])
    whole.graph.initializer.add(name="yes", data_type=9, raw_data=b"\1")
    for branch in ("then_branch", "else_branch"):
        graph = node.attribute.add(name=branch, type=5).g
        graph.name = branch
        graph.node.add(op_type="Unsqueeze", input=[audio, axes], output=[branch])
        graph.output.add(name=branch).type.tensor_type.elem_type = 1
    text, _, decoder = (message("Model").FromString(part) for part in cut(whole.SerializeToString()))
    assert "/If" in {node.name for node in decoder.graph.node}
    assert "/dec/Tanh" in {node.name for node in decoder.graph.node}
    assert not {node.name for node in text.graph.node} & {node.name for node in decoder.graph.node}


def test_a_flow_that_reads_something_else_is_refused_and_can_be_left_uncut() -> None:
    whole = message("Model").FromString(MINI.read_bytes())
    first = next(node for node in whole.graph.node if node.name.startswith("/flow/"))
    whole.graph.node.add(op_type="Shape", name="/flow/Shape", input=["input"], output=["size"])
    assert first.name.startswith("/flow/")
    with pytest.raises(CutError, match="its flow reads 3 tensors of the text"):
        cut(whole.SerializeToString())
    text, flow, decoder = cut(whole.SerializeToString(), flow=False)
    assert text and decoder and flow == b""
