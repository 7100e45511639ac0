"""Kinds of content that files have in this field, whatever their names: what each is, and the way in."""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["CONTENTS", "Content", "Role"]

Role = Literal["network", "program", "samples", "events", "weights", "other"]
"""What a file is good for: a network, a program, samples of a stimulus, a recording of events, weights without a network, or
none of these."""


class Content(NamedTuple):
    """A kind of content."""

    key: str
    """Name of the kind in code, such as "torch_zip"."""
    words: str
    """What the file is, as the end of a sentence: "is a PyTorch archive, ..."."""
    way_in: str
    """What to do to use it here, in the imperative; "": nothing more to say."""
    role: Role
    suffix: str = ""
    """Suffix under which the content is read as it is; "": it is not read."""


_TORCH = (
    "load the weights into the model in PyTorch, and pass that to nd.convert or export it to ONNX; export a spiking network with "
    "the nir package of its framework"
)
_ANN = "make a spiking network of it: neurodeploy convert {} --calibrate train.npz -o network.nd.json"
_TO_ONNX = f"export it to ONNX, for example with tf2onnx, then {_ANN.format('model.onnx')}"
_ESTIMATOR = "a model of scikit-learn goes to nd.convert(model, calibration=x_train)"
_RUN = "run it and have it write the network to a file"

_ALL = (
    Content("empty", "an empty file", "copy or download it again", "other"),
    Content("lfs", "a Git LFS pointer, not the file itself", "fetch the file: git lfs pull", "other"),
    Content(
        "html", "a web page (HTML)", "download the file itself, on GitHub with 'Raw' or 'Download raw file'", "other"
    ),
    Content("torch_zip", "a PyTorch archive, whose pickle is never loaded", _TORCH, "weights"),
    Content("torch_legacy", "a PyTorch file of the old format, a pickle, which is never loaded", _TORCH, "weights"),
    Content("torch_script", "a TorchScript archive, whose code and pickles are never loaded", _TORCH, "weights"),
    Content(
        "pickle",
        "a pickle, which is never loaded",
        f"open it with the tool that wrote it, and export from there; {_ESTIMATOR}",
        "other",
    ),
    Content(
        "joblib",
        "a joblib file, a pickle, which is never loaded",
        f"load it in Python, and save its arrays with numpy.savez; {_ESTIMATOR}",
        "other",
    ),
    Content(
        "object_array",
        "a NumPy array of Python objects, a pickle, which is never loaded",
        "save it as numbers",
        "other",
    ),
    Content("keras_h5", "a Keras model (HDF5)", _ANN.format("MODEL.h5"), "weights"),
    Content("keras_zip", "a Keras model", _ANN.format("MODEL.keras"), "weights"),
    Content("saved_model", "a TensorFlow SavedModel", _TO_ONNX, "weights"),
    Content("tflite", "a TensorFlow Lite model", _TO_ONNX, "weights"),
    Content("onnx", "an ONNX model", _ANN.format("MODEL.onnx"), "weights"),
    Content("safetensors", "a file of weights without a network (safetensors)", _TORCH, "weights"),
    Content("nir", "a NIR graph", "name it .nir", "network", ".nir"),
    Content("netx", "a lava-dl network (netx)", "name it .net", "network", ".net"),
    Content("nd_json", "a network of neurodeploy", "name it .nd.json", "network", ".nd.json"),
    Content("nd_npz", "the arrays of a network of neurodeploy", "pass the .nd.json file beside it", "other"),
    Content("program", "a compiled program of neurodeploy", "name it .ndp", "program", ".ndp"),
    Content("recording", "a recording of neurodeploy", "name it .ndr", "other", ".ndr"),
    Content("state", "the state of a run of neurodeploy", "name it .nds", "other", ".nds"),
    Content("sonata_config", "a SONATA configuration", "name it .json", "network", ".json"),
    Content(
        "sonata_nodes",
        "a file of nodes of a SONATA network",
        "pass its circuit_config.json or simulation_config.json",
        "other",
    ),
    Content(
        "sonata_edges",
        "a file of edges of a SONATA network",
        "pass its circuit_config.json or simulation_config.json",
        "other",
    ),
    Content("sonata_spikes", "a file of spike trains (SONATA)", "pass it with --stimulus", "events", ".h5"),
    Content(
        "shd", "a file of spike recordings in the layout of SHD (HDF5)", "pass it with --stimulus", "events", ".h5"
    ),
    Content("events_h5", "a recording of events (HDF5)", "pass it with --stimulus", "events", ".h5"),
    Content("aedat2", "a recording of events (AEDAT 2)", "pass it with --stimulus", "events", ".aedat"),
    Content("aedat31", "a recording of events (AEDAT 3.1)", "pass it with --stimulus", "events", ".aedat"),
    Content("aedat4", "a recording of events (AEDAT 4)", "pass it with --stimulus", "events", ".aedat4"),
    Content("evt2", "a recording of events (Prophesee EVT 2)", "pass it with --stimulus", "events", ".raw"),
    Content("evt21", "a recording of events (Prophesee EVT 2.1)", "pass it with --stimulus", "events", ".raw"),
    Content("evt3", "a recording of events (Prophesee EVT 3)", "pass it with --stimulus", "events", ".raw"),
    Content("dat", "a recording of events (Prophesee DAT)", "pass it with --stimulus", "events", ".dat"),
    Content("rosbag", "a ROS bag", "export its events to .npz or .csv", "events"),
    Content("npz", "a file of NumPy arrays (.npz)", "pass samples or events with --stimulus", "samples", ".npz"),
    Content("npy", "a NumPy array (.npy)", "pass samples or events with --stimulus", "samples", ".npy"),
    Content("matlab", "a MATLAB file", "save its arrays with numpy.savez", "other"),
    Content("hdf5", "HDF5 of an unknown layout", "export the network to NIR", "other"),
    Content("hdf5_damaged", "HDF5 that is truncated or damaged", "copy or download it again", "other"),
    Content("zip", "a zip archive", "unpack it, and pass the network inside", "other"),
    Content("zip_damaged", "a zip archive that is truncated or damaged", "copy or download it again", "other"),
    Content("gzip", "a file compressed with gzip", "unpack it: gunzip, or tar -xzf", "other"),
    Content("bzip2", "a file compressed with bzip2", "unpack it: bunzip2, or tar -xjf", "other"),
    Content("xz", "a file compressed with xz", "unpack it: unxz, or tar -xJf", "other"),
    Content("zstd", "a file compressed with zstd", "unpack it: unzstd", "other"),
    Content("7z", "a 7-Zip archive", "unpack it, and pass the network inside", "other"),
    Content("tar", "a tar archive", "unpack it: tar -xf", "other"),
    Content(
        "sanafe",
        "a SANA-FE network",
        "export the network that it was made from to NIR; the format itself is not read",
        "network",
    ),
    Content("neuroml", "a NeuroML or LEMS document", "export the network to SONATA, as PyNN does", "network"),
    Content("tennlab", "a TENNLab network", "export the network to NIR; the format itself is not read", "network"),
    Content(
        "pynn",
        "a Python script that uses PyNN",
        "call pyNN.serialization.export_to_sonata, and pass circuit_config.json",
        "other",
    ),
    Content(
        "brian2",
        "a Python script that uses Brian 2",
        "write its weights and parameters as a network with nd.Network",
        "other",
    ),
    Content("nengo", "a Python script that uses Nengo", "pass the network in it, as FILE.py:NAME", "other"),
    Content("torch_script_py", "a Python script that uses PyTorch", f"{_RUN} (NIR)", "other"),
    Content("python", "a Python script", f"{_RUN} (NIR, SONATA or .nd.json)", "other"),
    Content("notebook", "a Jupyter notebook", f"{_RUN} (NIR, SONATA or .nd.json)", "other"),
    Content("json", "JSON of an unknown kind", "export the network to NIR, SONATA or .nd.json", "other"),
    Content("toml", "TOML text", "a list of layer shapes is checked with neurodeploy check --shapes-only", "other"),
    Content("yaml", "YAML text", "export the network to NIR, SONATA or .nd.json", "other"),
    Content("xml", "an XML document", "export the network to NIR, SONATA or .nd.json", "other"),
    Content("csv", "a table of numbers (CSV)", "pass samples or events with --stimulus", "samples", ".csv"),
    Content("image", "an image", "pass the network, not a picture of it", "other"),
    Content("pdf", "a PDF document", "pass the network, not a description of it", "other"),
    Content("text", "text of an unknown kind", "export the network to NIR, SONATA or .nd.json", "other"),
    Content("text_utf16", "text in UTF-16", "save it as UTF-8", "other"),
)
CONTENTS = {item.key: item for item in _ALL}
"""All kinds by key."""
