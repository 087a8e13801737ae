import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeWithTriton, startTriton, type Triton } from "../../triton.js";
import {
  cmsrun,
  exceptionBlock,
  type Outcome,
  type RunOptions,
  startCmsrun,
  temporaryFolder,
} from "../run.js";
import { config, eventsOf, sample, scoresOf } from "./servers.js";

const folder = temporaryFolder();
const options: RunOptions = { timeoutMs: 60_000 };
let count = 0;
const output = () => join(folder, `out${count++}.edm`);
let triton: Triton;
let expected: string[];

async function start(settings: { delayMs?: number; maxBatchSize?: number } = {}): Promise<Triton> {
  const repository = join(folder, `repository${count++}`);
  mkdirSync(repository);
  return startTriton(repository, settings);
}

async function job(
  server: Triton,
  args: readonly string[],
  threads = 1,
): Promise<{ outcome: Outcome; file: string }> {
  const file = output();
  const outcome = await cmsrun(
    [
      "-n",
      String(threads),
      "--streams",
      "4",
      config,
      `outputFile=${file}`,
      `ports=${server.grpcPort}`,
      ...args,
    ],
    options,
  );
  return { outcome, file };
}

/** numpy sums in another order. */
function expectClose(found: readonly string[], wanted: readonly string[]): void {
  const numbers = (lines: readonly string[]) => lines.flatMap((line) => line.split(/:? /).map(Number));
  const [a, b] = [numbers(found), numbers(wanted)];
  expect(a).toHaveLength(b.length);
  const largest = a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0);
  expect(largest).toBeLessThan(1e-6);
  expect(largest).toBeGreaterThan(0);
}

describeWithTriton("a real Triton", () => {
  beforeAll(async () => {
    triton = await start();
    const file = output();
    await cmsrun(["configs/my_plugin_cfg.ts", `inputFiles=${sample}`, `outputFile=${file}`], options);
    expected = scoresOf(file);
    expect(expected).toHaveLength(200);
  }, 60_000);
  afterAll(() => triton?.kill());

  it.each([
    [1, "Sync", "none"],
    [1, "Async", "deflate"],
    [2, "PseudoAsync", "gzip"],
  ])("scores jets: %i threads, %s, compression %s", async (threads, mode, compression) => {
    const { outcome, file } = await job(
      triton,
      ["verbose=1", `mode=${mode}`, `compression=${compression}`],
      threads,
    );
    expect(exceptionBlock(outcome)).toBe("");
    expectClose(scoresOf(file), expected);
    expect(outcome.stderr).toContain("server 'server0' has jet_btag");
    expect(outcome.stderr).toContain("Model 'jet_btag' on server 'server0':\n  Inference count: 1636\n");
    expect(outcome.stderr).toMatch(
      / {2}Avg request latency: \d+ usec\n {2}\(overhead \d+ usec \+ queue \d+ usec/,
    );
  });

  it("scores each jet by itself for the filter", async () => {
    const { outcome, file } = await job(triton, ["module=filter"], 2);
    expect(exceptionBlock(outcome)).toBe("");
    const kept = expected.filter((line) =>
      line
        .split(": ")[1]
        ?.split(" ")
        .some((score) => Number(score) > 0.4),
    );
    expect(eventsOf(file)).toEqual(kept.map((line) => line.split(":")[0]));
  });

  it("refuses what the model does not have", async () => {
    const { outcome } = await job(triton, ["outputs=scores", "maxEvents=1"]);
    expect(exceptionBlock(outcome)).toContain(
      "Some requested outputs were not available on the server: scores",
    );
    const none = await job(triton, ["model=other", "maxEvents=1"]);
    expect(exceptionBlock(none.outcome)).toContain(
      "no server has model 'other': 'server0' has jet_btag, jet_btag:1",
    );
  });

  it("killed in the middle of a job: our own server goes on", async () => {
    const victim = await start();
    const file = output();
    const args = [
      `ports=${victim.grpcPort}`,
      "fallback=1",
      "verbose=1",
      "repeat=3",
      "retry=RetryFallbackServerAction:2",
    ];
    const running = startCmsrun(
      ["-n", "2", "--streams", "4", config, `outputFile=${file}`, ...args],
      options,
    );
    await running.seen("Begin processing the 100th record");
    await victim.kill();
    const outcome = await running.outcome;
    expect(exceptionBlock(outcome)).toBe("");
    expect(outcome.stderr).toContain("fallback server on port");
    expectClose(scoresOf(file), [...expected, ...expected, ...expected]);
  }, 60_000);

  it("slower than the timeout: tried again, then the job ends", async () => {
    const slow = await start({ delayMs: 400, maxBatchSize: 8 });
    const { outcome } = await job(slow, [
      "module=filter",
      "timeoutMs=100",
      "retry=RetrySameServerAction:2",
      "maxEvents=1",
    ]);
    expect(outcome.stderr.match(/%MSG-w TritonFailure/g)).toHaveLength(3);
    expect(exceptionBlock(outcome)).toMatch(
      /SonicCallFailed: call failed after max 3 tries; .*DEADLINE_EXCEEDED/,
    );
    const patient = await job(slow, ["timeoutMs=5000", "maxEvents=3"]);
    expect(exceptionBlock(patient.outcome)).toContain(
      "setBatchSize(): Requested batch size 13 exceeds server-specified max batch size 8 of model 'jet_btag'.",
    );
    await slow.kill();
  }, 60_000);
});
