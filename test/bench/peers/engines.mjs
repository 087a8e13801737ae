/**
 * The engines of the inference benchmark that run in this process, behind the interface that all have: `open(model, cell)`
 * gives `call` (one call with inputs and outputs as plain typed arrays), `outputs` (the same, as arrays in the model's
 * order) and `close`; it throws what the engine says against it.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import util from "node:util";
import { typedArray } from "./arrays.mjs";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** An engine of ours ("compiled/wasm" with its target), on the frozen graph, as a plugin calls it. */
export function framework(name) {
  const [engine, engineTarget] = name.split("/");
  return {
    engine: name,
    async open({ graph }, { inputs, outputs }) {
      const { createSession, loadGraphDef } = await import(join(root, "dist", "index.js"));
      const options = engineTarget === undefined ? { engine } : { engine, engineTarget };
      const session = createSession(loadGraphDef(graph), options);
      const call = session.prepare(
        inputs.map(({ tensor }) => tensor),
        outputs.map(({ tensor }) => tensor),
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
    runs: ({ onnx }) => onnx !== undefined,
    prepare: () => onnxruntimePackage(),
    async open({ onnx }, { inputs, outputs }) {
      const { InferenceSession, Tensor } = onnxruntimePackage();
      const session = await InferenceSession.create(onnx.file, {
        intraOpNumThreads: 1,
        interOpNumThreads: 1,
      });
      const known = (names, key, tensor) => (names.includes(key) ? key : tensor);
      const given = inputs.map((input) => ({
        ...input,
        name: known(session.inputNames, input.key, input.tensor),
        data: typedArray(input),
      }));
      const names = outputs.map(({ key, tensor }) => known(session.outputNames, key, tensor));
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
    runs: ({ savedModel }) => savedModel !== undefined,
    prepare: () => tfjsPackage(),
    async open({ savedModel }, { inputs, outputs }) {
      const wide = inputs.find(({ dtype }) => dtype === "float64");
      if (wide) throw new Error(`input '${wide.key}' is float64, which tfjs-node does not have`);
      // It warns at every call with an int64 output, which takes longer than the call.
      console.warn = () => undefined;
      const tf = tfjsPackage();
      const model = await tf.node.loadSavedModel(savedModel);
      const given = inputs.map((input) => ({ ...input, data: typedArray(input) }));
      const keys = outputs.map(({ key }) => key);
      const call = () => {
        const feeds = Object.fromEntries(
          given.map(({ key, data, shape, dtype }) => [key, tf.tensor(data, shape, dtype)]),
        );
        const results = model.predict(feeds);
        const values = keys.map((key) => results[key].dataSync());
        for (const tensor of [...Object.values(feeds), ...Object.values(results)]) tensor.dispose();
        return values;
      };
      return { call, outputs: () => call().map((data) => [...data]), close: () => model.dispose() };
    },
  };
}

const onnxruntimePackage = () =>
  peerPackage(join(root, "test", "bench", "peers"), "onnxruntime-node", "npm run bench:setup");

function tfjsPackage() {
  // tfjs-node 4.22 calls functions that Node 23 removed.
  util.isNullOrUndefined ??= (value) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
  // Nor does it have to tell of every model that it loads.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
  return peerPackage(join(root, ".tensorflow"), "@tensorflow/tfjs-node", "npm run build:tensorflow");
}

function peerPackage(folder, name, remedy) {
  try {
    return createRequire(join(folder, "package.json"))(name);
  } catch (error) {
    if (error.code !== "MODULE_NOT_FOUND") throw error;
    throw new Error(`${name} is not installed: ${remedy}`);
  }
}
