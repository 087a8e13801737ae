/** Whole models against TensorFlow's outputs: those beside the checkout (CMSRUN_SHARED) and our own jet tagger. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadGraphDef } from "../../../framework/tensorflow/GraphDef.js";
import { createSession, type Session } from "../../../framework/tensorflow/Session.js";
import { Tensor } from "../../../framework/tensorflow/Tensor.js";
import { modelNames, modelsFolder } from "../../goldenModels.js";
import { expectClose, type PlainTensor, toTensor } from "./goldens.js";

interface Case {
  readonly batch: number;
  readonly inputs: Readonly<Record<string, PlainTensor>>;
  readonly outputs: Readonly<Record<string, PlainTensor>>;
}

interface Meta {
  readonly outputs: Readonly<Record<string, { readonly tensor: string }>>;
  /** The same model with While ops in place of frames: tensor names by output. */
  readonly frozen_whilev2?: { readonly outputs: Readonly<Record<string, string>> };
}

/** As cms/NAME/meta.json has it: the spread of each output, which its tolerance is taken from. */
interface CmsMeta {
  readonly outputs: readonly { readonly name: string; readonly max_std_over_batch32: number }[];
}

/** The promise is 1e-5; these models reach 1e-6. */
const tolerance = 1e-6;
const found = modelsFolder("models.test.ts");
const folder = found ?? "";
const isThere = found !== undefined;

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}

describe.skipIf(!isThere)("golden models", () => {
  it.each(modelNames)("%s gives TensorFlow's outputs, and a row the same bits in any batch", (name) => {
    const meta = readJson(join(folder, name, "meta.json")) as Meta;
    const { cases } = readJson(join(folder, name, "golden.json")) as { cases: Case[] };
    const session = createSession(loadGraphDef(join(folder, name, "frozen.pb")));
    expect(cases.length).toBeGreaterThan(0);
    // This loop's length depends on the whole batch.
    const isByRow = name !== "gru";
    for (const golden of cases)
      checkCase(session, golden, (key) => meta.outputs[key]?.tensor ?? key, isByRow);
    if (!meta.frozen_whilev2) return;
    const functional = createSession(loadGraphDef(join(folder, name, "frozen_whilev2.pb")));
    const { outputs } = meta.frozen_whilev2;
    for (const golden of cases) checkCase(functional, golden, (key) => outputs[key] ?? key, isByRow);
  });

  const production = isThere ? readdirSync(join(folder, "cms")) : [];
  it.each(production)("CMS's %s gives TensorFlow's outputs and inner values", (name) => {
    const meta = readJson(join(folder, "cms", name, "meta.json")) as CmsMeta;
    const { cases } = readJson(join(folder, "cms", name, "golden.json")) as { cases: Case[] };
    const session = createSession(loadGraphDef(join(folder, "cms", name, "graph.pb")));
    const spread = new Map(meta.outputs.map((output) => [output.name, output.max_std_over_batch32]));
    expect(cases.map(({ batch }) => batch)).toEqual([1, 3]);
    for (const { inputs, outputs } of cases) {
      const feeds = Object.fromEntries(Object.entries(inputs).map(([key, plain]) => [key, toTensor(plain)]));
      const keys = Object.keys(outputs);
      const results = session.run(feeds, keys);
      for (const [i, key] of keys.entries()) {
        const allowed = 2e-4 * (spread.get(key) ?? Number.NaN) + 1e-6;
        expectWithin(results[i] as Tensor, outputs[key] as PlainTensor, allowed);
      }
    }
  });
});

/** Every element within `allowed` of the golden one, NaN where that is NaN. */
function expectWithin(result: Tensor, golden: PlainTensor, allowed: number): void {
  const expected = toTensor(golden);
  expect([result.dtype, result.shape]).toEqual([expected.dtype, expected.shape]);
  const off = Array.from(expected.data as ArrayLike<number>, (value, i) => {
    const got = result.data[i] as number;
    return Object.is(got, value) ? 0 : Math.abs(got - value);
  });
  expect(off.filter((difference) => !(difference <= allowed))).toEqual([]);
}

describe("data/models/jet_btag", () => {
  it("gives TensorFlow's scores, and none for no jets", () => {
    const { jet_btag } = readJson(fileURLToPath(new URL("./op_goldens.json", import.meta.url))) as {
      jet_btag: Case;
    };
    const path = fileURLToPath(new URL("../../../data/models/jet_btag/graph.pb", import.meta.url));
    const session = createSession(loadGraphDef(path));
    checkCase(session, jet_btag, (key) => key, true);
    expect(session.run({ input: new Tensor("float32", [0, 5]) }, ["output"])).toEqual([]);
  });
});

function checkCase(
  session: Session,
  golden: Case,
  tensorOf: (key: string) => string,
  isByRow: boolean,
): void {
  const feeds = Object.entries(golden.inputs).map(([key, plain]): [string, Tensor] => [key, toTensor(plain)]);
  const keys = Object.keys(golden.outputs);
  const results = session.run(feeds, keys.map(tensorOf));
  for (const [i, key] of keys.entries())
    expectClose(results[i] as Tensor, golden.outputs[key] as PlainTensor, tolerance);
  for (let at = 0; isByRow && at < golden.batch; at++) {
    const one = feeds.map(([key, tensor]): [string, Tensor] => [key, row(tensor, at)]);
    const alone = session.run(one, keys.map(tensorOf));
    expect(alone).toEqual(results.map((result) => row(result, at)));
  }
}

/** One row of a batch; a scalar belongs to all rows. */
function row(tensor: Tensor, at: number): Tensor {
  if (tensor.shape.length === 0) return tensor;
  const width = tensor.data.length / (tensor.shape[0] as number);
  const data = tensor.data.slice(at * width, (at + 1) * width);
  return new Tensor(tensor.dtype, [1, ...tensor.shape.slice(1)], data as never);
}
