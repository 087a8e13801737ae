/** `lsCheckpoint FILE`: what a checkpoint or a NumPy file holds, tensorpack's ls-checkpoint. */
import { openSource } from "../tensorflow/checkpoint/ValueSource.js";
import { loadNpy } from "../tensorflow/numpy/npz.js";
import { showShape, Tensor } from "../tensorflow/Tensor.js";
import { print } from "./compareOutput.js";
import { runTool } from "./runTool.js";
import { toolArguments, withUsage, wrongArguments } from "./toolArguments.js";

const name = "lsCheckpoint";

const usage = `$0 FILE [--json]

Lists the tensors of a TensorFlow checkpoint (its prefix or any of its files, the file 'checkpoint', a folder, a SavedModel
directory) or of a NumPy file (.npz, .npy): names, types, shapes, bytes, and their sums. A variable that is stored under
another name than it has in the graph is followed by that one. A checkpoint's values are not read.`;

interface Listed {
  readonly name: string;
  /** The name it is stored under. */
  readonly key: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
}

process.exitCode = await runTool(async () => {
  const parsed = await toolArguments(name, process.argv.slice(2), (parser) =>
    withUsage(parser, usage)
      .option("json", { type: "boolean", default: false, describe: "print one line of JSON" })
      .example("$0 training/model-1000", "one checkpoint")
      .example("$0 training", "the latest one there")
      .example("$0 data/models/jet_btag/saved_model --json | jq .bytes", "for programs"),
  );
  if (!parsed) return 0;
  const [path, ...rest] = parsed._.map(String);
  if (path === undefined || rest.length > 0)
    throw wrongArguments(name, `it takes one file, not ${parsed._.length}.`);
  const tensors = list(path);
  const elements = tensors.reduce((sum, { shape }) => sum + shape.reduce((n, size) => n * size, 1), 0);
  const bytes = tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
  if (parsed.json) await print(`${JSON.stringify({ tensors, elements, bytes })}\n`);
  else await print(`${[...lines(tensors), sums(tensors.length, elements, bytes)].join("\n")}\n`);
  return 0;
});

function list(path: string): Listed[] {
  const array = path.endsWith(".npy") ? loadNpy(path) : undefined;
  if (array instanceof Tensor) {
    const { dtype, shape, data } = array;
    const bytes = Array.isArray(data) ? data.reduce((sum, { length }) => sum + length, 0) : data.byteLength;
    return [{ name: "", key: "", dtype, shape, bytes }];
  }
  const source = openSource(path);
  const tensors = source.names.map((key) => {
    const { typeName, shape, sizeBytes } = source.describe(key);
    return { name: source.fullName(key), key, dtype: typeName, shape, bytes: sizeBytes };
  });
  return tensors.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function lines(tensors: readonly Listed[]): string[] {
  const cells = tensors.map(({ name, key, dtype, shape, bytes }) => [
    name,
    `${dtype}${showShape(shape)}`,
    String(bytes),
    key === name ? "" : key,
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(0, ...cells.map((row) => row[column]?.length ?? 0)));
  const [nameWidth = 0, typeWidth = 0, bytesWidth = 0] = widths;
  return cells.map(([name = "", type = "", bytes = "", key = ""]) =>
    `${name.padEnd(nameWidth)}  ${type.padEnd(typeWidth)}  ${bytes.padStart(bytesWidth)}  ${key}`.trimEnd(),
  );
}

function sums(count: number, elements: number, bytes: number): string {
  const things = count === 1 ? "1 tensor" : `${count} tensors`;
  return `${things}, ${elements} elements, ${bytes} bytes`;
}
