/** SavedModels for tests, written as TensorFlow would, with their aot_config. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { buildTool, type BuildOptions } from "../../../../framework/aot/tfaot/buildTool.js";
import type { ModelDescriptor } from "../../../../framework/aot/tfaot/descriptor.js";
import { readToolFile } from "../../../../framework/aot/tfaot/toolFile.js";
import { type DType, dtypeNumber } from "../../../../framework/tensorflow/dtypes.js";
import { savedModelType } from "../../../../framework/tensorflow/proto/savedModelSchema.js";
import { floats, node, placeholder, shapeProto, type TestNode } from "../../tensorflow/buildGraph.js";
import { compileGraph } from "./fakeCompiler.js";

type Infos = Readonly<Record<string, readonly [tensor: string, dtype: DType, shape: readonly number[]]>>;

export interface TestModel {
  readonly nodes: readonly TestNode[];
  readonly inputs: Infos;
  readonly outputs: Infos;
}

const cast = (name: string, input: string, from: DType, to: DType) =>
  node(name, "Cast", [input], { SrcT: { type: dtypeNumber(from) }, DstT: { type: dtypeNumber(to) } });

/** scores = scale · x · [[1, 0], [0, 1], [1, 1]] in float64; flag as int32, int64 and negated; scale has no batch. */
export const calc: TestModel = {
  nodes: [
    placeholder("x", "float32", [-1, 3]),
    placeholder("flag", "bool", [-1, 2]),
    placeholder("scale", "float32", []),
    floats("weights", [3, 2], [1, 0, 0, 1, 1, 1]),
    node("product", "MatMul", ["x", "weights"], { T: { type: 1 } }),
    node("scaled", "Mul", ["product", "scale"], { T: { type: 1 } }),
    cast("scores", "scaled", "float32", "float64"),
    cast("small", "flag", "bool", "int32"),
    cast("big", "flag", "bool", "int64"),
    node("negated", "LogicalNot", ["flag"]),
  ],
  inputs: {
    flag: ["flag:0", "bool", [-1, 2]],
    scale: ["scale:0", "float32", []],
    x: ["x:0", "float32", [-1, 3]],
  },
  outputs: {
    big: ["big:0", "int64", [-1, 2]],
    negated: ["negated:0", "bool", [-1, 2]],
    scores: ["scores:0", "float64", [-1, 2]],
    small: ["small:0", "int32", [-1, 2]],
  },
};

/** y = 2 x, of any shape that the signature says. */
export function twice(shape: readonly number[], output = shape): TestModel {
  return {
    nodes: [
      placeholder("x", "float32", shape),
      floats("two", [], [2]),
      node("y", "Mul", ["x", "two"], { T: { type: 1 } }),
    ],
    inputs: { x: ["x:0", "float32", shape] },
    outputs: { y: ["y:0", "float32", output] },
  };
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "tfaot-test-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function writeSavedModel(directory: string, { nodes, inputs, outputs }: TestModel): void {
  const infos = (tensors: Infos) =>
    Object.fromEntries(
      Object.entries(tensors).map(([key, [name, dtype, shape]]) => [
        key,
        { name, dtype: dtypeNumber(dtype), tensor_shape: shapeProto(shape) },
      ]),
    );
  const metaGraph = {
    meta_info_def: { tags: ["serve"] },
    graph_def: { node: nodes, versions: { producer: 561 } },
    signature_def: { serving_default: { inputs: infos(inputs), outputs: infos(outputs) } },
  };
  mkdirSync(directory, { recursive: true });
  const message = savedModelType().fromObject({ saved_model_schema_version: 1, meta_graphs: [metaGraph] });
  writeFileSync(join(directory, "saved_model.pb"), savedModelType().encode(message).finish());
}

/** A folder with saved_model/ and aot_config.yaml; gives the config's path. */
export function writeModelFolder(folder: string, model: TestModel, name: string, batchSizes: string): string {
  writeSavedModel(join(folder, "saved_model"), model);
  const config = join(folder, "aot_config.yaml");
  writeFileSync(
    config,
    `model: { name: ${name}, version: "1.2.3" }\ncompilation: { batch_sizes: ${batchSizes} }\n`,
  );
  return config;
}

export interface Told {
  readonly said: string[];
  readonly warned: string[];
}

/** buildTool with the fake compiler; gives what the user was told. */
export function build(
  options: Partial<BuildOptions> & Pick<BuildOptions, "aotConfig" | "outputDirectory">,
): Told {
  const told: Told = { said: [], warned: [] };
  const workshop = {
    compileGraph,
    say: (line: string) => void told.said.push(line),
    warn: (line: string) => void told.warned.push(line),
  };
  buildTool({ target: "wasm", dev: true, ...options }, workshop);
  return told;
}

/** What the generated module exports, read from the tool file. */
export function descriptorOf(directory: string, tool: string): ModelDescriptor {
  const toolFile = join(directory, `${tool}.json`);
  const { model, revision, batchSizes, inputs, outputs } = readToolFile(toolFile);
  return { name: model.name, version: model.version, revision, toolFile, batchSizes, inputs, outputs };
}
