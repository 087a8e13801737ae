/** BentoML itself reads what we export; said aloud where there is none. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { suiteThatNeeds } from "../../../suiteThatNeeds.js";
import { ModelStore } from "../../../../framework/serving/store/ModelStore.js";
import { saveModel } from "../../../../framework/serving/store/saveModel.js";
import { exportModel } from "../../../../framework/serving/store/transferModel.js";
import { loadGraphDef } from "../../../../framework/tensorflow/GraphDef.js";
import { createSession } from "../../../../framework/tensorflow/Session.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";

/** A Python in which `import bentoml, tensorflow` works, as bentoml/make_sample.py says. */
const interpreter = process.env.CMSRUN_BENTOML_PYTHON;
const describeWithBentoml = suiteThatNeeds(
  interpreter !== undefined,
  "CMSRUN_BENTOML_PYTHON is not set: what BentoML reads is NOT tested",
);

const here = fileURLToPath(new URL(".", import.meta.url));
const models = join(here, "..", "..", "..", "..", "data", "models", "jet_btag");
const folder = mkdtempSync(join(tmpdir(), "cmsrun-bentoml-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describeWithBentoml("BentoML 1.1.11", () => {
  it("imports and runs our archives: a copied SavedModel, and one that was written", {
    timeout: 120_000,
  }, async () => {
    const store = new ModelStore(join(folder, "store"));
    const options = {
      store,
      labels: { owner: "me", stage: "yes" },
      metadata: { cuts: [0.1, 1e-7, -3e21, 1.5e300, 2e-320, 7], at: "12:30" },
    };
    await saveModel(join(models, "saved_model"), "copied:v1", options);
    await saveModel(join(models, "graph.pb"), "written:1e5", {
      ...options,
      signatures: { __call__: { batchable: true, batchDim: [0, 0] } },
    });
    const archives = [
      await exportModel(store, "copied", join(folder, "copied.tar.gz")),
      await exportModel(store, "written", join(folder, "written.tar")),
    ];
    const { status, stdout, stderr } = spawnSync(
      interpreter as string,
      [join(here, "bentoml", "load_exported.py"), ...archives],
      {
        encoding: "utf8",
        timeout: 110_000,
        env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "3", CUDA_VISIBLE_DEVICES: "-1" },
      },
    );
    expect(status, stderr).toBe(0);
    const session = createSession(loadGraphDef(join(models, "graph.pb")), { engine: "reference" });
    const ones = new Tensor("float32", [2, 5], new Float32Array(10).fill(1));
    const score = Number(session.run({ input: ones }, ["output"])[0]?.data[1]);
    const common = { labels: options.labels, metadata: options.metadata, score: expect.closeTo(score, 6) };
    expect(JSON.parse(stdout.trim().split("\n").at(-1) as string)).toEqual([
      { ...common, tag: "copied:v1", signatures: { __call__: [false, [0, 0]] } },
      { ...common, tag: "written:1e5", signatures: { __call__: [true, [0, 0]] } },
    ]);
  });
});
