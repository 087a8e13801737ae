/** The held-out jets as arrays: what the jet tagger reads, and whether each is a b jet. */
import { join } from "node:path";
import { RootTreeReader } from "../../../framework/io/root/RootTreeReader.js";
import { Tensor } from "../../../framework/tensorflow/Tensor.js";

export const root = join(import.meta.dirname, "../../..");
const features = ["pt", "eta", "phi", "mass", "nConstituents"];

export interface Jets {
  /** float32 [jets, 5] */
  readonly input: Tensor<"float32">;
  /** float32 [jets], 1 for a b jet */
  readonly isB: Tensor<"float32">;
}

export async function heldoutJets(): Promise<Jets> {
  const reader = await RootTreeReader.open(join(root, "data/samples/jets_heldout.root"));
  const names = [...features, "hadronFlavour"].map((name) => `Jet_${name}`);
  const columns = await reader.readColumns(names, 0, reader.entryCount);
  reader.close();
  const values = names.map((name) => Array.from(columns.get(name)?.values ?? [], Number));
  const flavour = values.pop() as number[];
  const input = new Tensor("float32", [flavour.length, features.length]);
  for (const [c, column] of values.entries())
    for (const [jet, value] of column.entries()) input.data[jet * features.length + c] = value;
  return {
    input,
    isB: new Tensor(
      "float32",
      [flavour.length],
      flavour.map((f) => Number(f === 5)),
    ),
  };
}

/** The Mann-Whitney statistic, pair by pair. */
export function slowAuc(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  const of = (label: number) => Array.from(scores).filter((_, row) => labels[row] === label);
  const [signal, background] = [of(1), of(0)];
  let wins = 0;
  for (const s of signal) for (const b of background) wins += s > b ? 1 : s === b ? 0.5 : 0;
  return wins / (signal.length * background.length);
}
