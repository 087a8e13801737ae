/** Not a plugin: what plugins share. */
import type { JetCollection } from "cmsrun";

/** Of massless jets [GeV]. */
export function invariantMass({ pt, eta, phi }: JetCollection, a: number, b: number): number {
  const [ptA = 0, ptB = 0, etaA = 0, etaB = 0, phiA = 0, phiB = 0] = [
    pt[a],
    pt[b],
    eta[a],
    eta[b],
    phi[a],
    phi[b],
  ];
  return Math.sqrt(2 * ptA * ptB * (Math.cosh(etaA - etaB) - Math.cos(phiA - phiB)));
}
