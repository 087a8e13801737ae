/**
 * Milliseconds that a fresh process takes to the first results of a model, and of them to compile. The graph, the target
 * and the values fed and fetched at each batch size come as JSON on standard input; HOME says where code is kept.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { typedArray } from "./peers/arrays.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { createSession, loadGraphDef } = await import(join(root, "dist", "index.js"));
const { graph, engineTarget, cells } = JSON.parse(readFileSync(0, "utf8"));

const toTensor = (input) => ({ dtype: input.dtype, shape: input.shape, data: typedArray(input) });
const allFeeds = cells.map(({ inputs }) => inputs.map(toTensor));
const names = (values) => values.map(({ tensor }) => tensor);

const start = performance.now();
const graphDef = loadGraphDef(graph);
const read = performance.now();
const session = createSession(graphDef, { engine: "compiled", engineTarget });
const call = session.prepare(names(cells[0].inputs), names(cells[0].outputs));
const first = [];
const compile = [];
let before = read;
for (const feeds of allFeeds) {
  call.run(feeds);
  const done = performance.now();
  call.run(feeds);
  first.push(done - before);
  before = performance.now();
  // The run itself is no part of compiling: 64 rows of a large graph take a second.
  compile.push(Math.max(0, first.at(-1) - (before - done)));
}
process.stdout.write(JSON.stringify({ read: read - start, first, compile }));
