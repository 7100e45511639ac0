"""Names of the objects of a network: their labels, or the user's variables, or a number."""

import re

LONGEST = 80
"""Letters of a name; names of projections are made of two."""


class Names:
    """Unique names, of the letters that neurodeploy allows."""

    def __init__(self, user, network):
        self.variables = dict(user.locals)
        self.variables.update({id(value): name for name, value in user.namespace.items() if not name.startswith("_")})
        self.network, self.known, self.taken = network, {}, set()
        """id of an object -> its name, and (scope, name) of all names given."""
        self._add(network, "")

    def _add(self, network, prefix):
        for name, value in vars(network).items():
            if not name.startswith("_"):
                self.variables.setdefault(id(value), name)
        for kind in ("ensembles", "nodes", "probes"):
            for number, item in enumerate(getattr(network, kind)):
                plain = item.label or self.variables.get(id(item)) or f"{kind[:-1]}{number}"
                self.known[id(item)] = self.unique(prefix + plain, "objects")
        for number, item in enumerate(network.networks):
            plain = item.label or self.variables.get(id(item)) or f"network{number}"
            self._add(item, f"{prefix}{plain}.")

    def unique(self, text, scope):
        """A name that nothing in a scope has yet: "objects", "sources" (populations and inputs) or "outputs"."""
        plain = re.sub(r"[^A-Za-z0-9_.\-]+", "_", text).strip("_.-")[:LONGEST] or "unnamed"
        name, number = plain, 2
        while (scope, name) in self.taken:
            name, number = f"{plain}_{number}", number + 1
        self.taken.add((scope, name))
        return name

    def spoken(self, text):
        """A text of Nengo with the names of objects instead of their addresses."""
        every = [*self.network.all_ensembles, *self.network.all_nodes, *self.network.all_probes]
        for item in every:
            text = text.replace(str(item), f"<{type(item).__name__} '{self.of(item)}'>")
        return text

    def sliced(self):
        """Connections into a slice of an ensemble or of its neurons, which nengo-loihi 1.1.0 does not build."""
        import nengo

        whole, kinds = slice(None), (nengo.Ensemble, nengo.ensemble.Neurons)
        every = self.network.all_connections
        found = [item for item in every if isinstance(item.post_obj, kinds) and item.post_slice != whole]
        return [{"connection": self.connection(item), "post": self.of(item.post_obj)} for item in found]

    def of(self, item):
        """Name of an ensemble, a node, a probe, or of the object that neurons or a view belong to."""
        for inner in (item, getattr(item, "ensemble", None), getattr(item, "obj", None)):
            if inner is None:
                continue
            if id(inner) in self.known:
                return self.known[id(inner)]
            if getattr(inner, "ensemble", None) is not None:
                return self.of(inner.ensemble)
        return ""

    def connection(self, item):
        """Name of a connection: its label, its variable, or those of its ends."""
        given = item.label or self.variables.get(id(item))
        return given or f"{self.of(item.pre_obj) or 'host'}_to_{self.of(item.post_obj) or 'host'}"
