/** A process that saves models: `saveModels.mjs STORE HOW COUNT START`, one line on standard output for each. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const [root, how, count, startMs] = process.argv.slice(2);
const here = fileURLToPath(new URL("../../..", import.meta.url));
const { ModelStore, models, Tag } = await import(join(here, "dist", "index.js"));
const savedModel = join(here, "data", "models", "jet_btag", "saved_model");
const store = new ModelStore(root);
await sleep(Math.max(0, Number(startMs) - Date.now()));

for (let i = 0; i < Number(count); i++) {
  if (how === "half") {
    await store.register(new Tag("half", "v1"), 1, async (folder) => {
      writeFileSync(join(folder, "saved_model.pb"), "half of it");
      process.stdout.write("half\n");
      await sleep(60_000);
    });
  }
  try {
    const version = how === "same" ? `v${i}` : undefined;
    const model = await models.tensorflow.save(savedModel, "shared", { store, version });
    process.stdout.write(`${model.tag}\n`);
  } catch (error) {
    process.stdout.write(`${error.category}\n`);
  }
}
