/** What is exported, opened by TensorFlow's own loaders: eager, session, saved_model_cli, and saved again by it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadGraphDef, type Signature } from "../../../../framework/tensorflow/GraphDef.js";
import {
  loadConcreteFunction,
  loadSavedModel,
} from "../../../../framework/tensorflow/savedmodel/SavedModel.js";
import { exportCompact } from "../../../../framework/tensorflow/saving/exportCompact.js";
import { exportServing } from "../../../../framework/tensorflow/saving/exportServing.js";
import { createSession } from "../../../../framework/tensorflow/Session.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { describeWithPython, runPython } from "../../../python.js";
import { modelNames, modelsFolder } from "../../../goldenModels.js";
import { type PlainTensor, toTensor } from "../goldens.js";
import { everyType, scaling, valuesOfEveryType } from "./variableGraphs.js";

const found = modelsFolder("exportsInTensorflow.test.ts");
const models = found ?? "";
const isShared = found !== undefined;

type Plain = Readonly<Record<string, PlainTensor>>;

interface Case {
  readonly name: string;
  readonly path: string;
  readonly inputs: Plain;
  readonly outputs: Plain;
  readonly tags?: readonly string[];
  readonly signature?: string;
  readonly variables?: Plain;
  readonly isCompact?: boolean;
  readonly isSavedAgain?: boolean;
  readonly isShown?: boolean;
  /** Of a compact graph: key → tensor. */
  readonly tensors?: Readonly<Record<string, string>>;
}

type Expected = Readonly<
  Record<string, readonly { inputs: Plain; outputs: Plain; options: { signature?: string } }[]>
>;
type Differences = Readonly<Record<string, number | string>>;

interface Report {
  readonly error?: string;
  readonly eager?: Differences;
  readonly session?: Differences;
  readonly again?: Differences;
  readonly run?: Differences;
  readonly values?: Differences;
  readonly variables?: Readonly<Record<string, readonly [string, readonly number[], boolean]>>;
  readonly signatures?: readonly string[];
  readonly fingerprint?: string;
  readonly shown?: string;
  readonly assets?: readonly string[];
}

const fixtures = join(import.meta.dirname, "../savedModels");
const folder = mkdtempSync(join(tmpdir(), "exports-"));
const out = (name: string) => join(folder, name);
const reports = new Map<string, Report>();
afterAll(() => rmSync(folder, { recursive: true }));

function golden(path: string): { inputs: Plain; outputs: Plain } {
  const { cases } = JSON.parse(readFileSync(join(path, "golden.json"), "utf8")) as {
    cases: readonly { inputs: Plain; outputs: Plain }[];
  };
  return cases[0] as { inputs: Plain; outputs: Plain };
}

function plain({ dtype, shape, data }: Tensor): PlainTensor {
  const value = (one: unknown) =>
    one instanceof Uint8Array
      ? Buffer.from(one).toString()
      : typeof one === "bigint"
        ? String(one)
        : (one as number);
  return { dtype, shape, data: [...data].map(value) };
}

const plains = (tensors: Readonly<Record<string, Tensor>>) =>
  Object.fromEntries(Object.entries(tensors).map(([key, tensor]) => [key, plain(tensor)]));

async function exportOwn(): Promise<Case[]> {
  const given = {
    int64: new Tensor("int64", [3], [1n, -2n, 9007199254740993n]),
    bool: new Tensor("bool", [2], [true, false]),
    string: new Tensor(
      "string",
      [2],
      ["jet", "b"].map((text) => new Uint8Array(Buffer.from(text))),
    ),
    float64: new Tensor("float64", [1], [Math.E]),
  };
  const types = everyType(["int64", "bool", "string", "float64"]);
  await exportServing(out("types"), types);
  const back = Object.entries(given).map(([key, tensor]): [string, Tensor] => [`${key}_given`, tensor]);
  const variables = Object.entries(valuesOfEveryType).map(([dtype, value]): [string, Tensor] => [
    `of_${dtype}`,
    value,
  ]);
  await exportServing(out("reference"), scaling(3, true), {
    tags: ["serve", "gpu"],
    tensorNamesAsKeys: true,
  });
  await exportServing(out("several"), { triple: scaling(3), thrice: scaling(3), tenfold: scaling(10) });
  const x = { x: plain(new Tensor("float32", [2], [1, 2])) };
  const y = (factor: number) => ({ y: plain(new Tensor("float32", [2], [factor, 2 * factor])) });
  return [
    {
      name: "types",
      path: out("types"),
      inputs: plains(given),
      outputs: plains({ ...valuesOfEveryType, ...Object.fromEntries(back) }),
      variables: plains(Object.fromEntries(variables)),
    },
    {
      name: "reference",
      path: out("reference"),
      tags: ["serve", "gpu"],
      inputs: { "x:0": x.x },
      outputs: { "y:0": y(3).y },
      isSavedAgain: false,
    },
    {
      name: "triple",
      path: out("several"),
      signature: "triple",
      inputs: x,
      outputs: y(3),
      isSavedAgain: true,
      isShown: true,
    },
    { name: "tenfold", path: out("several"), signature: "tenfold", inputs: x, outputs: y(10) },
  ];
}

/** TensorFlow's own small models of the tests: what they have beside a graph and variables must survive. */
async function exportFixtures(): Promise<Case[]> {
  const x = {
    x: plain(
      new Tensor(
        "string",
        [3],
        ["muon", "x", "tau"].map((text) => new Uint8Array(Buffer.from(text))),
      ),
    ),
  };
  const index = new Tensor("int64", [3], [1n, -1n, 2n]);
  const outputs = plains({ index, score: new Tensor("float32", [3], [3, 1, 4]) });
  for (const name of ["vocabulary", "vocabulary_v1"]) {
    await exportServing(out(`${name}_first`), join(fixtures, name));
    await exportServing(out(name), out(`${name}_first`));
  }
  const called = ["serving_default", "other"].map((key) => [
    key,
    loadConcreteFunction(join(fixtures, "functions"), { signature: key }),
  ]);
  await exportServing(out("functions"), Object.fromEntries(called));
  await exportServing(out("parts"), join(fixtures, "reference_variables"), { outputNames: ["y"] });
  const expected = JSON.parse(readFileSync(join(fixtures, "expected.json"), "utf8")) as Expected;
  return [
    { name: "vocabulary", path: out("vocabulary"), inputs: x, outputs, isSavedAgain: true },
    { name: "vocabulary_v1", path: out("vocabulary_v1"), inputs: x, outputs },
    ...(expected.functions ?? []).map((one, i) => ({
      name: `functions ${i}`,
      path: out("functions"),
      ...one,
      ...one.options,
    })),
    ...(expected.reference_variables ?? []).map((one, i) => ({
      name: `parts ${i}`,
      path: out("parts"),
      ...one,
    })),
  ];
}

async function exportShared(): Promise<Case[]> {
  const cases: Case[] = [];
  for (const name of modelNames) {
    const { inputs, outputs } = golden(join(models, name));
    const source = join(models, name, "saved_model");
    await exportServing(out(name), source);
    cases.push({ name, path: out(name), inputs, outputs, isSavedAgain: name === "gru" });
    const path = out(`${name}.pb`);
    await exportCompact(path, source);
    cases.push({
      name: `${name} compact`,
      path,
      inputs,
      outputs,
      isCompact: true,
      tensors: tensorsOf(path, outputs, loadSavedModel(source).signature),
    });
  }
  for (const name of readdirSync(join(models, "cms"))) {
    const { inputs, outputs } = golden(join(models, "cms", name));
    const source = join(models, "cms", name, "graph.pb");
    const entries = Object.entries(inputs).map(([key, tensor]) => [key, toTensor(tensor)]);
    const options = { outputNames: Object.keys(outputs), sampleInputs: Object.fromEntries(entries) };
    await exportServing(out(name), source, options);
    cases.push({ name, path: out(name), inputs, outputs });
    const path = out(`${name}.pb`);
    await exportCompact(path, source, options);
    cases.push({
      name: `${name} compact`,
      path,
      inputs,
      outputs,
      isCompact: true,
      tensors: tensorsOf(path, outputs),
    });
  }
  return cases;
}

/** The keys are nodes of a compact graph, but where a person gave other names in TensorFlow 1. */
function tensorsOf(path: string, outputs: Plain, declared?: Signature): Record<string, string> {
  const names = new Set(loadGraphDef(path).nodes.map(({ name }) => name));
  const tensors = Object.keys(outputs).map((key) => [
    key,
    names.has(key) ? `${key}:0` : declared?.outputs[key]?.name,
  ]);
  return Object.fromEntries(tensors);
}

/** Within 1e-6 of what TensorFlow said when the goldens were made. */
function expectEqual(differences: Differences | undefined, tolerance = 1e-6): void {
  expect(Object.keys(differences ?? {}).length).toBeGreaterThan(0);
  for (const [key, difference] of Object.entries(differences ?? {})) {
    expect(difference, `output '${key}'`).toBeTypeOf("number");
    expect(difference as number, `output '${key}'`).toBeLessThanOrEqual(tolerance);
  }
}

function reportOf(name: string): Report {
  const report = reports.get(name);
  expect(report?.error).toBeUndefined();
  return report as Report;
}

describeWithPython("an export", () => {
  beforeAll(async () => {
    const cases = [
      ...(await exportOwn()),
      ...(await exportFixtures()),
      ...(isShared ? await exportShared() : []),
    ];
    const complete = cases.map((one) => ({
      tags: ["serve"],
      signature: "serving_default",
      isCompact: false,
      ...one,
    }));
    writeFileSync(out("cases.json"), JSON.stringify(complete));
    const printed = runPython(join(import.meta.dirname, "load_exports.py"), [out("cases.json")]);
    for (const [i, report] of (JSON.parse(printed.trim().split("\n").at(-1) as string) as Report[]).entries())
      reports.set((cases[i] as Case).name, report);
  }, 240_000);

  it("holds variables and takes inputs of every type", () => {
    const { eager, session, values, variables, fingerprint } = reportOf("types");
    expectEqual(eager, 0);
    expectEqual(session, 0);
    expectEqual(values, 0);
    expect(Object.keys(values ?? {}).length).toBe(Object.keys(valuesOfEveryType).length);
    expect(Object.values(variables ?? {}).filter(([, , isTrainable]) => isTrainable).length).toBe(4);
    expect(fingerprint).toBe("equal");
  });

  it("has TensorFlow 1's variables as resources, several tags, and tensors' names as keys", () => {
    const { eager, session, variables } = reportOf("reference");
    expectEqual(eager, 0);
    expectEqual(session, 0);
    expect(Object.values(variables ?? {})).toEqual([["float32", [], true]]);
  });

  it("has several signatures, which share the variables that are the same", () => {
    const { eager, session, again, run, shown, signatures, variables, fingerprint } = reportOf("triple");
    for (const results of [eager, session, again, run, reportOf("tenfold").eager]) expectEqual(results, 0);
    expect([...(signatures ?? [])].sort()).toEqual(["tenfold", "thrice", "triple"]);
    expect(Object.keys(variables ?? {}).length).toBe(2);
    expect(shown).toContain("Method name is: tensorflow/serving/predict");
    expect(fingerprint).toBe("equal");
  });

  it("fills its tables from the files in assets/, which it keeps, as it keeps assets.extra/", () => {
    for (const name of ["vocabulary", "vocabulary_v1"]) {
      const { eager, session, assets, fingerprint } = reportOf(name);
      expectEqual(eager, 0);
      expectEqual(session, 0);
      expect(assets).toEqual(["assets/words.txt"]);
      expect(fingerprint).toBe("equal");
    }
    expectEqual(reportOf("vocabulary").again, 0);
    const extra = "assets.extra/requests/warmup.txt";
    expect(readFileSync(join(out("vocabulary_v1"), extra))).toEqual(
      readFileSync(join(fixtures, "vocabulary_v1", extra)),
    );
  });

  it("calls functions in loops and branches, from several signatures, and has variables in parts", () => {
    for (const i of [0, 1, 2, 3]) expectEqual(reportOf(`functions ${i}`).eager);
    for (const i of [0, 1]) expectEqual(reportOf(`parts ${i}`).session);
    expect(Object.keys(reportOf("functions 0").variables ?? {}).length).toBe(4);
  });

  describe.skipIf(!isShared).each(modelNames)("of %s", (name) => {
    it("is loaded, with TensorFlow's numbers and fingerprint", () => {
      const { eager, session, again, fingerprint, variables } = reportOf(name);
      expectEqual(eager);
      expectEqual(session);
      if (again) expectEqual(again);
      expect(fingerprint).toBe("equal");
      expect(Object.keys(variables ?? {}).length).toBeGreaterThan(0);
    });

    it("has them as one compact graph, too", () => expectEqual(reportOf(`${name} compact`).session));

    it("gives the very bits of its source in the reference engine, and the same files when it is exported again", async () => {
      const { inputs, outputs } = golden(join(models, name));
      const feeds = Object.entries(inputs).map(([key, tensor]): [string, Tensor] => [key, toTensor(tensor)]);
      const [source, exported] = [join(models, name, "saved_model"), out(name)].map((path) =>
        createSession(loadSavedModel(path), { engine: "reference" }).run(feeds, Object.keys(outputs)),
      );
      expect(exported).toEqual(source);
      await exportServing(out(`${name}_twice`), loadConcreteFunction(out(name)));
      const files = [
        "saved_model.pb",
        "fingerprint.pb",
        "variables/variables.index",
        "variables/variables.data-00000-of-00001",
      ];
      for (const file of files)
        expect(
          readFileSync(join(out(`${name}_twice`), file)).equals(readFileSync(join(out(name), file))),
        ).toBe(true);
    });
  });

  it.skipIf(!isShared)("of each graph of CMS is loaded with its golden outputs", () => {
    for (const name of readdirSync(join(models, "cms"))) {
      const report = reportOf(name);
      expectEqual(report.eager, 1e-5);
      expectEqual(report.session, 1e-5);
      expect(report.fingerprint).toBe("equal");
      expectEqual(reportOf(`${name} compact`).session, 1e-5);
    }
  });
});
