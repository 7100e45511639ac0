"""Runs the file of a user, and finds the network in it. Every fault becomes `RefusedError`, with plain data for a finding."""

import contextlib
import difflib
import io
import os
import sys
import traceback

PRINTED = 2000
"""Letters of printed text that are kept."""


class RefusedError(Exception):
    """A fault of the user's model. `facts`: `kind`, and what its finding says."""

    def __init__(self, kind, **facts):
        super().__init__(kind)
        self.facts = {"kind": kind, **facts}


class UserFile:
    """Source text of a user, the names it defines, and what it printed."""

    def __init__(self, plan):
        self.path, self.text = plan["path"], plan["text"]
        self.given = dict.fromkeys(plan["given"])
        self.namespace, self.locals = {}, {}
        self.printed = io.StringIO()

    def line_of(self, error):
        """Line of the file that an exception passed through last; 0 if it passed through none."""
        if isinstance(error, SyntaxError) and error.filename == self.path:
            return error.lineno or 0
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == self.path]
        return lines[-1] if lines else 0

    def refusal(self, error, doing):
        """The refusal for an exception in the user's code."""
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        if isinstance(error, SyntaxError) and error.filename == self.path:
            text = f"SyntaxError: {error.msg}"
        missing = getattr(error, "name", "") if isinstance(error, ModuleNotFoundError) else ""
        return RefusedError("raised", error=text[:600], line=self.line_of(error), doing=doing, missing=missing or "")

    @contextlib.contextmanager
    def guarded(self, doing, *, named=False):
        """Keep what the code prints, and refuse its exceptions, SystemExit included. `named`: also keep local names."""
        sys.setprofile(self._keep_locals if named else None)
        try:
            with contextlib.redirect_stdout(self.printed):
                yield
        except RefusedError:
            raise
        except BaseException as error:
            raise self.refusal(error, doing) from error
        finally:
            sys.setprofile(None)

    def _keep_locals(self, frame, event, _):
        """Keep the local names of the user's functions: they name the objects of a network."""
        if event == "return" and frame.f_code.co_filename == self.path and frame.f_code.co_name != "<module>":
            self.locals.update({id(value): name for name, value in frame.f_locals.items()})
            self.kept = [*getattr(self, "kept", ()), *frame.f_locals.values()]  # so that no id is used again

    def run(self):
        """Execute the text as a module that is not `__main__`."""
        import nengo
        import nengo_loihi
        import numpy

        modules = {"nengo": nengo, "nengo_loihi": nengo_loihi, "np": numpy, "numpy": numpy}
        name = os.path.splitext(os.path.basename(self.path))[0]
        self.namespace.update({"__name__": name, "__file__": self.path, **{n: modules[n] for n in self.given}})
        sys.path.insert(0, os.path.dirname(self.path))
        sys.argv[:] = [self.path]
        with self.guarded("is run", named=True):
            exec(compile(self.text, self.path, "exec"), self.namespace)

    def labels(self):
        """The file's variable `labels`, if it is a list of whole numbers."""
        import numpy

        try:
            given = numpy.asarray(self.namespace.get("labels"))
        except (ValueError, TypeError):
            return {}
        return {"labels": given.astype(numpy.int64)} if given.ndim == 1 and given.dtype.kind in "iu" else {}

    def network(self, name):
        """The network of a name, which may be a function that returns it; without a name, the only network."""
        return self._named(name) if name else self._only()

    def _networks(self):
        import nengo

        found = {}
        for name, value in self.namespace.items():
            if isinstance(value, nengo.Network) and not name.startswith("_"):
                found.setdefault(id(value), (name, value))
        inner = {id(item) for _, value in found.values() for item in value.all_networks}
        return [item for key, item in found.items() if key not in inner]

    def _only(self):
        networks = self._networks()
        if len(networks) == 1:
            return networks[0]
        raise RefusedError(
            "several" if networks else "none", names=[name for name, _ in networks], makers=self._makers()
        )

    def _makers(self):
        """Functions of the file that may return a network."""
        return [
            name
            for name, value in self.namespace.items()
            if getattr(getattr(value, "__code__", None), "co_filename", "") == self.path
        ]

    def _named(self, name):
        import nengo

        names = [item for item, _ in self._networks()]
        if name not in self.namespace:
            near = difflib.get_close_matches(name, [*names, *self._makers()], 3, 0.5)
            raise RefusedError("unknown", name=name, names=names, makers=self._makers(), near=near)
        value = self.namespace[name]
        if callable(value) and not isinstance(value, nengo.Network):
            with self.guarded(f"calls {name}()", named=True):
                value = value()
        if not isinstance(value, nengo.Network):
            raise RefusedError("not_a_network", name=name, type=type(value).__name__, names=names)
        return name, value
