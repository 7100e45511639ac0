"""Lava processes for the populations of a job, and taps that record their variables."""

import importlib

import numpy as np
from lava_parts import io

VARIABLES = {
    "sigma_delta": {"u": "sigma", "v": "act"},
    "delta": {"v": "act"},
    "sigma": {"u": "sigma"},
    "resonate_fire": {"u": "real", "v": "imag"},
    "resonate_zero": {"u": "u", "v": "v"},
    "adaptive_lif": {"u": "i"},
}
"""Kind -> names of variables in lava, where they differ from those in a job."""
STATES = {
    "ternary_cuba": ("u", "v"),
    "sigma_delta": ("sigma", "act", "residue", "error"),
    "delta": ("act", "residue", "error"),
    "sigma": ("sigma",),
    "resonate_fire": ("real", "imag"),
    "resonate_zero": ("u", "v"),
    "adaptive_lif": ("i", "v", "r", "theta"),
}
"""Kind -> variables that a periodic reset restores, where lava has no process that resets itself."""
PORTS = {
    "product": {"a": "a_in1", "b": "a_in2"},
    "resonate_fire": {"a": "a_real_in", "b": "a_imag_in"},
    "resonate_zero": {"a": "u_in", "b": "v_in"},
}


def port_of(kind, process, port):
    """Port of a process at which a link arrives."""
    return getattr(process, PORTS.get(kind, {"a": "a_in"})[port])


def _even(values):
    """One number if all neurons share it, else one for each neuron."""
    values = np.asarray(values)
    return values.ravel()[0].item() if values.size and (values == values.ravel()[0]).all() else values


def _cuba(item, given, name):
    from lava.proc.lif.process import LIF, LIFReset

    common = {key: _even(given[key]) for key in ("du", "dv")}
    common |= {"shape": (item["total"],), "bias_mant": given["bias_mant"], "bias_exp": given["bias_exp"], "name": name}
    if item["kind"] == "ternary_cuba":
        from lava.proc.lif.process import TernaryLIF

        return TernaryLIF(vth_hi=_even(given["v_upper_mant"]), vth_lo=_even(given["v_lower_mant"]), **common)
    if item.get("reset_every"):
        every = {"reset_interval": item["reset_every"], "reset_offset": item["reset_at"]}
        return LIFReset(vth=_even(given["vth_mant"]), **every, **common)
    return LIF(vth=_even(given["vth_mant"]), **common)


def _sigma_delta(item, given):
    from lava.proc.sdn.process import ActivationMode, Delta, Sigma, SigmaDelta

    shape = (item["total"],)
    if item["kind"] == "sigma":
        return Sigma(shape=shape)
    exponents = {"spike_exp": int(given["spike_exp"][0]), "state_exp": int(given["state_exp"][0])}
    if item["kind"] == "delta":
        return Delta(shape=shape, vth=_even(given["threshold"]), **exponents)
    mode = ActivationMode.UNIT if given["activation"][0] else ActivationMode.RELU
    more = {"bias": given["bias"], "act_mode": mode, "cum_error": bool(given["cumulative_error"][0])}
    return SigmaDelta(shape=shape, vth=_even(given["threshold"]), **more, **exponents)


def _graded(item, given):
    shape = (item["total"],)
    if item["kind"] == "product":
        from lava.proc.prodneuron.process import ProdNeuron

        return ProdNeuron(shape=shape, vth=_even(given["threshold"]), exp=int(given["exponent"][0]))
    from lava.proc.graded.process import GradedReluVec, GradedVec

    return (GradedReluVec if given["rectify"][0] else GradedVec)(shape=shape, vth=_even(given["threshold"]))


def _resonator(item, given):
    shape = (item["total"],)
    if item["kind"] == "resonate_zero":
        from lava.proc.resfire.process import RFZero

        ones = np.ones(shape)
        process = RFZero(shape=shape, freqs=ones, decay_tau=ones, uth=_even(given["threshold"]))
        process.lct.init, process.lst.init = given["cos_decay"].astype(np.int32), given["sin_decay"].astype(np.int32)
        return process
    from lava.proc.rf.process import RF
    from lava.proc.rf_iz.process import RF_IZ

    # lava derives registers from a period and a decay; here they are registers already
    made = RF_IZ if given["reset"][0] else RF
    exponents = {"state_exp": int(given["state_exp"][0]), "decay_bits": int(given["decay_bits"][0])}
    process = made(shape=shape, period=1, alpha=0, vth=_even(given["threshold"]), **exponents)
    process.sin_decay.init = _even(given["sin_decay"].astype(np.int64))
    process.cos_decay.init = _even(given["cos_decay"].astype(np.int64))
    return process


def _adaptive(item, given):
    from lava.proc.atrlif.process import ATRLIF

    names = ("delta_i", "delta_v", "delta_theta", "delta_r", "theta_0", "theta_step")
    start = {"theta": given["theta_0"]}
    return ATRLIF(shape=(item["total"],), **{name: _even(given[name]) for name in names}, **start)


def process_of(item, given, name):
    """Process of a population; `given`: its arrays, one value for each neuron of all copies."""
    kind = item["kind"]
    if kind in ("sigma_delta", "delta", "sigma"):
        return _sigma_delta(item, given)
    if kind in ("relu", "product"):
        return _graded(item, given)
    if kind in ("resonate_fire", "resonate_zero"):
        return _resonator(item, given)
    return _adaptive(item, given) if kind == "adaptive_lif" else _cuba(item, given, name)


def reset(process, item, given):
    """Attach lava's Reset to a process that does not reset itself.

    It acts after the step in which (step - 1) % interval == offset; a job's reset acts before the step that it names.
    """
    from lava.proc.io.reset import Reset

    every = item.get("reset_every")
    for name in STATES.get(item["kind"], ()) if every else ():
        start = _even(given["theta_at_reset"]) if name == "theta" else 0
        made = Reset(interval=every, offset=(item["reset_at"] - 2) % every, reset_value=start)
        made.connect_var(getattr(process, name))


def tap(process, kind, probes, neurons=None):
    """Make a process write variables to shared tables after each step; `probes`: (variable, key of the store)."""
    names = {variable: VARIABLES.get(kind, {}).get(variable, variable) for variable, _ in probes}
    columns = slice(None) if neurons is None else neurons
    process.proc_params["taps"] = [(names[variable], key, columns) for variable, key in probes]


def guard(process, job):
    """Make the fixed-point model of a process fill its taps and report exceptions: lava itself would wait forever."""
    module = importlib.import_module(type(process).__module__.rsplit(".", 1)[0] + ".models")
    for model in vars(module).values():
        if getattr(model, "implements_process", None) is type(process) and "fixed_pt" in getattr(model, "tags", ()):
            _guard(model, job)


def _guard(model, job):
    if getattr(model, "guarded", None) is model:
        return
    step = model.run_spk

    def run_spk(self):
        try:
            step(self)
            for name, key, columns in self.proc_params.get("taps") or ():
                io.STORE[key][self.time_step - 1, columns] = getattr(self, name)
        except Exception as error:
            job.fail(error)
            raise

    model.run_spk, model.guarded = run_spk, model
