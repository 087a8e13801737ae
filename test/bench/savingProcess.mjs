/** One process of the saving benchmark: `freeze MODEL OUTPUT` or `read MODEL` several times; prints the times in ms. */
import { loadSavedModel, saveFrozenGraph } from "../../dist/index.js";

const repetitions = 8;
const [task, model, output] = process.argv.slice(2);
const tasks = {
  freeze: () => saveFrozenGraph(output, model, { variablesToConstants: true }),
  read: () => loadSavedModel(model),
};

const times = [];
for (let i = 0; i < repetitions; i++) {
  const start = performance.now();
  await tasks[task]();
  times.push(performance.now() - start);
}
process.stdout.write(JSON.stringify(times));
