/** BentoML itself reads what we export, and we read what it exports; said aloud where there is none. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { suiteThatNeeds } from "../../../suiteThatNeeds.js";
import { ModelStore } from "../../../../framework/serving/store/ModelStore.js";
import { saveModel } from "../../../../framework/serving/store/saveModel.js";
import { exportModel, importModel } from "../../../../framework/serving/store/transferModel.js";
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

/** Standard output of a script of bentoml/. */
function runPython(script: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(
    interpreter as string,
    [join(here, "bentoml", script), ...args],
    {
      encoding: "utf8",
      timeout: 110_000,
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "3", CUDA_VISIBLE_DEVICES: "-1" },
    },
  );
  expect(status, stderr).toBe(0);
  return stdout;
}

describeWithBentoml("BentoML", () => {
  it("exports what is imported here; for its other forms the message has the command", {
    timeout: 120_000,
  }, async () => {
    const exported = (name: string) => join(folder, "its own", name);
    mkdirSync(join(folder, "its own"));
    const taken = ["row.tar.gz", "row.tar", "row"].map(exported);
    const others = ["row.bentomodel", "row.bz2", "row.zip"].map(exported);
    runPython("make_sample.py", [...taken, ...others]);
    for (const [i, path] of [...taken, ...others].entries()) {
      const store = new ModelStore(join(folder, `imported${i}`));
      const model = await importModel(store, path).catch((error: Error) => {
        const command = /not read; (.*) > model.tar makes one that is/.exec(error.message)?.[1];
        if (command === undefined) expect(error.message).toContain("unzip it into an empty folder");
        const unpack = command ? `${command} > model.tar` : `'${interpreter}' -m zipfile -e '${path}' model`;
        const { status, stderr } = spawnSync("sh", ["-c", unpack], { cwd: folder, encoding: "utf8" });
        expect(status, stderr).toBe(0);
        return importModel(store, join(folder, command ? "model.tar" : "model"));
      });
      expect(String(model.tag)).toBe("row_times_five:sample");
      expect(model.signatures).toEqual({ __call__: { batchable: true, batchDim: [0, 0] } });
      expect(model.metadata.nested).toEqual({ a: true });
      const runner = model.toRunner({ inference: { engine: "reference" } }).initLocal();
      expect(runner.run([[1, 1, 1, 1, 1]])).toEqual([[15]]);
    }
  });

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
    const stdout = runPython("load_exported.py", archives);
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
