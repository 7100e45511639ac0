"""The sdist, the wheel built from it, and that wheel installed in an empty environment outside the checkout."""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType

import pytest

from neurodeploy.native.sources import NOT_BUILT, kernel_folders, library_name
from neurodeploy.native.toolchain import platform_tag

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PACKAGES = {
    "neurodeploy": ROOT / "neurodeploy",
    "neurodeploy_backends": ROOT / "backends" / "neurodeploy_backends",
    "neurodeploy_targets": ROOT / "targets" / "neurodeploy_targets",
}


def run(*words: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    command = [str(word) for word in words]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, env={**clean, **environment}, timeout=900
    )


def both(out: Path, **environment: str) -> tuple[Path, Path]:
    """(sdist, wheel). The wheel is built from the sdist, so a file missing from the sdist is missing from both."""
    result = run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT, cwd=out, **environment)
    assert result.returncode == 0, result.stdout + result.stderr
    (sdist,), (wheel,) = out.glob("*.tar.gz"), out.glob("*.whl")
    return sdist, wheel


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(sdist, wheel), without libraries, which take long to compile."""
    return both(tmp_path_factory.mktemp("dist"), NEURODEPLOY_BUILD="off")


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(sdist, wheel), with libraries."""
    return both(tmp_path_factory.mktemp("compiled"))


@pytest.fixture(scope="module")
def installed(compiled: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds only the wheel and its declared dependencies."""
    home = tmp_path_factory.mktemp("elsewhere")
    assert run(sys.executable, "-m", "venv", home / "venv", cwd=home).returncode == 0
    python = next(path for path in ((home / "venv/bin/python"), (home / "venv/Scripts/python.exe")) if path.exists())
    result = run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", compiled[1], cwd=home)
    if result.returncode and "Could not find a version" in result.stderr:
        pytest.skip("a package index is missing: the dependencies of the wheel cannot be installed")
    assert result.returncode == 0, result.stdout + result.stderr
    return python


def sources() -> set[str]:
    """Files of the three packages, as paths in the wheel, without what this checkout has built."""
    return {
        f"{name}/{path.relative_to(folder).as_posix()}"
        for name, folder in PACKAGES.items()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
        if not path.name.startswith(("_kernels", "._kernels")) and path.name != NOT_BUILT.name
    }


def members_of(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def text_in(wheel: Path, ending: str) -> str:
    """The one member whose name ends like this."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(ending))
        return archive.read(name).decode()


def test_wheel_holds_exactly_the_files_of_the_three_packages(built: tuple[Path, Path]) -> None:
    """Without libraries, it holds the reason, and serves any machine."""
    reason = f"neurodeploy/native/{NOT_BUILT.name}"
    members = members_of(built[1])
    assert members == sources() | {reason}
    assert {"neurodeploy/py.typed", "neurodeploy_backends/py.typed", "neurodeploy_targets/loihi1.toml"} <= members
    assert any(re.match(r"neurodeploy/diagnostics/rules/.*\.toml", name) for name in members)
    assert text_in(built[1], reason) == "NEURODEPLOY_BUILD was off"
    assert built[1].name == f"neurodeploy-{PROJECT['version']}-py3-none-any.whl"
    assert "Root-Is-Purelib: true" in text_in(built[1], ".dist-info/WHEEL")


@pytest.mark.slow
def test_wheel_with_libraries_serves_every_python_of_its_platform(compiled: tuple[Path, Path]) -> None:
    folders = [(name, folder) for name, place in PACKAGES.items() for folder in kernel_folders(place)]
    libraries = {f"{name}/{folder.relative_to(PACKAGES[name]).as_posix()}/{library_name()}" for name, folder in folders}
    assert len(libraries) >= 2
    assert members_of(compiled[1]) == sources() | libraries
    assert compiled[1].name == f"neurodeploy-{PROJECT['version']}-py3-none-{platform_tag()}.whl"
    assert compiled[1].stat().st_size < 2_500_000
    assert "Root-Is-Purelib: false" in text_in(compiled[1], ".dist-info/WHEEL")


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"NEURODEPLOY_BUILD": "cc", "CC": "/bin/false"}, "no C compiler works here"),
        ({"NEURODEPLOY_BUILD": "gcc"}, "NEURODEPLOY_BUILD is 'gcc', not one of cc, zig, off"),
        ({"NEURODEPLOY_WHEEL": "amiga"}, "'amiga' is not one of linux-x86_64"),
    ],
)
def test_what_is_demanded_and_fails_ends_the_installation(
    environment: dict[str, str], told: str, tmp_path: Path
) -> None:
    words = (sys.executable, "-m", "build", "--no-isolation", "--skip-dependency-check", "--wheel")
    result = run(*words, "--outdir", tmp_path, ROOT, cwd=tmp_path, **environment)
    assert result.returncode != 0
    assert told in result.stdout + result.stderr
    assert list(tmp_path.iterdir()) == []


def hook() -> ModuleType:
    """hatch_build.py, as hatchling loads it."""
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("compiler", "found", "status", "said", "expected"),
    [
        (True, [], 0, "", []),  # a compiler is there: nothing more is needed
        (False, [], 0, "", ["ziglang"]),
        (False, [], 1, "No matching distribution found", []),  # pip would fail
        (False, [], 1, "/venv/bin/python: No module named pip", ["ziglang"]),  # another installer
    ],
)
def test_zig_is_fetched_where_nothing_else_compiles(
    compiler: bool, found: list[str], status: int, said: str, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = hook()
    before = dict(sys.modules)
    modules = module.native(ROOT)
    assert dict(sys.modules) == before, "the stand-in for the package is gone"
    tools = ["cc"] if compiler else found
    monkeypatch.setattr(modules.toolchain, "toolchains", lambda _: iter(tools))
    monkeypatch.setattr(module, "native", lambda _: modules)
    answer = subprocess.CompletedProcess([], status, stderr=said)
    monkeypatch.setattr(module.subprocess, "run", lambda *_, **__: answer)
    made = object.__new__(module.KernelHook)
    monkeypatch.setattr(module.KernelHook, "root", str(ROOT))
    assert made.dependencies() == expected


def test_sdist_holds_what_its_tests_need(built: tuple[Path, Path]) -> None:
    with tarfile.open(built[0]) as sdist:
        members = {name.split("/", 1)[1] for name in sdist.getnames() if "/" in name}
    needed = {"pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md"}
    needed |= {"mkdocs.yml", "docs/architecture.md", "docs/hooks.py", "changelog.d/README.md"}
    needed |= {"tests/conftest.py", "tests/factories.py"}
    needed |= {f"examples/digits/digits.{suffix}" for suffix in ("nd.json", "nd.npz", "stimulus.npz")}
    assert needed <= members
    assert not [name for name in members if "__pycache__" in name or name.startswith(".git/")]
    assert not [name for name in members if "/_kernels" in name or name.endswith(NOT_BUILT.name)]


def test_wheel_installs_no_name_that_others_use(built: tuple[Path, Path]) -> None:
    """Top-level packages called `backends` or `targets` would collide with those of other projects."""
    with zipfile.ZipFile(built[1]) as wheel:
        tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


def test_metadata_names_licence_and_entry_points(built: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(built[1]) as wheel:
        metadata = {name.rsplit("/", 1)[1]: name for name in wheel.namelist() if ".dist-info/" in name}
        entries = wheel.read(metadata["entry_points.txt"]).decode()
        about = wheel.read(metadata["METADATA"]).decode()
    for group in ("console_scripts", "neurodeploy.backends", "neurodeploy.targets", "pytest11"):
        assert f"[{group}]" in entries
    assert "License-Expression: BSD-3-Clause" in about
    assert "LICENSE" in metadata


def third_party(folder: Path) -> set[str]:
    """Top-level packages that a folder imports at run time, without the standard library and our own."""
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        if "child" in path.relative_to(folder).parts:
            continue  # run by another interpreter; the test of children covers them
        found |= imported_at_run_time(path)
    return found - set(sys.stdlib_module_names) - set(PACKAGES) - {"", "tomllib"}


def imported_at_run_time(path: Path) -> set[str]:
    """Top-level names that a module imports outside of `if TYPE_CHECKING`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    only_types = {id(node) for guard in ast.walk(tree) if is_for_types(guard) for node in ast.walk(guard)}
    return names_in(node for node in ast.walk(tree) if id(node) not in only_types)


def names_in(nodes: Iterable[ast.AST]) -> set[str]:
    """Top-level names that these nodes import."""
    found: set[str] = set()
    for node in nodes:
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        found |= {name.split(".")[0] for name in names}
    return found


def is_for_types(node: ast.AST) -> bool:
    """Whether a node is an `if TYPE_CHECKING` block."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def imported_by(path: Path) -> set[str]:
    """Top-level names that a module imports anywhere, without the standard library."""
    return names_in(ast.walk(ast.parse(path.read_text(encoding="utf-8")))) - set(sys.stdlib_module_names)


def test_children_import_what_their_environment_pins_and_nothing_of_ours() -> None:
    """The interpreter of a simulator has neither neurodeploy nor pydantic."""
    import neurodeploy_backends

    from neurodeploy.simulate import backend_names, get_backend

    modules = {"lava-nc": "lava"}
    seen = 0
    for name in backend_names():
        environment = getattr(get_backend(name), "environment", None)
        if environment is None:
            continue
        package = sys.modules[type(get_backend(name)).__module__].__name__.rsplit(".", 1)[0]
        folder = Path(neurodeploy_backends.__path__[0]) / package.rsplit(".", 1)[1] / "child"
        pinned = {line.split("==")[0] for line in environment.requirements}
        allowed = {modules.get(pin, pin).replace("-", "_") for pin in pinned} | {"neurodeploy_worker"}
        allowed |= {path.stem for path in folder.glob("*.py")} | {
            path.name for path in folder.iterdir() if path.is_dir()
        }
        for path in folder.rglob("*.py"):
            assert imported_by(path) <= allowed, path
            seen += 1
    assert seen >= 6
    protocol = PACKAGES["neurodeploy"] / "worker" / "child" / "neurodeploy_worker.py"
    assert imported_by(protocol) == {"numpy"}


def test_environments_are_pinned_to_the_last_digit() -> None:
    from neurodeploy.simulate import backend_names, get_backend

    for name in backend_names():
        environment = getattr(get_backend(name), "environment", None)
        for line in environment.requirements if environment else ():
            assert re.fullmatch(r"[a-z0-9-]+==[0-9][0-9.]*", line), line


def declared(requirements: list[str]) -> Mapping[str, str]:
    return {re.split(r"[^A-Za-z0-9_-]", line)[0].replace("-", "_").lower(): line for line in requirements}


UNDECLARED = {
    "pytest": "imports the plugin itself",
    "pydantic_core": "a part of pydantic, which pins its version to the digit; its documented JSON functions are only there",
    "opentelemetry": "makes spans only where its user has installed it and set a provider",
}
"""Package that is imported without being declared -> why."""


def test_pydantic_pins_its_core() -> None:
    lines = importlib.metadata.requires("pydantic") or []
    assert [line for line in lines if re.fullmatch(r"pydantic[-_]core==[0-9.]+", line)]


def test_opentelemetry_is_imported_only_where_its_absence_is_caught() -> None:
    folder = PACKAGES["neurodeploy"]
    modules = [path for path in folder.rglob("*.py") if "opentelemetry" in imported_at_run_time(path)]
    assert [path.relative_to(folder).as_posix() for path in modules] == ["serve/observing/tracing.py"]
    tries = [node for node in ast.walk(ast.parse(modules[0].read_text(encoding="utf-8"))) if isinstance(node, ast.Try)]
    guarded = [node for block in tries for line in block.body for node in ast.walk(line)]
    assert "opentelemetry" in {node.module for node in guarded if isinstance(node, ast.ImportFrom)}


def test_what_is_imported_is_what_is_declared() -> None:
    imported = set[str]().union(*(third_party(folder) for folder in PACKAGES.values()))
    from neurodeploy.mapping.options_check import PACKAGES as PARTITIONERS

    extra = set(declared(PROJECT["optional-dependencies"]["partitioners"]))
    assert extra == set(PARTITIONERS.values())
    for name in ("dask", "onnx", "parquet", "plot", "serve"):
        extra |= set(declared(PROJECT["optional-dependencies"][name]))
    assert imported - set(UNDECLARED) - extra == set(declared(PROJECT["dependencies"]))
    assert set(UNDECLARED) <= imported


@pytest.mark.slow
def test_installed_command_works_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    command = installed.with_name("neurodeploy")
    for words, expected in ((("targets",), "loihi1"), (("explain", "ND001"), "ND001"), (("backends",), "emulator")):
        result = run(command, *words, cwd=tmp_path)
        assert result.returncode == 0, result.stdout + result.stderr
        assert expected in result.stdout


@pytest.mark.slow
def test_installed_wheel_runs_a_network(installed: Path, tmp_path: Path) -> None:
    """The digits run on the emulator from the wheel and its dependencies alone."""
    model = ROOT / "examples" / "digits" / "digits.nd.json"
    command = installed.with_name("neurodeploy")
    result = run(command, "run", model, "--target", "loihi1", "--samples", "20", cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "accuracy" in result.stdout
    assert "ND902" not in result.stderr, "from compiled kernels"


@pytest.mark.slow
def test_installed_package_is_not_the_checkout(installed: Path, tmp_path: Path) -> None:
    code = (
        "import neurodeploy, neurodeploy_backends, neurodeploy_targets\n"
        "print(neurodeploy.__version__)\n"
        "print(neurodeploy.__file__, neurodeploy_backends.__file__, neurodeploy_targets.__file__)"
    )
    result = run(installed, "-c", code, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    version, files = result.stdout.splitlines()
    assert version == PROJECT["version"]
    assert str(ROOT) not in files


def test_sessions_that_ci_runs_are_defined_in_the_noxfile() -> None:
    """Neither `.ci/run` nor a workflow can call a session by a name that nox does not know."""
    tree = ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8"))
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.decorator_list}
    defined = {name.removesuffix("_session") for name in defined}
    lines = re.findall(r"^ +run (.+)$", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
    called = {word for line in lines for word in line.split() if not word.startswith(('"', "$"))}
    workflows = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / ".github/workflows").glob("*.yml")}
    called |= set(re.findall(r"^ {10}- ([\w.-]+)$", workflows["ci.yml"], re.MULTILINE))
    called |= {name for text in workflows.values() for name in re.findall(r"nox --session ([\w.-]+)", text)}
    assert len(called) >= 12
    assert {re.sub(r"-3\.\d+$", "", name) for name in called} <= defined


def test_sdist_names_everything_but_the_benchmarks() -> None:
    """By name, so that a virtual environment in the checkout is never packed."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("git and its index are missing and cannot be had: this is not a checkout")
    kept = {f"/{name.split('/')[0]}" for name in listed.stdout.splitlines()} - {"/benchmarks"}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]) == kept
