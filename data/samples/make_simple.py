"""Writes jets_simple.root: small events for ../models/simple, the model of the tfaot documentation.

Event 1 has one jet, (pt, eta, phi, mass) = (0, 1, 2, 3): the input whose published scores are 0.648093, 0.351907.
The others have from 0 to 9 jets of small random numbers, which are no physics. NanoAOD names and types.

    pip install uproot==5.7.7 awkward==2.14.0
    python make_simple.py
"""

from pathlib import Path

import awkward as ak
import numpy as np
import uproot

OUTPUT = Path(__file__).parent / "jets_simple.root"
EVENTS = 60
MOST_JETS = 9
SEED = 1


def main():
    random = np.random.default_rng(SEED)
    counts = np.concatenate([[1, 0, 3, 5, 6], random.integers(0, MOST_JETS + 1, EVENTS - 5)])
    features = random.uniform([0, -2.5, -3, 0], [4, 2.5, 3, 4], (counts.sum(), 4)).astype(np.float32)
    features[0] = [0, 1, 2, 3]
    columns = {name: features[:, i] for i, name in enumerate(["pt", "eta", "phi", "mass"])}
    columns["nConstituents"] = np.ones(counts.sum(), np.uint8)
    jets = ak.zip({name: ak.unflatten(column, counts) for name, column in columns.items()})
    events = {
        "run": np.full(EVENTS, 1, np.uint32),
        "luminosityBlock": np.full(EVENTS, 1, np.uint32),
        "event": np.arange(1, EVENTS + 1, dtype=np.uint64),
        "Jet": jets,
    }
    types = {name: a.dtype if isinstance(a, np.ndarray) else a.type.content for name, a in events.items()}
    with uproot.recreate(OUTPUT, compression=uproot.ZLIB(6)) as file:
        # mktree, because file["Events"] = … writes an RNTuple.
        tree = file.mktree("Events", types, counter_name=lambda collection: f"n{collection}",
                           field_name=lambda collection, field: f"{collection}_{field}")
        tree.extend(events)
    print(f"{EVENTS} events, {counts.sum()} jets, counts {np.bincount(counts).tolist()}")


if __name__ == "__main__":
    main()
