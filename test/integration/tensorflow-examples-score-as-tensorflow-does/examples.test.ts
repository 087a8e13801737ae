/** The two TensorFlow examples, with the model in every form it may be delivered in, against TensorFlow's own scores. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { JetScores } from "../../../framework/data/products.generated.js";
import { EventFileReader } from "../../../framework/io/EventFileReader.js";
import { cmsrun, exceptionBlock, root, temporaryFolder } from "../run.js";

const folder = temporaryFolder();
const model = join("data", "models", "jet_btag");
const single = "configs/tensorflow_single_threaded_cfg.ts";
const multi = "configs/tensorflow_multi_threaded_cfg.ts";
const reference = JSON.parse(readFileSync(join(root, model, "reference.json"), "utf8")) as {
  readonly files: Readonly<
    Record<string, { readonly nJet: readonly number[]; readonly scores: readonly number[] }>
  >;
};

/** The scores of each event, in the order of the file. */
function readScores(path: string): Float32Array[] {
  const reader = new EventFileReader(path);
  const branch = reader.header.branches.findIndex(({ description }) => description.label === "scores");
  const events = reader.clusters.flatMap(({ eventCount }, cluster) => {
    const column = reader.column(cluster, branch, JetScores);
    return Array.from({ length: eventCount }, (_, event) => (column.get(event) as JetScores).score);
  });
  reader.close();
  return events;
}

describe("the TensorFlow examples", () => {
  it.each([
    ["a session of its own, the path of a frozen graph", single, []],
    ["a session of its own, a SavedModel by tag", single, [`model=${model}/saved_model`, "tag=serve"]],
    ["a shared model, the path of a frozen graph", multi, []],
    ["a shared model, the directory of a SavedModel", multi, [`model=${model}/saved_model`]],
  ] as const)("%s: give TensorFlow's scores within 1e-6", async (name, config, options) => {
    for (const file of ["nano_tt_v15.root", "nano_dy.root"]) {
      const output = join(folder, `${name.replaceAll(/\W+/g, "_")}.edm`);
      const outcome = await cmsrun([
        config,
        ...options,
        `inputFiles=data/samples/${file}`,
        `outputFile=${output}`,
      ]);
      expect(exceptionBlock(outcome)).toBe("");
      expect(outcome.code).toBe(0);
      expect(outcome.stdout).toContain(
        config === multi ? "on 2 threads and 4 streams" : "on 1 thread and 1 stream",
      );
      const scores = readScores(output);
      const golden = reference.files[file];
      expect(scores.map((event) => event.length)).toEqual(golden?.nJet);
      const differences = scores
        .flatMap((event) => [...event])
        .map((score, i) => Math.abs(score - (golden?.scores[i] as number)));
      expect(Math.max(...differences)).toBeLessThan(1e-6);
    }
  });

  it("say which tags a SavedModel has", async () => {
    const outcome = await cmsrun([
      single,
      `model=${model}/saved_model`,
      "tag=gpu",
      `outputFile=${join(folder, "no.edm")}`,
    ]);
    expect(outcome.code).toBe(65);
    expect(exceptionBlock(outcome)).toContain(
      "Constructing module: class=TensorFlowSessionProducer label='scores'",
    );
    expect(exceptionBlock(outcome)).toMatch(
      /An exception of category 'InvalidMetaGraphDef'[\s\S]*no meta graph with the tags \{gpu\}; there is \{serve\}\./,
    );
  });
});
