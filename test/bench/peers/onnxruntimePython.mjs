/** onnxruntime through Python, one thread, the Python call included; ORT_PYTHON names an interpreter where TF_PYTHON's has it not. */
import { processPeer } from "./processPeer.mjs";
import { peerFile, quiet, runTool } from "./toolchain.mjs";

const interpreter = process.env.ORT_PYTHON ?? process.env.TF_PYTHON;

export function onnxruntimePython() {
  return processPeer({
    engine: "onnxruntime-python",
    title: "onnxruntime (Python)",
    async prepare() {
      if (!interpreter) throw new Error("neither ORT_PYTHON nor TF_PYTHON names a Python interpreter");
      await runTool(interpreter, ["-c", "import onnxruntime"], { env: { ...process.env, ...quiet } });
    },
    runs: ({ onnx }) => onnx !== undefined,
    command: () => [interpreter, peerFile("onnxruntimeSession.py")],
    graph: ({ onnx }) => onnx.file,
    // A converted graph has its signature's names or its tensors'.
    name: ({ key, tensor }, { onnx }) => (onnx.names.includes(key) ? key : tensor),
  });
}
