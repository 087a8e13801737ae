import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { call, type RunningServer, startServer } from "../serve.js";

const rows = [
  [1, 2, 3, 4, 5],
  [6, 7, 8, 9, 0],
];
const doubled = [
  [2, 4, 6, 8, 10],
  [12, 14, 16, 18, 0],
];
let server: Promise<RunningServer> | undefined;
const urlOf = async () => {
  server ??= startServer([join(import.meta.dirname, "doubling_service.ts")]);
  return (await server).url;
};
const ask = async (path: string, value: unknown) =>
  JSON.parse((await call(`${await urlOf()}/${path}`, { body: JSON.stringify(value) })).body) as unknown;
const infer = (name: string, row: number[]) =>
  ask(`v2/models/doubling.${name}/infer`, {
    inputs: [{ name: "x", shape: [1, 5], datatype: "FP64", data: row }],
  }) as Promise<{ outputs: { data: number[] }[] }>;

/** Requests that come while the server is at something else are there at once for it. */
async function atOnce<T>(...requests: (() => Promise<T>)[]): Promise<T[]> {
  // Connections for all, kept open.
  await Promise.all([1, ...requests].map(() => ask("busy", 10)));
  const busy = ask("busy", 400);
  await sleep(150);
  const answers = requests.map((request) => request());
  await busy;
  return Promise.all(answers);
}

describe("two clients at once", () => {
  it("are one call of a batchable method, and each gets its row", async () => {
    await ask("shapes", 0);
    expect(await atOnce(...rows.map((row) => () => ask("together", row)))).toEqual(doubled);
    expect(await ask("shapes", 0)).toEqual(["2x5"]);
  });

  it("are a call each where the method is not batchable", async () => {
    await ask("shapes", 0);
    expect(await atOnce(...rows.map((row) => () => ask("alone", row)))).toEqual(doubled);
    expect(await ask("shapes", 0)).toEqual(["1x5", "1x5"]);
  });

  it("go together by KServe's protocol and the service's own function", async () => {
    await ask("shapes", 0);
    const [first, second] = rows as [number[], number[]];
    const answers = await atOnce<unknown>(
      () => ask("together", first),
      async () => (await infer("together", second)).outputs[0]?.data,
    );
    expect(answers).toEqual(doubled);
    expect(await ask("shapes", 0)).toEqual(["2x5"]);
  });
});
