/** What eight streams of one model hold in shared memory: its weights, and little more. */
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { modelMemory } from "../../../../framework/aot/ModelMemory.js";
import { SessionCache } from "../../../../framework/tensorflow/SessionCache.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { modelsFolder } from "../../../goldenModels.js";
import { testableTargets } from "./targets.js";

const file = "aot/models/memory.test.ts";
const folder = modelsFolder(file);
const MB = 2 ** 20;
/** meta.json: 1,107,466 parameters. */
const weightsBytes = 4 * 1_107_466;

/** SharedArrayBuffers that are made here; the memory of a model is a WebAssembly.Memory, which has its own. */
const Original = globalThis.SharedArrayBuffer;
let sharedBytes = 0;
globalThis.SharedArrayBuffer = class extends Original {
  constructor(sizeBytes: number) {
    super(sizeBytes);
    sharedBytes += sizeBytes;
  }
} as SharedArrayBufferConstructor;
afterAll(() => {
  globalThis.SharedArrayBuffer = Original;
});

interface Held {
  /** Of the job's model memory, more than before. */
  readonly memoryBytes: number;
  /** Of other SharedArrayBuffers. */
  readonly sharedBytes: number;
  readonly arenaBytes: number;
}

const held = new Map<string, Held>();

/** Eight streams of mlp_big, each run at batch 1 and 8. */
function measure(target: "wasm" | "native"): Held {
  const known = held.get(target);
  if (known) return known;
  const before = modelMemory().sizeBytes;
  sharedBytes = 0;
  const path = join(folder ?? "", "mlp_big", "frozen.pb");
  const cache = new SessionCache(path, { engine: "compiled", engineTarget: target });
  let arenaBytes = 0;
  for (let stream = 0; stream < 8; stream++) {
    const session = cache.getSession(stream);
    const call = session.prepare(["input"], ["Identity"]);
    for (const batch of [1, 8]) call.run([new Tensor("float32", [batch, 100])]);
    arenaBytes += session.arenaBytes;
  }
  const found = { memoryBytes: modelMemory().sizeBytes - before, sharedBytes, arenaBytes };
  held.set(target, found);
  return found;
}

describe.skipIf(!folder).each(testableTargets(file))(
  "eight streams of mlp_big at batch 8, compiled for %s",
  (target) => {
    it("hold the packed weights once, and no working memory of their own", () => {
      const { memoryBytes, arenaBytes } = measure(target);
      expect(memoryBytes).toBeLessThanOrEqual(weightsBytes + MB);
      expect(arenaBytes).toBe(0);
    });

    it("hold the weights and 1 MB in all", () => {
      const { memoryBytes, sharedBytes } = measure(target);
      expect(memoryBytes + sharedBytes).toBeLessThanOrEqual(weightsBytes + MB);
    });
  },
);
