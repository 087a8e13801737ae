/** TensorFlow's C++ session without a thread pool, as CMSSW's direct inference runs it, against the wheel of TF_PYTHON. */
import { processPeer } from "./processPeer.mjs";
import { built, compile, compilerVersion, peerFile, sourceOf, tensorflowWheel } from "./toolchain.mjs";

const sources = ["native/tensorflowSession.cc", "native/protocol.h"];
let program;

export function tensorflowCpp() {
  return processPeer({
    engine: "tensorflow-cpp",
    title: "TensorFlow C++",
    async prepare() {
      const { folder, include, libraries, identity } = await tensorflowWheel();
      const parts = [...sources.map(sourceOf), identity, await compilerVersion()];
      program = await built("tensorflowSession", parts, (path) =>
        compile([
          "-O2",
          `-I${include}`,
          peerFile(sources[0]),
          ...libraries,
          `-Wl,-rpath,${folder}`,
          "-o",
          path,
        ]),
      );
    },
    command: () => [program],
    graph: ({ graph }) => graph,
    name: ({ tensor }) => tensor,
  });
}
