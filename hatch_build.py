"""Build hook: compiles the C libraries of the kernels and puts them into the wheel, or beside their sources.

The wheel serves every Python of one platform: `py3-none-PLATFORM`. Where nothing can compile, the package is installed without
libraries, as `py3-none-any`, with the reason in a file. NEURODEPLOY_BUILD (docs/reference/environment.md) chooses the compiler;
NEURODEPLOY_WHEEL names another platform, for which zig compiles.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ZIG = "ziglang"
CHOICE, WHEEL = os.environ.get("NEURODEPLOY_BUILD", ""), os.environ.get("NEURODEPLOY_WHEEL", "")


class Native(NamedTuple):
    """Modules of neurodeploy/native."""

    sources: Any
    toolchain: Any
    build: Any


def native(root: Path) -> Native:
    """The modules, without `neurodeploy/__init__.py` and what that imports, which is not installed yet."""
    outer = {key: sys.modules.pop(key) for key in list(sys.modules) if key.split(".")[0] == "neurodeploy"}
    package = ModuleType("neurodeploy")
    package.__path__ = [str(root / "neurodeploy")]
    sys.modules["neurodeploy"] = package
    try:
        return Native(*(importlib.import_module(f"neurodeploy.native.{name}") for name in Native._fields))
    finally:
        for key in [key for key in sys.modules if key.split(".")[0] == "neurodeploy"]:
            del sys.modules[key]
        sys.modules.update(outer)


def offered() -> bool:
    """Whether pip finds ziglang for this platform. Where pip cannot be asked, the installer is left to find it."""
    question = ["index", "versions", ZIG, "--only-binary=:all:", "--retries=0", "--timeout=10"]
    asked = subprocess.run([sys.executable, "-I", "-m", "pip", *question], capture_output=True, text=True, check=False)
    return not asked.returncode or "No module named pip" in asked.stderr


class KernelHook(BuildHookInterface[Any]):
    """Adds the libraries to wheels and to editable installations."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """ziglang where there is no compiler, for the frontend to install before it builds."""
        toolchain = native(Path(self.root)).toolchain
        if WHEEL or CHOICE == "zig":
            return [ZIG]
        try:
            found = next(toolchain.toolchains(CHOICE), None)
        except toolchain.BuildError:  # `initialize` says why
            return []
        return [ZIG] if found is None and CHOICE != "cc" and offered() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile. `version`: "standard" for a wheel, "editable" for an installation of the checkout itself."""
        modules = native(Path(self.root))
        packages = {Path(place).name: Path(self.root, place).resolve() for place in self.build_config.packages}
        folders = {folder: place for place in packages.values() for folder in modules.sources.kernel_folders(place)}
        if version == "editable":
            outs = {folder: folder / modules.sources.library_name() for folder in folders}
            modules.build.keep_reason(self._failure(modules, outs))
            return
        self._scratch = tempfile.TemporaryDirectory()
        system = modules.toolchain.PLATFORMS[WHEEL].system if WHEEL in modules.toolchain.PLATFORMS else sys.platform
        outs, inside = dict[Path, Path](), dict[str, str]()
        for number, (folder, place) in enumerate(folders.items()):
            outs[folder] = Path(self._scratch.name, f"{number}-{modules.sources.library_name(system)}")
            name = f"{place.name}/{folder.relative_to(place).as_posix()}"
            inside[str(outs[folder])] = f"{name}/{modules.sources.library_name(system)}"
        if reason := self._failure(modules, outs):
            told = Path(self._scratch.name, modules.sources.NOT_BUILT.name)
            told.write_text(reason, encoding="utf-8")
            build_data["force_include"][str(told)] = f"neurodeploy/native/{told.name}"
            return
        build_data["force_include"].update(inside)
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{modules.toolchain.platform_tag(WHEEL)}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the libraries that the wheel now contains."""
        if version != "editable":
            self._scratch.cleanup()

    def _failure(self, modules: Native, outs: dict[Path, Path]) -> str:
        """Why there are no libraries, empty if there are. The installation fails where a compiler was demanded."""
        toolchain = modules.toolchain
        try:
            modules.build.build_all(outs, [toolchain.cross_compiler(WHEEL)] if WHEEL else toolchain.toolchains(CHOICE))
        except toolchain.BuildError as error:
            if WHEEL or CHOICE not in ("", "off"):
                raise SystemExit(f"neurodeploy: the kernels cannot be built: {error}") from None
            self.app.display_warning(f"neurodeploy is installed without its compiled kernels: {error}")
            return str(error)
        return ""
