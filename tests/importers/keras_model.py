"""What layers of Keras compute, one sample with channels last, window by window: a slow model that shares nothing with the reader.

Sources: https://keras.io/api/layers/ and, for the padding `same`, https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2
"""

from __future__ import annotations

import itertools

import numpy as np


def values_of(rows, samples, version=3):
    """(samples, ...) output of a list of rows, each of which reads the one before, or those that it names."""
    return np.stack([_sample(rows, sample, version) for sample in np.asarray(samples, dtype=np.float64)])


def _sample(rows, x, version):
    found = {}
    for row in rows:
        given = [found[name] for name in row.reads] or [x]
        if row.kind == "InputLayer":
            x = x if not row.reads else given[0]
        elif row.rows:
            x = _sample(row.rows, given[0], version)
        else:
            x = _layer(row, given, version)
        found[row.name] = x
    return x


def activation(name, x, version=3):
    if name in (None, "linear"):
        return x
    if name == "relu":
        return np.maximum(x, 0)
    if name == "relu6":
        return np.minimum(np.maximum(x, 0), 6)
    if name == "sigmoid":
        return 1 / (1 + np.exp(-x))
    if name == "tanh":
        return np.tanh(x)
    if name == "hard_sigmoid":
        return np.clip(x / 6 + 0.5 if version > 2 else 0.2 * x + 0.5, 0, 1)
    if name == "hard_tanh":
        return np.clip(x, -1, 1)
    if name == "leaky_relu":
        return np.where(x < 0, x * (0.2 if version > 2 else 0.3), x)
    assert name in ("softmax", "log_softmax")
    made = np.exp(x) / np.exp(x).sum()
    return made if name == "softmax" else np.log(made)


def pads(n, kernel, stride, dilation, padding):
    span = (kernel - 1) * dilation + 1
    if padding == "causal":
        return span - 1, 0
    if padding == "valid":
        return 0, 0
    total = max(span - stride, 0) if n % stride == 0 else max(span - n % stride, 0)
    return total // 2, total - total // 2


def windows(x, kernel, stride, dilation, padding, visit):
    """Call `visit(values, inside)` for every window: (*kernel, channels) values, and whether each lies in the tensor."""
    axes = len(kernel)
    edges = [pads(n, k, s, d, padding) for n, k, s, d in zip(x.shape[:axes], kernel, stride, dilation, strict=True)]
    wide = np.pad(x, [*edges, (0, 0)])
    inside = np.pad(np.ones(x.shape[:axes], dtype=bool), edges)
    counts = [
        (n - (k - 1) * d - 1) // s + 1 for n, k, s, d in zip(wide.shape[:axes], kernel, stride, dilation, strict=True)
    ]
    made = []
    for place in itertools.product(*map(range, counts)):
        index = np.ix_(
            *[[p * s + t * d for t in range(k)] for p, k, s, d in zip(place, kernel, stride, dilation, strict=True)]
        )
        made.append(visit(wide[index], inside[index]))
    return np.array(made).reshape(*counts, -1)


def _tuple(value, axes):
    return tuple(value) if isinstance(value, (list, tuple)) else (value,) * axes


def _geometry(row, axes, key="kernel_size"):
    kernel = _tuple(row.config.get(key, 2), axes)
    stride = row.config.get("strides") or (kernel if key == "pool_size" else 1)
    dilation = row.config.get("dilation_rate", 1)
    return kernel, _tuple(stride, axes), _tuple(dilation, axes), row.config.get("padding", "valid")


def _convolution(row, x, axes):
    kernel, groups = row.weights["kernel"].astype(float), row.config.get("groups", 1)
    parts = []
    for group in range(groups):
        width, filters = kernel.shape[-2], kernel.shape[-1] // groups
        own = kernel[..., group * filters : (group + 1) * filters]
        part = x[..., group * width : (group + 1) * width]
        parts.append(windows(part, *_geometry(row, axes), lambda v, _, own=own: np.tensordot(v, own, axes=axes + 1)))
    return np.concatenate(parts, axis=-1) + row.weights.get("bias", 0.0)


def _depthwise(row, x, axes):
    kernel = next(row.weights[name] for name in ("depthwise_kernel", "kernel") if name in row.weights).astype(float)

    def visit(v, _):
        return np.array(
            [[(v[..., c] * kernel[..., c, m]).sum() for m in range(kernel.shape[-1])] for c in range(v.shape[-1])]
        )

    return windows(x, *_geometry(row, axes), visit)


def _pool(row, x, axes):
    def largest(v, inside):
        return v[inside].max(axis=0)

    def mean(v, inside):
        return v[inside].mean(axis=0)

    return windows(x, *_geometry(row, axes, "pool_size"), largest if "Max" in row.kind else mean)


def _padding(row, x, axes):
    value = row.config.get("padding", 1)
    if isinstance(value, int):
        edges = [(value, value)] * axes
    elif axes == 1:
        edges = [tuple(value)]
    else:
        edges = [(item, item) if isinstance(item, int) else tuple(item) for item in value]
    return np.pad(x, [*edges, (0, 0)])


def _cropping(row, x, axes):
    value = row.config["cropping"]
    edges = [value] if axes == 1 else value
    return x[tuple(slice(a, n - b) for (a, b), n in zip(edges, x.shape, strict=False))]


def _normalized(row, x):
    axis = row.config.get("axis", -1)
    axis = axis[0] if isinstance(axis, list) else axis
    axis = axis - 1 if axis > 0 else axis + x.ndim
    moved, w = np.moveaxis(x, axis, -1), row.weights
    made = (moved - w["moving_mean"]) / np.sqrt(w["moving_variance"].astype(float) + row.config.get("epsilon", 1e-3))
    return np.moveaxis(made * w.get("gamma", 1.0) + w.get("beta", 0.0), -1, axis)


def _relu(row, x):
    high, slope = row.config.get("max_value"), row.config.get("negative_slope", 0.0)
    made = np.where(x < 0, slope * x, x)
    return made if high is None else np.minimum(made, high)


def _layer(row, given, version):
    x, kind, config = given[0], row.kind, row.config
    axes = 1 if kind.endswith("1D") else 2
    if kind == "Dense":
        made = x @ row.weights["kernel"].astype(float) + row.weights.get("bias", 0.0)
    elif kind.startswith("Conv"):
        made = _convolution(row, x, axes)
    elif kind.startswith("Depthwise"):
        made = _depthwise(row, x, axes) + row.weights.get("bias", 0.0)
    elif kind.startswith("Separable"):
        inner = _depthwise(row, x, axes)
        made = inner @ row.weights["pointwise_kernel"].reshape(inner.shape[-1], -1).astype(float) + row.weights.get(
            "bias", 0.0
        )
    else:
        return _simple(row, given, axes, version)
    return activation(config.get("activation"), made, version)


def _simple(row, given, axes, version):
    x, kind, config = given[0], row.kind, row.config
    if kind in ("MaxPooling1D", "MaxPooling2D", "AveragePooling1D", "AveragePooling2D"):
        return _pool(row, x, axes)
    if kind.startswith("Global"):
        reduce = np.max if "Max" in kind else np.mean
        return reduce(x, axis=tuple(range(axes)), keepdims=config.get("keepdims", False))
    tables = {
        "Dropout": lambda: x,
        "Activation": lambda: activation(config["activation"], x, version),
        "ReLU": lambda: _relu(row, x),
        "LeakyReLU": lambda: np.where(x < 0, x * config.get("negative_slope", config.get("alpha", 0.3)), x),
        "PReLU": lambda: np.where(x < 0, x * row.weights.get("alpha", 0.0), x),
        "Softmax": lambda: activation("softmax", x),
        "BatchNormalization": lambda: _normalized(row, x),
        "Rescaling": lambda: x * np.array(config["scale"]) + np.array(config.get("offset", 0.0)),
        "Normalization": lambda: (x - row.weights["mean"]) / np.sqrt(row.weights["variance"].astype(float)),
        "Flatten": x.ravel,
        "Reshape": lambda: x.reshape(config["target_shape"]),
        "Permute": lambda: x.transpose([item - 1 for item in config["dims"]]),
        "ZeroPadding1D": lambda: _padding(row, x, 1),
        "ZeroPadding2D": lambda: _padding(row, x, 2),
        "Cropping1D": lambda: _cropping(row, x, 1),
        "Cropping2D": lambda: _cropping(row, x, 2),
        "UpSampling1D": lambda: np.repeat(x, config.get("size", 2), axis=0),
        "UpSampling2D": lambda: np.repeat(
            np.repeat(x, _tuple(config.get("size", 2), 2)[0], axis=0), _tuple(config.get("size", 2), 2)[1], axis=1
        ),
        "Add": lambda: sum(given),
        "Subtract": lambda: given[0] - given[1],
        "Average": lambda: sum(given) / len(given),
        "Concatenate": lambda: np.concatenate(given, axis=config.get("axis", -1) - (config.get("axis", -1) > 0)),
    }
    return tables[kind]()
