/** Whole models, traced and evaluated step by step, before and after the passes, against TensorFlow's outputs. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { traceGraph } from "../../../../framework/aot/lower/traceGraph.js";
import { fuse } from "../../../../framework/aot/passes/fuse.js";
import { removeDead } from "../../../../framework/aot/passes/removeDead.js";
import { loadGraphDef } from "../../../../framework/tensorflow/GraphDef.js";
import { GraphIndex } from "../../../../framework/tensorflow/GraphIndex.js";
import { foldConstants } from "../../../../framework/tensorflow/reference/foldConstants.js";
import { lowerFunctions } from "../../../../framework/tensorflow/reference/functions/lowerFunctions.js";
import type { TensorLike } from "../../../../framework/tensorflow/Tensor.js";
import { expectClose, type PlainTensor, toTensor } from "../../tensorflow/goldens.js";
import { evaluateGraph } from "./evaluateGraph.js";

interface Case {
  readonly batch: number;
  readonly inputs: Readonly<Record<string, PlainTensor>>;
  readonly outputs: Readonly<Record<string, PlainTensor>>;
}

interface Meta {
  readonly outputs: Readonly<Record<string, { readonly tensor: string }>>;
  readonly frozen_whilev2?: { readonly outputs: Readonly<Record<string, string>> };
}

const shared = process.env.CMSRUN_SHARED;
const folder = shared === undefined ? "" : join(shared, "models");
const isThere = existsSync(folder);
if (!isThere)
  console.warn("aot/whole/models.test.ts: CMSRUN_SHARED names no folder with models/: models are NOT traced");

/** Sums in another order than TensorFlow's, each rounded: this is not the promise for compiled code. */
const tolerance = 1e-4;
const maxElements = 3000;

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}

function checkCase(path: string, golden: Case, tensorOf: (key: string) => string): void {
  const index = new GraphIndex(lowerFunctions(loadGraphDef(path)));
  const inputs = Object.entries(golden.inputs).map(([name, plain]) => ({ name, tensor: toTensor(plain) }));
  const feeds = inputs.map(({ name, tensor }) => ({ name, dtype: tensor.dtype, shape: tensor.shape }));
  const keys = Object.keys(golden.outputs);
  const graph = traceGraph(index, foldConstants(index), feeds, keys.map(tensorOf));
  const data = inputs.map(({ tensor }) => tensor.data);
  const kept = new Set([...graph.inputs, ...graph.outputs].map(({ storage }) => storage));
  const plain = evaluateGraph(graph, data);
  const fused = evaluateGraph(graph, data, fuse(removeDead(graph.steps, kept), kept));
  expect(fused).toEqual(plain);
  for (const [i, key] of keys.entries()) {
    const { dtype, shape } = graph.outputs[i] as TensorLike & (typeof graph.outputs)[0];
    const result = { dtype, shape: [...shape], data: plain[i] } as TensorLike;
    expectClose(result, golden.outputs[key] as PlainTensor, tolerance);
  }
}

function isSmall({ inputs }: Case): boolean {
  return Object.values(inputs).reduce((sum, { data }) => sum + data.length, 0) <= maxElements;
}

describe.skipIf(!isThere)("whole models, step by step,", () => {
  it.each(["mlp_small", "gru"])("%s gives TensorFlow's outputs", { timeout: 60_000 }, (name) => {
    const meta = readJson(join(folder, name, "meta.json")) as Meta;
    const { cases } = readJson(join(folder, name, "golden.json")) as { cases: Case[] };
    const [golden] = cases.filter(isSmall).sort((a, b) => b.batch - a.batch);
    const [first] = cases;
    for (const one of new Set([first as Case, golden ?? (first as Case)])) {
      checkCase(join(folder, name, "frozen.pb"), one, (key) => meta.outputs[key]?.tensor ?? key);
      if (!meta.frozen_whilev2) continue;
      const { outputs } = meta.frozen_whilev2;
      checkCase(join(folder, name, "frozen_whilev2.pb"), one, (key) => outputs[key] ?? key);
    }
  });

  it.each(["ele_pfid", "emtf_displ10", "oiseed_hb", "ddx_ddb", "l2tau"])(
    "CMS's %s gives TensorFlow's outputs and inner values",
    { timeout: 60_000 },
    (name) => {
      const { cases } = readJson(join(folder, "cms", name, "golden.json")) as { cases: Case[] };
      checkCase(join(folder, "cms", name, "graph.pb"), cases[0] as Case, (key) => key);
    },
  );
});
