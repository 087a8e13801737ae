/** The columns that the jet_btag model was trained on. */
import type { JetCollection } from "#framework";

/** pt [GeV], eta, phi [rad], mass [GeV], number of constituents: one row a jet. */
export const featureCount = 5;

export function fillFeatures({ pt, eta, phi, mass, nConstituents }: JetCollection, rows: Float32Array): void {
  for (let jet = 0; jet < pt.length; jet++) {
    const row = featureCount * jet;
    rows[row] = pt[jet] as number;
    rows[row + 1] = eta[jet] as number;
    rows[row + 2] = phi[jet] as number;
    rows[row + 3] = mass[jet] as number;
    rows[row + 4] = nConstituents[jet] as number;
  }
}
