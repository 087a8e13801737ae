/**
 * The models of the inference benchmark in one form: those of $CMSRUN_SHARED/models, and the production graphs of CMS in
 * its folder cms/. Inputs are rows of the goldens repeated up to the batch, and so are the outputs to expect.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const names = [
  "simple",
  "multi",
  "mlp_small",
  "mlp_big",
  "tf1_frozen",
  "deepjet_like",
  "transformer",
  "cnn",
  "gru",
];
/** How far the outputs of two engines may lie apart before their times mean nothing. */
const tolerance = 1e-4;

const read = (directory, file) => JSON.parse(readFileSync(join(directory, file), "utf8"));

function sharedModel(folder, name) {
  const directory = join(folder, name);
  const meta = read(directory, "meta.json");
  const valuesOf = (described) =>
    Object.entries(described).map(([key, { tensor, dtype, shape }]) => ({
      key,
      tensor,
      dtype,
      isRows: shape[0] === null,
    }));
  return {
    name,
    isCms: false,
    graph: join(directory, "frozen.pb"),
    savedModel: join(directory, "saved_model"),
    onnx: {
      file: join(directory, "model.onnx"),
      names: [...meta.onnx.inputs, ...meta.onnx.outputs].map(([own]) => own),
    },
    inputs: valuesOf(meta.inputs),
    outputs: valuesOf(meta.outputs).map((output) => ({
      ...output,
      allowed: (expected) => tolerance * Math.max(1, Math.abs(expected)),
    })),
    golden: read(directory, "golden.json").cases.at(-1),
    mflop: meta.mflop_per_example,
    batches: [1, 2, 4, 8, 16, 32, 64],
  };
}

/** Only the outputs that CMS reads: a probe before the last activation would keep an engine from fusing it. */
function cmsModel(folder, name) {
  const directory = join(folder, "cms", name);
  const meta = read(directory, "meta.json");
  const value = ({ name: key, dtype, row_shape }) => ({
    key,
    tensor: `${key}:0`,
    dtype,
    isRows: row_shape !== null,
  });
  return {
    name: `cms/${name}`,
    isCms: true,
    graph: join(directory, "graph.pb"),
    inputs: meta.inputs.map(value),
    outputs: meta.outputs
      .filter(({ role }) => role === "output")
      .map((output) => ({ ...value(output), allowed: () => 2e-4 * output.max_std_over_batch32 + 1e-6 })),
    golden: read(directory, "golden.json").cases.at(-1),
    // The TensorFlow C++ session counts it.
    mflop: undefined,
    batches: [1, 8, 32],
  };
}

/** Every model as its name and how to read it. */
export function listModels(folder) {
  const cms = join(folder, "cms");
  const production = existsSync(cms) ? readdirSync(cms).sort() : [];
  return [
    ...names.map((name) => ({ name, read: () => sharedModel(folder, name) })),
    ...production.map((name) => ({ name: `cms/${name}`, read: () => cmsModel(folder, name) })),
  ];
}

/** A value with `batch` of the golden rows; as it is where it has none. */
function withRows(value, { data, shape }, batch) {
  if (!value.isRows) return { ...value, shape, values: data };
  const count = (batch * data.length) / shape[0];
  const values = Array.from({ length: count }, (_, i) => data[i % data.length]);
  return { ...value, shape: [batch, ...shape.slice(1)], values };
}

/** The inputs of a model at one batch size and the outputs to expect. */
export function cellOf(model, batch) {
  const { golden } = model;
  return {
    batch,
    inputs: model.inputs.map((input) => withRows(input, golden.inputs[input.key], batch)),
    outputs: model.outputs.map((output) => withRows(output, golden.outputs[output.key], batch)),
  };
}
