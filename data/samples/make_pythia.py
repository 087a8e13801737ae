"""Generates truth-labelled jets with Pythia 8: the samples that data/models/jet_btag is trained on.

Particle level: no detector simulation, no pile-up. Jet pt is smeared by 8 %, track d0 and dz by
resolutions we chose. Needs pythia8mc==8.317.2, fastjet, uproot, awkward and numpy.

    python make_pythia.py ttbar 1500 11 ttbar.root
    python make_pythia.py qcd   1500 13 qcd.root
"""

import argparse
import math

import awkward as ak
import fastjet
import numpy as np
import pythia8mc
import uproot

CARDS = {
    "ttbar": ["Top:gg2ttbar=on", "Top:qqbar2ttbar=on"],
    "zjets": ["WeakBosonAndParton:qqbar2gmZg=on", "WeakBosonAndParton:qg2gmZq=on",
              "PhaseSpace:pTHatMin=30.", "23:onMode=off", "23:onIfAny=13"],
    "qcd": ["HardQCD:all=on", "PhaseSpace:pTHatMin=50."],
}
NEUTRINOS = (12, 14, 16)
MAX_CONSTITUENTS = 32  # the hardest ones; Jet_nConstituents counts only these

FLAT = {"event": np.uint64, "MET_pt": np.float32, "MET_phi": np.float32, "genWeight": np.float32,
        "Pileup_nTrueInt": np.float32}
COLLECTIONS = {
    "Jet": {"pt": np.float32, "eta": np.float32, "phi": np.float32, "mass": np.float32,
            "hadronFlavour": np.int32, "partonFlavour": np.int32, "nConstituents": np.int32,
            "pFCandsIdxStart": np.int32},
    "JetPFCands": {"pt": np.float32, "eta": np.float32, "phi": np.float32, "d0": np.float32,
                   "dz": np.float32, "charge": np.int32, "pdgId": np.int32},
    "GenPart": {"pt": np.float32, "eta": np.float32, "phi": np.float32, "mass": np.float32,
                "pdgId": np.int32, "status": np.int32, "genPartIdxMother": np.int32},
}


def wrap(phi):
    return (phi + math.pi) % (2 * math.pi) - math.pi


def has_quark(pdg_id, quark):
    """True for a hadron that holds this quark."""
    code = abs(pdg_id)
    return code > 100 and quark in (code // 100 % 10, code // 1000 % 10)


def near(jet, directions):
    """True when one of the (eta, phi) directions is within dR < 0.4 of the jet."""
    return any((jet.eta() - eta) ** 2 + wrap(jet.phi() - phi) ** 2 < 0.16
               for eta, phi in directions)


def parton_flavour(jet, partons):
    """pdgId of the hardest outgoing parton in the jet's cone, 0 without one."""
    matched = [p for p in partons if near(jet, [(p.eta(), p.phi())])]
    return max(matched, key=lambda p: p.pT()).id() if matched else 0


def candidate(particle, rng):
    """One jet constituent; a neutral one has d0 = dz = 0 (mm)."""
    phi, charge = particle.phi(), int(round(particle.charge()))
    d0 = dz = 0.0
    if charge:
        d0 = particle.xProd() * math.sin(phi) - particle.yProd() * math.cos(phi)
        d0 += rng.normal(0, 0.015 + 0.05 / particle.pT())
        dz = particle.zProd() + rng.normal(0, 0.03 + 0.08 / particle.pT())
    return (particle.pT(), particle.eta(), phi, d0, dz, charge, particle.id())


def read_event(event, jet_definition, rng):
    """Rows of each collection and the missing momentum of one Pythia event."""
    inputs, b_hadrons, c_hadrons, kept = [], [], [], []
    met_x = met_y = 0.0
    for i in range(1, event.size()):
        p = event[i]
        pdg_id = p.id()
        if p.isFinal() and abs(pdg_id) in NEUTRINOS:
            met_x += p.px()
            met_y += p.py()
            continue
        if p.isFinal():
            if abs(p.eta()) < 4.7:
                inputs.append(fastjet.PseudoJet(p.px(), p.py(), p.pz(), p.e()))
                inputs[-1].set_user_index(i)
        elif has_quark(pdg_id, 5):
            b_hadrons.append((p.eta(), p.phi()))
        elif has_quark(pdg_id, 4):
            c_hadrons.append((p.eta(), p.phi()))
        is_lepton_or_photon = p.isFinal() and abs(pdg_id) in (11, 13, 22) and p.pT() > 10
        if abs(p.status()) in (21, 22, 23) or is_lepton_or_photon:
            kept.append(i)

    partons = [event[i] for i in kept]
    partons = [p for p in partons if abs(p.status()) == 23 and (abs(p.id()) < 6 or p.id() == 21)]
    clusters = fastjet.ClusterSequence(inputs, jet_definition)
    jets, candidates = [], []
    for jet in fastjet.sorted_by_pt(clusters.inclusive_jets(20.0)):
        if abs(jet.eta()) >= 2.5:
            continue
        flavour = 5 if near(jet, b_hadrons) else 4 if near(jet, c_hadrons) else 0
        constituents = fastjet.sorted_by_pt(list(jet.constituents()))[:MAX_CONSTITUENTS]
        scale = 1 + rng.normal(0, 0.08)
        jets.append((jet.pt() * scale, jet.eta(), wrap(jet.phi()), jet.m() * scale, flavour,
                     parton_flavour(jet, partons), len(constituents), len(candidates)))
        candidates += [candidate(event[c.user_index()], rng) for c in constituents]

    position = {i: k for k, i in enumerate(kept)}
    particles = [(p.pT(), p.eta() if abs(p.pT()) > 1e-6 else 1e4, p.phi(), p.m(), p.id(),
                  abs(p.status()), position.get(p.mother1(), -1))
                 for p in (event[i] for i in kept)]
    return {"Jet": jets, "JetPFCands": candidates, "GenPart": particles}, met_x, met_y


def generate(process, count, seed):
    pythia = pythia8mc.Pythia("", False)
    for line in ["Beams:eCM=13600.", "Random:setSeed=on", f"Random:seed={seed}", "Print:quiet=on",
                 "Tune:pp=14", *CARDS[process]]:
        pythia.readString(line)
    pythia.init()
    rng = np.random.default_rng(seed)
    jet_definition = fastjet.JetDefinition(fastjet.antikt_algorithm, 0.4)
    flat, rows = {name: [] for name in FLAT}, {name: [] for name in COLLECTIONS}
    while len(flat["event"]) < count:
        if not pythia.next():
            continue
        collections, met_x, met_y = read_event(pythia.event, jet_definition, rng)
        for name, values in collections.items():
            rows[name].append(values)
        values = (len(flat["event"]) + 1, math.hypot(met_x, met_y), math.atan2(met_y, met_x),
                  pythia.infoPython().weight(), 0)
        for name, value in zip(FLAT, values):
            flat[name].append(value)
    return flat, rows


def to_arrays(flat, rows):
    arrays = {name: np.array(values, dtype=FLAT[name]) for name, values in flat.items()}
    count = len(arrays["event"])
    arrays["run"] = np.full(count, 1, np.uint32)
    arrays["luminosityBlock"] = (1 + np.arange(count) // 200).astype(np.uint32)
    for name, fields in COLLECTIONS.items():
        sizes = [len(event) for event in rows[name]]
        columns = zip(*(row for event in rows[name] for row in event))
        arrays[name] = ak.zip({field: ak.unflatten(np.array(column, dtype=dtype), sizes)
                               for (field, dtype), column in zip(fields.items(), columns)})
    return arrays


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("process", choices=CARDS)
    parser.add_argument("count", type=int, help="number of events")
    parser.add_argument("seed", type=int)
    parser.add_argument("output", help="ROOT file to write")
    args = parser.parse_args()
    arrays = to_arrays(*generate(args.process, args.count, args.seed))
    types = {name: a.dtype if isinstance(a, np.ndarray) else a.type.content
             for name, a in arrays.items()}
    with uproot.recreate(args.output, compression=uproot.ZSTD(5)) as file:
        file.mktree("Events", types, counter_name=lambda collection: f"n{collection}",
                    field_name=lambda collection, field: f"{collection}_{field}")
        file["Events"].extend(arrays)
    flavours = ak.flatten(arrays["Jet"].hadronFlavour)
    print(f"{args.process}: {args.count} events, {len(flavours)} jets, "
          f"{int(ak.sum(flavours == 5))} b jets")


if __name__ == "__main__":
    main()
