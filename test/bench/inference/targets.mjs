/** Which peer each engine of ours is held against, and what it has to reach: the table as code. */

/** The best of these is the peer of a native model; a CMS graph has the session that CMSSW runs. */
const nativePeers = ["tensorflow-cpp", "onnxruntime-python", "onnxruntime-node", "xla-aot", "xla-aot-znver4"];

export function peersOf(engine, model) {
  if (model.isCms) return ["tensorflow-cpp"];
  if (engine === "compiled/native") return nativePeers;
  return [engine === "tensorflow" ? "tfjs-node" : "onnxruntime-node"];
}

/** Models of dense layers: the reference engine has to be within 15 times onnxruntime on these, at batch 1. */
const dense = new Set(["simple", "multi", "mlp_small", "mlp_big", "tf1_frozen"]);

/** Up to which batch size WebAssembly has to be as fast as onnxruntime-node. */
const wasmUpTo = {
  simple: 2,
  multi: 2,
  mlp_small: 16,
  mlp_big: 1,
  tf1_frozen: 16,
  deepjet_like: 1,
  transformer: 16,
  cnn: 0,
  gru: 16,
};

function nativeTarget({ name, isCms, mflop }, batch) {
  if (isCms) return batch <= 8 && mflop < 1 ? 0.2 : 1;
  if (name === "cnn") return 1.1;
  // Bound by memory for all.
  return name === "mlp_big" && batch === 1 ? 1.05 : 1;
}

/** The largest ratio to the peer that meets the target; null without one. */
export function targetOf(engine, model, batch) {
  if (engine === "compiled/native") return nativeTarget(model, batch);
  if (engine === "compiled/wasm") return batch <= (wasmUpTo[model.name] ?? 0) ? 1 : null;
  if (engine === "tensorflow") return 1.3;
  return dense.has(model.name) && batch === 1 ? 15 : null;
}

/** Where arithmetic bounds WebAssembly: from which batch size on, and the fraction of the 128-bit roofline to reach. */
const roofline = {
  simple: { from: 4, fraction: 0.8 },
  multi: { from: 4, fraction: 0.8 },
  mlp_big: { from: 4, fraction: 0.8 },
  deepjet_like: { from: 4, fraction: 0.6 },
  cnn: { from: 1, fraction: 0.6 },
};

export function rooflineTargetOf(engine, model, batch) {
  const bound = engine === "compiled/wasm" ? roofline[model.name] : undefined;
  return bound && batch >= bound.from ? bound.fraction : null;
}
