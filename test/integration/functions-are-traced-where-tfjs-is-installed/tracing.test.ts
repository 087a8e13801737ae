import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { root } from "../run.js";

/** A program of a user, beside the built framework. */
function runProgram(program: string): { readonly stdout: string; readonly stderr: string } {
  const args = ["--input-type=module", "-e", program];
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: "utf8",
    timeout: 60_000,
  });
  return { stdout, stderr };
}

/** Node finds every package but tfjs. */
const withoutTfjs = `
  import { register } from "node:module";
  const hook = \`export async function resolve(name, context, next) {
    if (!name.startsWith("@tensorflow/tfjs-core")) return next(name, context);
    throw Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
  }\`;
  register("data:text/javascript," + encodeURIComponent(hook));
`;

it("gives the documentation's tanh(11) = 1, by the built framework and the user's tfjs", () => {
  const { stdout, stderr } = runProgram(`
    import * as tf from "@tensorflow/tfjs-core";
    import { concreteFunction, TensorSpec } from "#framework";
    const layer = (x) => tf.tanh(tf.add(tf.matMul(x, tf.ones([10, 1])), tf.ones([1])));
    const { graph } = await concreteFunction(layer, [new TensorSpec([2, 10])]);
    const { createSession, Tensor } = await import("#framework");
    const ones = new Tensor("float32", [2, 10], new Float32Array(20).fill(1));
    const [y] = createSession(graph).run({ inputs: ones }, ["Identity"]);
    process.stdout.write(JSON.stringify({ shape: y.shape, data: [...y.data] }));
  `);
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual({ shape: [2, 1], data: [1, 1] });
});

it("says which package to install where there is none, and loads none before", () => {
  const { stdout } = runProgram(`${withoutTfjs}
    const { concreteFunction, TensorSpec } = await import("#framework");
    await concreteFunction((x) => x, [new TensorSpec([2])]).catch(({ category, message }) =>
      process.stdout.write(category + ": " + message));
  `);
  expect(stdout).toBe(
    "NotFound: tracing functions and Layers models needs the package @tensorflow/tfjs-core, which is not installed; " +
      "install it: npm install @tensorflow/tfjs-core@4.22.0.",
  );
});
