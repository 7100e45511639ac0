"""Operations that are not converted, by what to use instead."""

from __future__ import annotations

__all__ = ["OTHERS", "RECURRENT", "RECURRENT_FIX", "instead_of"]

RECURRENT = ("LSTM", "GRU", "RNN", "Loop", "Scan")
"""Operations with a state of their own (ND801)."""
RECURRENT_FIX = "train a spiking recurrent network, as the example spiking_rnn does, and give it to neurodeploy through NIR or nd.Network"
_RELU = "train with Relu, Clip or LeakyRelu instead"
_NORM = "train with BatchNormalization instead, which becomes part of the weights"
_POOL = "use AveragePool or MaxPool"
_PRODUCT = "train a network without attention or gates: synapses multiply by constant weights"
_BLOCK = "use convolutions and dense layers"
_SAME = "export the network with the operations of ai.onnx only, for example with torch.onnx.export"
OTHERS: dict[str, str] = {
    **dict.fromkeys(("Gelu", "Erf", "Elu", "Selu", "Celu", "Softplus", "Softsign", "Mish", "HardSwish", "Swish"), _RELU),
    **dict.fromkeys(("ThresholdedRelu", "Shrink", "Exp", "Log", "Sqrt", "Pow", "Reciprocal", "Sin", "Cos", "Atan"), _RELU),
    **dict.fromkeys(("LayerNormalization", "InstanceNormalization", "GroupNormalization", "RMSNormalization"), _NORM),
    **dict.fromkeys(("LRN", "MeanVarianceNormalization", "LpNormalization", "SimplifiedLayerNormalization"), _NORM),
    **dict.fromkeys(("LpPool", "GlobalLpPool", "MaxRoiPool", "RoiAlign", "MaxUnpool", "AdaptiveAveragePool"), _POOL),
    **dict.fromkeys(("Attention", "MultiHeadAttention", "RotaryEmbedding", "Einsum", "TensorScatter"), _PRODUCT),
    **dict.fromkeys(("If", "Optional", "SequenceConstruct", "SequenceAt", "SplitToSequence"), "export the network for one fixed path"),
    **dict.fromkeys(("NonMaxSuppression", "TopK", "NonZero", "Unique", "OneHot"), "end the network before it, and compute it from the scores"),
    **dict.fromkeys(("ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp"), "use ReduceMean or MaxPool"),
    **dict.fromkeys(("QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger", "DynamicQuantizeLinear", "QLinearAdd"),
                    "quantize with pairs of QuantizeLinear and DequantizeLinear (quant_format=QuantFormat.QDQ)"),
    **dict.fromkeys(("RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Bernoulli", "Multinomial"),
                    "export the network in evaluation mode: model.eval()"),
    **dict.fromkeys(("GatherElements", "GatherND", "ScatterElements", "ScatterND", "Compress", "CumSum"), "use Slice, Concat and constant weights"),
    **dict.fromkeys(("GridSample", "AffineGrid", "DeformConv", "DFT", "STFT"), _BLOCK),
}  # fmt: skip
"""Operation -> what to do instead."""


def instead_of(kind: str, domain: str) -> str:
    """Return what to do about an operation. `kind`: its name. `domain`: its set of operations, "" for ONNX's own."""
    if domain == "ai.onnx.ml":
        return "pass the scikit-learn estimator itself, or export a neural network"
    if kind.startswith(("QLinear", "QGemm", "QAttention")):
        return OTHERS["QLinearConv"]
    if domain not in ("", "ai.onnx"):
        return OTHERS.get(kind, _SAME)
    return OTHERS.get(kind, f"{_BLOCK}, and Relu")
