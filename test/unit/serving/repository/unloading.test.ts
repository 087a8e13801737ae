/** A model of 4 MB that a client loads and unloads again and again: what it took is given back each time. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, expect, it } from "vitest";
import "../../../../framework/aot/engine/register.js";
import { modelMemory } from "../../../../framework/aot/ModelMemory.js";
import { setCompilerSettings } from "../../../../framework/aot/engine/settings.js";
import { FolderRepository } from "../../../../framework/serving/repository/FolderRepository.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { floats, node, placeholder } from "../../tensorflow/buildGraph.js";
import { writeModel } from "../kserve/testModels.js";

const width = 1024;
const weightBytes = 4 * width * width;
const rounds = 20;

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;
const folder = mkdtempSync(join(tmpdir(), "cmsrun-models-"));
const repository = new FolderRepository({ folders: [folder] });
afterAll(async () => {
  await repository.close();
  rmSync(folder, { recursive: true });
});

/** Outside the heap as V8 counts it, once nothing more is collected. */
async function externalBytes(): Promise<number> {
  for (let turn = 0; turn < 5; turn++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return process.memoryUsage().external;
}

it(`${rounds} loads leave no weights behind, on the heap or in the job's memory`, {
  timeout: 120_000,
}, async () => {
  setCompilerSettings({ cacheDirectory: null });
  const weights = Array.from({ length: width * width }, (_, i) => (i % 7) / 1024);
  writeModel(folder, "dense", [
    placeholder("x", "float32", [-1, width]),
    floats("w", [width, width], weights),
    node("y", "MatMul", ["x", "w"]),
  ]);
  writeFileSync(join(folder, "dense", "config.pbtxt"), "max_batch_size: 1");
  const input = new Tensor("float32", [1, width], new Float32Array(width).fill(1));
  const round = async () => {
    await repository.load("dense");
    const [y] = await repository.get("dense").infer([input]);
    const used = modelMemory().usedBytes;
    await repository.unload("dense");
    return { y: y?.data[0], used };
  };
  const empty = modelMemory().usedBytes;
  const first = await round();
  expect(first.used - empty).toBeGreaterThanOrEqual(weightBytes);
  expect(modelMemory().usedBytes).toBe(empty);
  const [before, size] = [await externalBytes(), modelMemory().sizeBytes];
  for (let i = 1; i < rounds; i++) expect(await round()).toEqual(first);
  expect(modelMemory().usedBytes).toBe(empty);
  expect(modelMemory().sizeBytes).toBe(size);
  expect((await externalBytes()) - before).toBeLessThan(2 * weightBytes);
});
