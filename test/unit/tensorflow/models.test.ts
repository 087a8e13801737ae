/** Whole models against TensorFlow's outputs: those beside the checkout (CMSRUN_SHARED) and our own jet tagger. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadGraphDef } from "../../../framework/tensorflow/GraphDef.js";
import { supportedOps } from "../../../framework/tensorflow/reference/ops.js";
import { createSession, type Session } from "../../../framework/tensorflow/Session.js";
import { Tensor } from "../../../framework/tensorflow/Tensor.js";
import { expectClose, type PlainTensor, toTensor } from "./goldens.js";

interface Case {
  readonly batch: number;
  readonly inputs: Readonly<Record<string, PlainTensor>>;
  readonly outputs: Readonly<Record<string, PlainTensor>>;
}

interface Meta {
  readonly outputs: Readonly<Record<string, { readonly tensor: string }>>;
}

/** The promise is 1e-5; these dense models reach 1e-6. */
const tolerance = 1e-6;
const mustRun = ["mlp_big", "mlp_small", "multi", "simple"];
const shared = process.env.CMSRUN_SHARED;
const folder = shared === undefined ? "" : join(shared, "models");
const isThere = existsSync(folder);
if (!isThere) console.warn("models.test.ts: CMSRUN_SHARED names no folder with models/: golden models are NOT tested");

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}

function isSupported(name: string): boolean {
  const path = join(folder, name, "frozen.pb");
  const known = new Set(supportedOps());
  return existsSync(path) && loadGraphDef(path).nodes.every((node) => known.has(node.op));
}

describe.skipIf(!isThere)("golden models", () => {
  const supported = isThere ? readdirSync(folder).filter(isSupported) : [];

  it("include those that this engine has to run", () => {
    expect(supported).toEqual(expect.arrayContaining(mustRun));
  });

  it.each(supported)("%s gives TensorFlow's outputs, and a row the same bits in any batch", (name) => {
    const { outputs } = readJson(join(folder, name, "meta.json")) as Meta;
    const { cases } = readJson(join(folder, name, "golden.json")) as { cases: Case[] };
    const session = createSession(loadGraphDef(join(folder, name, "frozen.pb")));
    expect(cases.length).toBeGreaterThan(0);
    for (const golden of cases) checkCase(session, golden, (key) => outputs[key]?.tensor ?? key);
  });
});

describe("data/models/jet_btag", () => {
  it("gives TensorFlow's scores, and none for no jets", () => {
    const { jet_btag } = readJson(fileURLToPath(new URL("./op_goldens.json", import.meta.url))) as { jet_btag: Case };
    const path = fileURLToPath(new URL("../../../data/models/jet_btag/graph.pb", import.meta.url));
    const session = createSession(loadGraphDef(path));
    checkCase(session, jet_btag, (key) => key);
    expect(session.run({ input: new Tensor("float32", [0, 5]) }, ["output"])).toEqual([]);
  });
});

function checkCase(session: Session, golden: Case, tensorOf: (key: string) => string): void {
  const feeds = Object.entries(golden.inputs).map(([key, plain]): [string, Tensor] => [key, toTensor(plain)]);
  const keys = Object.keys(golden.outputs);
  const results = session.run(feeds, keys.map(tensorOf));
  for (const [i, key] of keys.entries())
    expectClose(results[i] as Tensor, golden.outputs[key] as PlainTensor, tolerance);
  for (let at = 0; at < golden.batch; at++) {
    const one = feeds.map(([key, tensor]): [string, Tensor] => [key, row(tensor, at)]);
    const alone = session.run(one, keys.map(tensorOf));
    expect(alone).toEqual(results.map((result) => row(result, at)));
  }
}

function row(tensor: Tensor, at: number): Tensor {
  const width = tensor.data.length / (tensor.shape[0] as number);
  const data = tensor.data.slice(at * width, (at + 1) * width);
  return new Tensor(tensor.dtype, [1, ...tensor.shape.slice(1)], data as never);
}
