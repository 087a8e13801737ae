/** The peer of the serving benchmark: Node's http, JSON.parse and three loops. No checks, no batches, no metrics: a ceiling. */
import { createServer } from "node:http";

const sizes = [20, 64, 64, 2];
const layers = sizes.slice(1).map((units, i) => ({
  weights: Float32Array.from({ length: sizes[i] * units }, (_, k) => Math.sin(k) / 8),
  units,
}));

function predict(row) {
  let values = Float32Array.from(row);
  for (const { weights, units } of layers) {
    const next = new Float32Array(units);
    for (let k = 0; k < values.length; k++)
      for (let j = 0; j < units; j++) next[j] += values[k] * weights[k * units + j];
    values = next.map((value) => Math.max(0, value));
  }
  return [...values];
}

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const { inputs } = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    const outputs = [{ name: "output", datatype: "FP32", shape: [1, 2], data: predict(inputs[0].data) }];
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ model_name: "mlp", outputs }));
  });
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
