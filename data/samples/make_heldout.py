"""Writes jets_heldout.root: the events that data/models/jet_btag/train.py never sees.

These are the last third of the events of each generated file: run 1 is ttbar, run 2 is qcd.
NanoAOD names and types, TTree `Events`. A new run gives the same events, but not the same bytes:
ROOT keys hold the time of writing.

    python make_heldout.py ttbar.root qcd.root
"""

import argparse
from pathlib import Path

import awkward as ak
import numpy as np
import uproot

OUTPUT = Path(__file__).parent / "jets_heldout.root"
EVENTS_PER_LUMI = 100
JET = {"pt": np.float32, "eta": np.float32, "phi": np.float32, "mass": np.float32,
       "nConstituents": np.uint8, "hadronFlavour": np.uint8}


def read_heldout(path, run):
    with uproot.open(path) as file:
        events = file["Events"].arrays(["event", *(f"Jet_{field}" for field in JET)])
    index = np.arange(2 * len(events) // 3, len(events))
    events = events[index]
    jets = {field: ak.values_astype(events[f"Jet_{field}"], kind) for field, kind in JET.items()}
    return {
        "run": np.full(len(index), run, np.uint32),
        "luminosityBlock": (1 + index // EVENTS_PER_LUMI).astype(np.uint32),
        "event": ak.to_numpy(events["event"]).astype(np.uint64),
        "Jet": ak.zip(jets),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ttbar")
    parser.add_argument("qcd")
    args = parser.parse_args()
    samples = [read_heldout(args.ttbar, 1), read_heldout(args.qcd, 2)]
    types = {name: a.dtype if isinstance(a, np.ndarray) else a.type.content
             for name, a in samples[0].items()}
    with uproot.recreate(OUTPUT, compression=uproot.ZLIB(6)) as file:
        # mktree, because file["Events"] = … writes an RNTuple.
        tree = file.mktree("Events", types, counter_name=lambda collection: f"n{collection}",
                           field_name=lambda collection, field: f"{collection}_{field}")
        for sample in samples:
            tree.extend(sample)
    for sample in samples:
        print(f"run {sample['run'][0]}: {len(sample['run'])} events, "
              f"{ak.sum(ak.num(sample['Jet']))} jets, "
              f"{ak.sum(sample['Jet'].hadronFlavour == 5)} b jets")


if __name__ == "__main__":
    main()
