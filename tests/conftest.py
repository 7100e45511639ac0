"""Fixtures that tests share, and what holds for every run of the tests.

Reference data (golden traces and real networks that other tools wrote) lie in the folder that the environment variable
NEURODEPLOY_REFERENCE_DATA names, by default `../shared`. A test that cannot run says what is missing; under CI=true that is a
failure, unless the reason also says why it "cannot be had".
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

# before the first import of numpy, and for every child: threads of workers that wait for each other's cores take many times longer
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]


SHARED = (
    "event_writers.py",
    "monitor/activities.py",
    "blame/small_conversions.py",
    "campaign/campaigns.py",
    "factories.py",
    "learners.py",
    "engines.py",
    "exported.py",
    "emulator/known_learning.py",
    "emulator/random_rules.py",
    "emulator/random_pes.py",
    "emulator/random_pes_programs.py",
    "emulator/random_programs.py",
    "emulator/random_faults.py",
    "house/benchmark_modules.py",
    "importers/keras_files.py",
    "importers/keras_model.py",
    "importers/netx_files.py",
    "importers/netx_model.py",
    "importers/onnx_models.py",
    "importers/sonata_circuits.py",
    "io/contents_of_files.py",
    "profile/tiny_runs.py",
    "plot/plot_studies.py",
    "program/mutations.py",
    "report/page/browser.py",
    "report/page/page_readers.py",
    "report/page/page_runs.py",
    "program/sealed_programs.py",
    "serve/asgi_calls.py",
    "serve/served_programs.py",
    "serve/raw_clients.py",
    "serve/stream_servers.py",
    "sweep/objectives.py",
)
"""Modules that tests import by their own name: without their folders, and so the checkout, on `sys.path`."""


class SharedModules(importlib.abc.MetaPathFinder):
    """Finds the shared modules when a test imports one."""

    def find_spec(self, name: str, path: object, target: object = None) -> importlib.machinery.ModuleSpec | None:
        files = [Path(__file__).parent / file for file in SHARED if Path(file).stem == name] if path is None else []
        return importlib.util.spec_from_file_location(name, files[0]) if files else None


sys.meta_path.insert(0, SharedModules())
factories = importlib.import_module("factories")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite golden files instead of comparing (refused under CI)",
    )


def pytest_configure(config: pytest.Config) -> None:
    factories.every_example = "not slow" not in config.option.markexpr
    # a shell has what it starts in the background ignore Ctrl-C, and children inherit that: tests of Ctrl-C would wait for ever
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):  # the same with nohup
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of properties belong to both runs: with few examples to the default one, with all of them to the slow one."""
    if factories.every_example:
        for item in items:
            if getattr(getattr(item, "obj", None), "is_hypothesis_test", False) or item.get_closest_marker("property"):
                item.add_marker("slow")
                item.add_marker("property")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Packed bytes are no name of a test: they may differ between the processes that share the tests."""
    return f"{argname}-of-{len(val)}-bytes" if isinstance(val, bytes) and not val.isascii() else None


def unexcused(report):
    """The report of a test or module; under CI a skip is a failure unless its reason says why what is missing cannot be had."""
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if "cannot be had: " not in reason:
            report.outcome = "failed"
            report.longrepr = f"{report.nodeid} is skipped, and nothing says why what it needs cannot be had: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    return unexcused((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    return unexcused((yield))


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    wanted = bool(request.config.getoption("--update-golden"))
    if wanted and os.environ.get("CI"):
        pytest.fail("--update-golden is refused under CI: a golden file would be compared with itself")
    return wanted


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Return a function: arguments -> (exit status, standard output, standard error)."""

    def run(*arguments: object) -> tuple[int, str, str]:
        status = factories.leave(arguments)
        out, err = capsys.readouterr()
        return status, out, err

    return run


@pytest.fixture
def nir_file(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a NIR file: nodes {name: (type, fields)}, or ("NIRGraph", (nodes, edges)); edges."""
    import h5py

    def graph(group, nodes, edges) -> None:
        group["type"] = "NIRGraph"
        group["edges"] = np.array(edges, dtype="S") if edges else np.zeros((0, 2))
        for name, (kind, fields) in nodes.items():
            child = group.create_group(f"nodes/{name}")
            if kind == "NIRGraph":
                graph(child, *fields)
                continue
            child["type"] = kind
            for key, value in fields.items():
                child[key] = value

    def write(nodes, edges, version: str = "1.0.6", name: str = "net.nir", **metadata) -> Path:
        with h5py.File(tmp_path / name, "w") as file:
            file["version"] = version
            graph(file.create_group("node"), nodes, edges)
            for key, value in metadata.items():
                file[f"node/metadata/{key}"] = value
        return tmp_path / name

    return write


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """Folder of golden traces and real networks that other tools wrote."""
    given = os.environ.get("NEURODEPLOY_REFERENCE_DATA")
    folder = Path(given) if given else ROOT.parent / "shared"
    if not (folder / "golden").is_dir():
        message = f"reference data is missing: '{folder}' has no folder 'golden'; set NEURODEPLOY_REFERENCE_DATA to run this test"
        if given:
            pytest.fail(message)
        pytest.skip(message)
    return folder


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="module", params=["native", "spec"])
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run each test on both engines of the emulator: engine "auto" stands for one, then for the other."""
    from neurodeploy_backends.emulator import backend

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backend, "PREFERRED", (request.param,))
        yield request.param
