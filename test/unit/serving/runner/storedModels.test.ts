import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { setModelStoreRoot } from "../../../../framework/base/modelPath.js";
import { models } from "../../../../framework/serving/store/models.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { TensorSpec } from "../../../../framework/tensorflow/TensorSpec.js";

const folder = mkdtempSync(join(tmpdir(), "cmsrun-runners-"));
models.use(join(folder, "store"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  setModelStoreRoot(undefined);
});

const saved = (name: string) => join(import.meta.dirname, "../models", name);
const inference = { engine: "reference" };

describe("a runner of a stored model", () => {
  it("has the model's name and version, and its methods", async () => {
    const model = await models.tensorflow.save(saved("methods"), "methods", {
      signatures: { pair: { batchable: true }, difference: { batchable: true, batchDim: 0 } },
    });
    const runner = models.get("methods").toRunner<"pair" | "difference">({ inference }).initLocal();
    expect([runner.name, runner.version]).toEqual(["methods", model.tag.version]);
    expect(runner.methodNames).toEqual(["pair", "difference"]);
    const answers = await Promise.all([1, 2].map((n) => runner.pair.asyncRun([[n, n]])));
    expect(answers).toEqual([
      [[[2, 2]], [[1, 1]]],
      [[[4, 4]], [[2, 2]]],
    ]);
    expect(runner.pair.statistics.executionCount).toBe(1);
    expect(runner.difference.run({ first: [[3, 4]], second: [[1, 1]] })).toMatchObject({
      difference: [[2, 3]],
    });
  });

  it("keeps the order of a traced function's arguments", async () => {
    const tf = await import("@tensorflow/tfjs-core");
    await import("@tensorflow/tfjs-backend-cpu");
    type T = ReturnType<typeof tf.tensor>;
    const combine = (x2: T, x1: T, factor: T) => tf.add(x2, tf.mul(x1, factor));
    const row = (name: string) => new TensorSpec([null, 2], "float32", name);
    await models.tensorflow.save(combine as never, "combine", {
      tfSignatures: [row("x2"), row("x1"), new TensorSpec([], "float32", "factor")],
      signatures: { __call__: { batchable: true } },
    });
    const partialKwargs = { __call__: { factor: 3 } };
    const runner = models.get("combine").toRunner({ inference, partialKwargs }).initLocal();
    expect(runner.mainMethod.inputs.map(({ name }) => name)).toEqual(["x2", "x1"]);
    expect(runner.run([[1, 2]], [[10, 20]])).toEqual([[31, 62]]);
    expect(await runner.asyncRun(new Tensor("float32", [1, 2], [1, 2]), new Float32Array([10, 20]))).toEqual(
      new Tensor("float32", [1, 2], [31, 62]),
    );
  });
});
