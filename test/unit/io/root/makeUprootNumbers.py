"""Writes uprootNumbers.json: what uproot (5.7.7) reads of the sample files. Run from the package root."""
import json

import awkward as ak
import numpy as np
import uproot

BRANCHES = {
    "nano_tt_v15": [
        "run", "luminosityBlock", "event", "PuppiMET_pt", "nJet", "Jet_pt", "Jet_eta", "Jet_hadronFlavour", "Jet_nConstituents",
        "GenPart_pdgId", "GenPart_statusFlags", "Muon_charge", "Electron_seediEtaOriX", "genTtbarId", "L1_SingleMu22",
    ],
    "nano_dy": [
        "run", "luminosityBlock", "event", "MET_pt", "nJet", "Jet_pt", "Jet_jetId", "GenPart_pdgId", "Muon_charge",
        "Muon_tightId", "HLT_IsoMu24",
    ],
    "jets_heldout": ["run", "luminosityBlock", "event", "nJet", "Jet_pt", "Jet_eta", "Jet_mass", "Jet_hadronFlavour"],
}


def describe(array):
    values = np.asarray(ak.flatten(array, axis=None))
    numbers = {"kind": str(values.dtype), "count": len(values), "sum": float(values.astype(np.float64).sum())}
    if array.ndim == 1:
        return {**numbers, "entry": 0, "first": [float(values[0])]}
    entry = int(np.argmax(ak.num(array) > 0))
    return {**numbers, "entry": entry, "first": [float(value) for value in array[entry]]}


numbers = {}
for name, branches in BRANCHES.items():
    tree = uproot.open(f"data/samples/{name}.root")["Events"]
    columns = {branch: describe(tree[branch].array()) for branch in branches}
    numbers[name] = {"entryCount": tree.num_entries, "branchCount": len(tree.keys()), "columns": columns}

with open("test/unit/io/root/uprootNumbers.json", "w") as out:
    columns_on_a_line = json.dumps(numbers).replace('}, "', '},\n"').replace('"columns": {', '"columns": {\n')
    out.write(columns_on_a_line + "\n")
