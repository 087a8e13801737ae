/**
 * The engines of the inference benchmark behind one interface: `open(model, inputs)` gives `call` (one call with inputs
 * and outputs as plain typed arrays), `outputs` (the same, as arrays in the order of meta.json) and `close`; it throws
 * what the engine says against it.
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import util from "node:util";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const sessionProgram = fileURLToPath(new URL("tensorflowSession.py", import.meta.url));
const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
};

function typedArray({ dtype, values }) {
  return arrays[dtype].from(values, dtype === "int64" ? BigInt : Number);
}

/** An engine of ours, on the frozen graph, as a plugin calls it. */
export function framework(engine) {
  return {
    engine,
    async open({ directory, meta }, inputs) {
      const { createSession, loadGraphDef } = await import(join(root, "dist", "index.js"));
      const session = createSession(loadGraphDef(join(directory, "frozen.pb")), { engine });
      const call = session.prepare(
        inputs.map(({ tensor }) => tensor),
        Object.values(meta.outputs).map(({ tensor }) => tensor),
      );
      const feeds = inputs.map((input) => ({
        dtype: input.dtype,
        shape: input.shape,
        data: typedArray(input),
      }));
      const results = [];
      return {
        call: () => call.run(feeds, results),
        outputs: () => call.run(feeds).map(({ data }) => [...data]),
        close: () => session.close(),
      };
    },
  };
}

export function onnxruntime() {
  return {
    engine: "onnxruntime-node",
    async open({ directory, meta }, inputs) {
      const { InferenceSession, Tensor } = peerPackage(
        join(root, "test", "bench", "peers"),
        "onnxruntime-node",
        "npm run bench:setup",
      );
      const session = await InferenceSession.create(join(directory, "model.onnx"), {
        intraOpNumThreads: 1,
        interOpNumThreads: 1,
      });
      const known = (names, key, tensor) => (names.includes(key) ? key : tensor);
      const given = inputs.map((input) => ({
        ...input,
        name: known(session.inputNames, input.key, input.tensor),
        data: typedArray(input),
      }));
      const names = Object.entries(meta.outputs).map(([key, { tensor }]) =>
        known(session.outputNames, key, tensor),
      );
      const call = () =>
        session.run(
          Object.fromEntries(
            given.map(({ name, dtype, data, shape }) => [name, new Tensor(dtype, data, shape)]),
          ),
        );
      return {
        isAsync: true,
        call,
        outputs: async () => {
          const results = await call();
          return names.map((name) => [...results[name].data]);
        },
        close: () => session.release(),
      };
    },
  };
}

/** tfjs-node's own interface, on the SavedModel: tensors in, predict, data out, all disposed of. */
export function tfjsNode() {
  return {
    engine: "tfjs-node",
    async open({ directory, meta }, inputs) {
      const wide = inputs.find(({ dtype }) => dtype === "float64");
      if (wide) throw new Error(`input '${wide.key}' is float64, which tfjs-node does not have`);
      // tfjs-node 4.22 calls functions that Node 23 removed.
      util.isNullOrUndefined ??= (value) => value === null || value === undefined;
      util.isArray ??= Array.isArray;
      // It warns at every call with an int64 output, which takes longer than the call.
      console.warn = () => undefined;
      const tf = peerPackage(join(root, ".tensorflow"), "@tensorflow/tfjs-node", "npm run build:tensorflow");
      const model = await tf.node.loadSavedModel(join(directory, "saved_model"));
      const given = inputs.map((input) => ({ ...input, data: typedArray(input) }));
      const keys = Object.keys(meta.outputs);
      const call = () => {
        const feeds = Object.fromEntries(
          given.map(({ key, data, shape, dtype }) => [key, tf.tensor(data, shape, dtype)]),
        );
        const results = model.predict(feeds);
        const outputs = keys.map((key) => results[key].dataSync());
        for (const tensor of [...Object.values(feeds), ...Object.values(results)]) tensor.dispose();
        return outputs;
      };
      return { call, outputs: () => call().map((data) => [...data]), close: () => model.dispose() };
    },
  };
}

/** A Python process that times calls on demand, so that its rounds alternate with the others'. */
export function python(folder) {
  const interpreter = process.env.TF_PYTHON;
  let child;
  let lines;
  const start = () => {
    child = spawn(interpreter, [sessionProgram, folder], { stdio: ["pipe", "pipe", "ignore"] });
    // Then its output ends at once, which `ask` reports.
    for (const source of [child, child.stdin]) source.on("error", () => undefined);
    lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  };
  const ask = async (request) => {
    if (!child) start();
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await lines.next();
    if (done)
      throw new Error(
        `TF_PYTHON='${interpreter}' cannot run test/bench/peers/tensorflowSession.py; does it have tensorflow and numpy?`,
      );
    const answer = JSON.parse(value);
    if (answer.error) throw new Error(answer.error);
    return answer;
  };
  return {
    engine: "tensorflow-python",
    async open({ name, meta }, inputs) {
      if (!interpreter) throw new Error("TF_PYTHON names no Python interpreter with TensorFlow");
      const fetches = Object.values(meta.outputs).map(({ tensor }) => tensor);
      await ask({ open: name, inputs, fetches });
      return {
        time: async (count) => (await ask({ time: count })).us,
        outputs: async () => (await ask({ run: true })).outputs,
      };
    },
    end: () => child?.stdin.end(),
  };
}

function peerPackage(folder, name, remedy) {
  try {
    return createRequire(join(folder, "package.json"))(name);
  } catch (error) {
    if (error.code !== "MODULE_NOT_FOUND") throw error;
    throw new Error(`${name} is not installed: ${remedy}`);
  }
}
