/** What the type checker knows of a compiled model, and what it refuses. */
import { tfaot } from "cmsrun";
import { jet_btag } from "tfaot-model-jet-btag/model";

const model = new tfaot.Model(jet_btag);
export const name: "jet_btag" = model.name();
export const nested: [number[][]] = model.run(1, [[1, 2, 3, 4, 5]]);
export const flat: [Float32Array] = model.run(1, new Float32Array(5));
// @ts-expect-error bool where float32 is expected
model.run(1, [[true]]);
// @ts-expect-error an input is missing
model.run(1);
// @ts-expect-error float64 where float32 is expected
model.run(1, new Float64Array(5));
