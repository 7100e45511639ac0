"""Layers of Keras that are not converted, and what to use instead."""

from __future__ import annotations

from neurodeploy.importers.keras.activations import ACTIVATION_LAYERS
from neurodeploy.importers.keras.faults import LayerError, unsupported
from neurodeploy.importers.keras.operators import is_operator
from neurodeploy.importers.keras.shapes import SHAPE_LAYERS
from neurodeploy.importers.keras.spec import LayerSpec
from neurodeploy.importers.keras.windows import WINDOW_LAYERS

__all__ = ["READERS", "fault_of"]

READERS = {**WINDOW_LAYERS, **SHAPE_LAYERS, **ACTIVATION_LAYERS}
"""Class of a layer -> its reader."""
RECURRENT = (
    "LSTM", "GRU", "SimpleRNN", "RNN", "CuDNNLSTM", "CuDNNGRU", "Bidirectional", "TimeDistributed", "ConvLSTM1D", "ConvLSTM2D",
    "ConvLSTM3D", "LSTMCell", "GRUCell", "SimpleRNNCell", "StackedRNNCells",
)  # fmt: skip
INSTEAD = {
    "train with BatchNormalization, which becomes part of the weights": (
        "LayerNormalization", "GroupNormalization", "UnitNormalization", "RMSNormalization", "SpectralNormalization",
    ),
    "train with ReLU instead": ("ELU", "SELU", "GELU", "Swish"),
    "use UpSampling2D and a convolution": ("Conv1DTranspose", "Conv2DTranspose", "Convolution2DTranspose"),
    "use its 1-D or 2-D form": (
        "Conv3D", "Conv3DTranspose", "MaxPooling3D", "AveragePooling3D", "GlobalMaxPooling3D", "GlobalAveragePooling3D",
        "ZeroPadding3D", "Cropping3D", "UpSampling3D",
    ),
    "look the vectors up outside, and make them the input": ("Embedding", "Hashing", "StringLookup", "IntegerLookup", "TextVectorization"),
    "use layers whose weights are fixed; values cannot be multiplied by values": (
        "Multiply", "Dot", "Attention", "AdditiveAttention", "MultiHeadAttention", "GroupedQueryAttention", "EinsumDense",
    ),
    "use Add or Concatenate": ("Maximum", "Minimum"),
    "resize the samples before": ("Resizing", "CenterCrop", "RandomCrop"),
    "do it before the network": ("CategoryEncoding", "Discretization", "HashedCrossing", "Masking"),
    "use UpSampling1D": ("RepeatVector",),
    "use a convolution with shared weights": ("LocallyConnected1D", "LocallyConnected2D"),
}  # fmt: skip
"""What to use instead -> classes."""
_FIXES = {kind: fix for fix, kinds in INSTEAD.items() for kind in kinds}
OWN_CODE = ("Lambda", "TorchModuleWrapper", "TFSMLayer", "JaxLayer", "FlaxLayer")


def fault_of(spec: LayerSpec) -> LayerError | None:
    """Return why a layer cannot be converted, by its class; None if it can."""
    kind = spec.kind[:60]
    if kind in RECURRENT:
        steps = ["use its layer alone: a Dense layer is applied at every place"] if kind == "TimeDistributed" else []
        spiking = "train a spiking recurrent network, and export it to NIR"
        return LayerError("ND801", f"class {kind} needs its values of the last step", *steps, spiking)
    if kind in OWN_CODE:
        fixes = ("use layers of Keras instead, such as Rescaling, ReLU or Reshape",)
        return LayerError("ND820", f"class {kind} is code, which is never run", *fixes)
    if kind in READERS or kind == "InputLayer" or is_operator(spec):
        return _quantized(spec)
    if kind in _FIXES or spec.module.startswith("keras."):
        return unsupported(
            f"class {kind} is not converted",
            _FIXES.get(kind, "use one of the layers that the page 'Convert from Keras' lists"),
        )
    if kind.startswith(("TFOpLambda", "TensorFlowOp", "SlicingOpLambda", "ClassMethod")):
        function = str(spec.config.get("function") or spec.name)[:60]
        return unsupported(
            f"the TensorFlow function {function} is not converted", "use the layers Add, Subtract, Rescaling and ReLU"
        )
    message = f"class {kind or 'without a name'} is not one of Keras, and its code is not in the file"
    return LayerError("ND820", message, "build it from layers of Keras")


def _quantized(spec: LayerSpec) -> LayerError | None:
    policy = spec.config.get("dtype")
    if spec.config.get("quantization_config") or "Quantized" in str(policy):
        return unsupported("has quantized weights", "save the model before model.quantize")
    return None
