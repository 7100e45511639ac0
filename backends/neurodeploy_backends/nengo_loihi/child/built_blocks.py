"""Blocks of a built model as populations and links of integers. A block that nengo-loihi split is one population again."""

import numpy as np

BASE_EXPONENT = 6
"""A weight is mantissa * 2**(6 + exponent). Source: nengo-loihi 1.1.0, block.py get_real_weight_exp."""
BIAS_LIMIT = 4095
"""Largest mantissa of a bias. Source: nengo-loihi 1.1.0, discretize.py BIAS_MAN_MAX."""


def blocks_in(model, ensemble):
    """Blocks of an ensemble on the chip; a builder stores one block, and a list once it is split."""
    made = model.objs.get(ensemble.neurons, {}).get("in", [])
    return list(made) if isinstance(made, (list, tuple)) else [made]


class Blocks:
    """Populations, and the links into them."""

    def __init__(self, model, recorder, names, rules):
        self.model, self.populations, self.place, self.rules = model, [], {}, rules.number
        owner = self._owners(model, recorder, names)
        parts = recorder.split or {block: {block: np.arange(block.n_neurons)} for block in model.blocks}
        for whole, pieces in parts.items():
            known = [owner[id(block)] for block in (whole, *pieces) if id(block) in owner]
            name, role = known[0] if known else (str(whole.label or "block"), "block")
            self._add(names, name, role, whole, [(block, np.asarray(list(rows))) for block, rows in pieces.items()])
        self.links = self._links()

    @staticmethod
    def _owners(model, recorder, names):
        """id of a block before the split -> (name, role)."""
        import nengo

        found = {}
        for item in model.params:
            if isinstance(item, nengo.Ensemble):
                found.update({id(block): (names.of(item), "ensemble") for block in blocks_in(model, item)})
        sent = {model.nengo_probe_conns.get(probe): conn for probe, conn in recorder.to_host.items()}
        for conn, block in model.connection_decode_neurons.items():
            if conn in sent:
                found[id(block)] = names.connection(sent[conn]) + ".decoded", "readout"
            elif isinstance(conn.post_obj, nengo.Probe):
                found[id(block)] = names.of(conn.post_obj) + ".decoded", "readout"
            else:
                found[id(block)] = names.connection(conn) + ".relay", "relay"
        return found

    def _add(self, names, name, role, whole, pieces):
        """Add a population for each group of pieces that share limits and noise."""
        groups = {}
        for block, rows in pieces:
            cell = block.compartment
            noise = bool(np.any(cell.enable_noise)), cell.noise_at_membrane, cell.noise_exp, cell.noise_offset
            groups.setdefault((int(cell.vmin), int(cell.vmax), noise), []).append((block, rows))
        for (vmin, vmax, noise), members in groups.items():
            order = np.sort(np.concatenate([rows for _, rows in members]))
            placed = [(block, np.searchsorted(order, rows)) for block, rows in members]
            for block, places in placed:
                self.place[id(block)] = len(self.populations), places
            self.populations.append({
                "name": names.unique(name, "sources"), "role": role, "size": int(order.size), "parts": placed, "noise": noise,
                "vmin_exp": (1 - vmin).bit_length() - 1, "vmax_exp": ((vmax + 1).bit_length() - 10) // 2,
                "blocks": len(pieces), "whole": len(groups) == 1,
            })  # fmt: skip

    def _links(self):
        """Links by (source, target, exponent, learning rule), none of which has two synapses between the same neurons."""
        found, target_of = {}, {id(s): block for block in self.model.blocks for s in block.synapses}
        sources = [("input", number, item, np.arange(item.n_neurons)) for number, item in enumerate(self.model.inputs)]
        sources += [
            ("population", *self.place[id(block)][:1], block, self.place[id(block)][1]) for block in self.model.blocks
        ]
        for kind, number, source, places in sources:
            for axon in source.axons:
                target, rows = self.place[id(target_of[id(axon.target)])]
                rule = self.rules.get(id(axon.target))
                pre, post, weights = _synapses(axon, places, rows, keep_zeros=rule is not None)
                exponent = int(axon.target.synapse_cfg.weight_exp)
                _merge(found.setdefault((kind, number, target, exponent, rule), []), pre, post, weights)
        return [(key, item) for key, items in found.items() for item in items]

    def plain(self):
        """Plain data about populations and links."""
        kept = ("name", "role", "size", "noise", "vmin_exp", "vmax_exp", "blocks")
        links = [{"from": k[0], "source": k[1], "target": k[2], "exponent": k[3], "rule": k[4]} for k, _ in self.links]
        return {"populations": [{name: item[name] for name in kept} for item in self.populations], "links": links}

    def arrays(self):
        """Registers of populations, and synapses of links."""
        found = {}
        for number, item in enumerate(self.populations):
            columns = {
                n: np.zeros(item["size"], dtype=np.int64) for n in ("du", "dv", "vth", "bias", "bias_exp", "refract")
            }
            for block, places in item["parts"]:
                cell = block.compartment
                mantissa, exponent = _bias(np.asarray(cell.bias, dtype=np.int64))
                given = cell.decay_u, cell.decay_v, cell.vth, mantissa, exponent, cell.refract_delay
                for column, values in zip(columns.values(), given, strict=True):
                    column[places] = values
            found.update({f"population.{number}.{name}": values for name, values in columns.items()})
        for number, ((_, _, _, exponent, _), (pre, post, weights)) in enumerate(self.links):
            scale = 1 << (BASE_EXPONENT + exponent)
            if np.any(weights % scale):
                raise ValueError(f"weights of link {number} are no multiples of {scale}")
            columns = {"pre": pre, "post": post, "mantissas": weights // scale}
            found.update({f"link.{number}.{name}": values for name, values in columns.items()})
        return found


def _synapses(axon, places, rows, keep_zeros):
    """(pre, post, weights) of the synapses of an axon. `places`, `rows`: neurons of source and target. Zeros can grow if
    they learn.
    """
    parts = [], [], []
    every = np.arange(places.size)
    for compartment, spike in zip(every, axon.map_spikes(every), strict=True):
        if spike is None:
            continue
        base = axon.target.axon_compartment_base(spike.axon_idx)
        if base is None:
            continue
        weights, indices = axon.target.axon_weights_indices(spike.axon_idx, atom=spike.atom)
        kept = np.arange(len(weights)) if keep_zeros else np.flatnonzero(weights)
        parts[0].append(np.full(kept.size, places[compartment]))
        parts[1].append(rows[base + np.asarray(indices)[kept]])
        parts[2].append(np.asarray(weights, dtype=np.int64)[kept])
    return tuple(np.concatenate(part) if part else np.zeros(0, dtype=np.int64) for part in parts)


def _merge(items, pre, post, weights):
    """Add synapses to the first of `items` that has none between the same neurons, or to a new one."""
    if not pre.size:
        return
    pairs = pre << 32 | post
    for number, item in enumerate(items):
        if not np.intersect1d(item[0] << 32 | item[1], pairs).size:
            items[number] = tuple(np.concatenate(both) for both in zip(item, (pre, post, weights), strict=True))
            return
    items.append((pre, post, weights))


def _bias(values):
    """(mantissas, exponents) of biases, each mantissa * 2**exponent with the least exponent."""
    exponent = np.zeros(values.size, dtype=np.int64)
    while np.any(wide := np.abs(values >> exponent) > BIAS_LIMIT):
        exponent[wide] += 1
    mantissa = values >> exponent
    if np.any(mantissa << exponent != values):
        raise ValueError("a bias is not mantissa * 2**exponent")
    return mantissa, exponent
