import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ModelStore, models } from "#framework";
import { beforeAll, describe, expect, it } from "vitest";
import {
  cmsrun,
  exceptionBlock,
  type Outcome,
  type RunOptions,
  root,
  startCmsrun,
  tagged,
  temporaryFolder,
} from "../run.js";
import {
  bytesOf,
  config,
  eventsOf,
  processesWith,
  type RunningServer,
  sample,
  scoresOf,
  startServer,
} from "./servers.js";

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
if (!hasOpenssl)
  process.stderr.write("openssl is not there: the SONIC client is NOT tested with certificates\n");
const folder = temporaryFolder();
const options: RunOptions = { timeoutMs: 60_000 };
let first: RunningServer;
let expected: string[];
let count = 0;
const output = () => join(folder, `out${count++}.edm`);
const failover = ["retry=RetryActionDiffServer:1", "retry=RetryFallbackServerAction:2"];

interface Job {
  readonly outcome: Outcome;
  readonly file: string;
}

async function job(args: readonly string[], threads = 1, streams = 4, env = {}): Promise<Job> {
  const file = output();
  const threadArgs = ["-n", String(threads), "--streams", String(streams)];
  const outcome = await cmsrun([...threadArgs, config, `outputFile=${file}`, ...args], { ...options, env });
  return { outcome, file };
}

beforeAll(async () => {
  first = await startServer();
  const file = output();
  const inProcess = await cmsrun(
    ["configs/my_plugin_cfg.ts", `inputFiles=${sample}`, `outputFile=${file}`],
    options,
  );
  expect(inProcess.stderr).not.toContain("Fatal Exception");
  expected = scoresOf(file);
  expect(expected).toHaveLength(200);
}, 60_000);

describe("jets scored by edmServe", () => {
  it.each([
    [1, 1, "Sync", "none"],
    [1, 4, "Async", "gzip"],
    [2, 4, "PseudoAsync", "deflate"],
  ])(
    "on %i threads with %i streams, %s, compression %s: MyPlugin's scores, bit by bit",
    async (threads, streams, mode, compression) => {
      const { outcome, file } = await job(
        [`ports=${first.port}`, `mode=${mode}`, `compression=${compression}`],
        threads,
        streams,
      );
      expect(exceptionBlock(outcome)).toBe("");
      expect(scoresOf(file)).toEqual(expected);
    },
  );

  it("sonic_triton_cfg.ts: the same with a server of the job's own, which is gone afterwards", async () => {
    const file = output();
    const outcome = await cmsrun(
      ["configs/sonic_triton_cfg.ts", "verbose=true", "threads=2", `outputFile=${file}`],
      options,
    );
    expect(exceptionBlock(outcome)).toBe("");
    expect(scoresOf(file)).toEqual(expected);
    expect(outcome.stderr).toMatch(/Model 'jet_btag': 200 calls, 0 repetitions, client time \d+ usec a call/);
    expect(outcome.stderr).toContain("Model 'jet_btag' on server 'fallback':\n  Inference count: 1636\n");
    expect(outcome.stderr).toContain("  Successful request count: 200\n");
    expect(processesWith(`"process.stdin.resume`)).toEqual([]);
  });

  it("a filter whose jets are requests of their own keeps the events that MyPlugin's scores keep", async () => {
    const { outcome, file } = await job([`ports=${first.port}`, "module=filter"], 1, 2);
    expect(exceptionBlock(outcome)).toBe("");
    const kept = expected.filter((line) =>
      line
        .split(": ")[1]
        ?.split(" ")
        .some((score) => Number(score) > 0.4),
    );
    expect(kept.length).toBeGreaterThan(5);
    expect(kept.length).toBeLessThan(195);
    expect(eventsOf(file)).toEqual(kept.map((line) => line.split(":")[0]));
  });

  it("an analyzer of the whole job has them in input order", async () => {
    const { outcome } = await job([`ports=${first.port}`, "module=printer", "maxEvents=40"], 2);
    expect(exceptionBlock(outcome)).toBe("");
    expect(tagged(outcome, "Scores")).toEqual(expected.slice(0, 40));
  });

  it("SONIC_LOCAL_BALANCER_HOST and _PORT add a server", async () => {
    const env = { SONIC_LOCAL_BALANCER_HOST: "127.0.0.1", SONIC_LOCAL_BALANCER_PORT: String(first.port) };
    const { outcome, file } = await job(["maxEvents=5"], 1, 1, env);
    expect(exceptionBlock(outcome)).toBe("");
    expect(scoresOf(file)).toEqual(expected.slice(0, 5));
  });
});

describe("a server that is killed in the middle of a job", () => {
  const many = ["repeat=3"];

  it.each([1, 2])(
    "on %i threads: another takes over, and no event is lost",
    async (threads) => {
      const [victim, undisturbed] = [await startServer(), output()];
      const args = [...many, `ports=${victim.port}`, `ports=${first.port}`, ...failover];
      const whole = await job(args, threads);
      expect(exceptionBlock(whole.outcome)).toBe("");
      const running = startCmsrun(
        ["-n", String(threads), "--streams", "4", config, `outputFile=${undisturbed}`, ...args],
        options,
      );
      await running.seen("Begin processing the 100th record");
      await victim.kill();
      const outcome = await running.outcome;
      expect(exceptionBlock(outcome)).toBe("");
      expect(outcome.stderr).toMatch(/ModelInfer of model 'jet_btag' on server 'server0' .*: UNAVAILABLE/);
      expect(bytesOf(undisturbed)).toBe(bytesOf(whole.file));
      expect(scoresOf(undisturbed)).toEqual(Array.from({ length: 3 }, () => expected).flat());
    },
    90_000,
  );

  it("on two threads: the fallback server is started by the thread that may", async () => {
    const victim = await startServer();
    const file = output();
    const args = [...many, `ports=${victim.port}`, "fallback=1", "verbose=1", ...failover];
    const running = startCmsrun(
      ["-n", "2", "--streams", "4", config, `outputFile=${file}`, ...args],
      options,
    );
    await running.seen("Begin processing the 100th record");
    await victim.kill();
    const outcome = await running.outcome;
    expect(exceptionBlock(outcome)).toBe("");
    expect(outcome.stderr.match(/fallback server on port/g)).toHaveLength(1);
    expect(scoresOf(file)).toEqual(Array.from({ length: 3 }, () => expected).flat());
  }, 60_000);

  it("even the fallback server, which is started again", async () => {
    const file = output();
    const args = ["repeat=3", "fallback=1", "verbose=1", "retry=RetryFallbackServerAction:3"];
    const running = startCmsrun(["--streams", "4", config, `outputFile=${file}`, ...args], options);
    const text = await running.seen("Begin processing the 100th record");
    process.kill(fallbackPid(text), "SIGKILL");
    const outcome = await running.outcome;
    expect(exceptionBlock(outcome)).toBe("");
    expect(outcome.stderr).toContain("the fallback server ended with SIGKILL");
    expect(outcome.stderr.match(/fallback server on port/g)).toHaveLength(2);
    expect(scoresOf(file)).toEqual(Array.from({ length: 3 }, () => expected).flat());
  }, 60_000);

  it("and comes back on its port: the job waits for it", async () => {
    const victim = await startServer();
    const file = output();
    const args = ["repeat=3", `ports=${victim.port}`, "retry=RetrySameServerAction:12"];
    const running = startCmsrun(["--streams", "4", config, `outputFile=${file}`, ...args], options);
    await running.seen("Begin processing the 100th record");
    await victim.kill();
    await startServer([], victim.port);
    const outcome = await running.outcome;
    expect(exceptionBlock(outcome)).toBe("");
    expect(scoresOf(file)).toEqual(Array.from({ length: 3 }, () => expected).flat());
  }, 60_000);

  it("without another one the job ends and says how often it was tried", async () => {
    const victim = await startServer();
    const args = [...many, `ports=${victim.port}`, "retry=RetrySameServerAction:2", "backoffMs=10"];
    const running = startCmsrun([config, `outputFile=${output()}`, ...args], options);
    await running.seen("Begin processing the 100th record");
    await victim.kill();
    const outcome = await running.outcome;
    expect(outcome.code).toBe(8036 & 0xff);
    expect(exceptionBlock(outcome)).toMatch(
      /Calling method for module SonicJetScoreProducer\/'scores'\nException Message:\nSonicCallFailed: call failed after max 3 tries; the last one: ModelInfer of model 'jet_btag' on server 'server0' \(127.0.0.1:\d+\): UNAVAILABLE/,
    );
  });

  it("one that hangs is left after the timeout", async () => {
    const victim = await startServer();
    const file = output();
    const args = ["repeat=2", `ports=${victim.port}`, `ports=${first.port}`, "timeoutMs=300", ...failover];
    const running = startCmsrun(["--streams", "4", config, `outputFile=${file}`, ...args], options);
    await running.seen("Begin processing the 50th record");
    victim.child.kill("SIGSTOP");
    const outcome = await running.outcome;
    expect(exceptionBlock(outcome)).toBe("");
    expect(outcome.stderr).toContain("DEADLINE_EXCEEDED");
    expect(scoresOf(file)).toEqual([...expected, ...expected]);
  }, 60_000);
});

describe("the fallback server ends with its job", () => {
  const start = (args: readonly string[]) =>
    startCmsrun(
      ["--streams", "2", config, `outputFile=${output()}`, "fallback=1", "verbose=1", ...args],
      options,
    );

  it("that throws", async () => {
    const outcome = await start(["throwAt=69374600"]).outcome;
    expect(exceptionBlock(outcome)).toContain("thrown in produce");
    expect(isAlive(fallbackPid(outcome.stderr))).toBe(false);
  });

  it.each(["SIGTERM", "SIGINT"] as const)(
    "that is ended by %s, after the events in flight",
    async (signal) => {
      const running = start(["repeat=20"]);
      await running.seen("Begin processing the 20th record");
      running.child.kill(signal);
      const outcome = await running.outcome;
      expect(outcome.code).toBe(9000 & 0xff);
      expect(exceptionBlock(outcome)).toBe("");
      expect(isAlive(fallbackPid(outcome.stderr))).toBe(false);
    },
  );

  it("that is killed", async () => {
    const running = start(["repeat=20"]);
    const pid = fallbackPid(await running.seen("Begin processing the 20th record"));
    running.child.kill("SIGKILL");
    await running.outcome;
    for (let i = 0; i < 100 && isAlive(pid); i++) await new Promise((done) => setTimeout(done, 50));
    expect(isAlive(pid)).toBe(false);
  });

  it("that never began, because the server was too slow", async () => {
    const outcome = await start(["wait=0"]).outcome;
    expect(exceptionBlock(outcome)).toContain(
      "the fallback server did not start: it was not ready after 0 s (parameter wait of fallback).",
    );
    expect(
      processesWith(`jet_btag=${join(root, "data/models")}`).filter((line) => line.includes("--import")),
    ).toEqual([]);
  });

  it("that never began, because the server could not load its model", async () => {
    const bad = join(folder, "bad.pb");
    writeFileSync(bad, "no graph");
    const outcome = await start([`path=${bad}`]).outcome;
    expect(exceptionBlock(outcome)).toMatch(
      /the fallback server did not start: it ended with exit code \d+ before it was ready\.\nIts log:\n[\s\S]*bad\.pb/,
    );
    expect(processesWith(`jet_btag=${bad}`)).toEqual([]);
  });
});

describe("configurations", () => {
  it.skipIf(!hasOpenssl)("a server with a certificate", async () => {
    const [key, certificate] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    spawnSync("openssl", ["req", "-x509", ...curve, "-keyout", key, "-out", certificate, ...subject]);
    const secure = await startServer([`--ssl-certfile=${certificate}`, `--ssl-keyfile=${key}`]);
    const { outcome, file } = await job([
      `ports=${secure.port}`,
      `certificate=${certificate}`,
      "maxEvents=5",
    ]);
    expect(exceptionBlock(outcome)).toBe("");
    expect(scoresOf(file)).toEqual(expected.slice(0, 5));
    const plain = await job([`ports=${secure.port}`, "maxEvents=5"]);
    expect(exceptionBlock(plain.outcome)).toContain("no server has model 'jet_btag': no server answers.");
    const missing = await job([`ports=${secure.port}`, "certificate=none.pem", "maxEvents=5"]);
    expect(exceptionBlock(missing.outcome)).toContain(
      "server 'server0': rootCertificates 'none.pem' cannot be read",
    );
  });

  it("a server with a token", async () => {
    const [token, wrong, none] = [join(folder, "token"), join(folder, "wrong"), join(folder, "two words")];
    writeFileSync(token, "s3cret\n");
    writeFileSync(wrong, "secret\n");
    writeFileSync(none, "s3 cret\n");
    const guarded = await startServer([`--token-file=${token}`]);
    const with_ = (file: string, ...args: string[]) =>
      job([`ports=${guarded.port}`, `token=${file}`, "maxEvents=5", "verbose=1", ...args], 2);
    const { outcome, file } = await with_(token);
    expect(exceptionBlock(outcome)).toBe("");
    expect(scoresOf(file)).toEqual(expected.slice(0, 5));
    expect(outcome.stderr + readFileSync(file, "latin1")).not.toContain("s3cret");
    expect(exceptionBlock((await with_(wrong)).outcome)).toMatch(
      /no server has model 'jet_btag': no server answers\. RepositoryIndex on server 'server0' \(.*\): UNAUTHENTICATED/,
    );
    expect(exceptionBlock((await with_(join(folder, "nowhere"))).outcome)).toContain(
      "server 'server0': the token cannot be read: ENOENT",
    );
    expect(exceptionBlock((await with_(none)).outcome)).toContain(
      `server 'server0': tokenFile '${none}' has no token: one line of visible characters without blanks.`,
    );
  }, 60_000);

  it("a model of the store for the fallback server: the report has its tag and hash", async () => {
    const store = new ModelStore(join(folder, "store"));
    const model = await models.tensorflow.save(join(root, "data/models/jet_btag/graph.pb"), "jets", {
      store,
    });
    // The token is for servers that the user starts.
    const env = { CMSRUN_MODEL_STORE: store.root, CMSRUN_SERVE_TOKEN: "s3cret" };
    const { outcome, file } = await job(["path=model:jets:latest", "fallback=1", "maxEvents=5"], 2, 4, env);
    expect(exceptionBlock(outcome)).toBe("");
    expect(scoresOf(file)).toEqual(expected.slice(0, 5));
    expect(outcome.stderr).toContain(`Model: ${model.tag}, sha256 ${model.hash()}`);
    const other = await job(["path=model:jest", "fallback=1", "maxEvents=5"], 1, 1, env);
    expect(exceptionBlock(other.outcome)).toContain("there is no model 'jest'");
  });

  it("a model repository with a config.pbtxt for the fallback server", async () => {
    const model = join(folder, "repository", "jet_btag");
    mkdirSync(join(model, "1"), { recursive: true });
    cpSync(join(root, "data/models/jet_btag/graph.pb"), join(model, "1", "model.graphdef"));
    const path = join(model, "config.pbtxt");
    writeFileSync(path, 'name: "jet_btag"\nplatform: "tensorflow_graphdef"\nmax_batch_size: 64\n');
    const { outcome, file } = await job([`path=${path}`, "fallback=1", "maxEvents=5"]);
    expect(exceptionBlock(outcome)).toBe("");
    expect(scoresOf(file)).toEqual(expected.slice(0, 5));
    const agent =
      'model_repository_agents { agents [{ name: "checksum" parameters { key: "MD5:1/model.graphdef" value: "aa" } }] }';
    writeFileSync(path, `name: "jet_btag"\n${agent}\n`);
    const other = await job([`path=${path}`, `ports=${first.port}`, "maxEvents=5"]);
    expect(exceptionBlock(other.outcome)).toContain(
      "model 'jet_btag': The following files have incorrect checksums on the remote server: MD5:1/model.graphdef: not there, expected aa",
    );
  });

  it("without a model to ask for, neither gRPC nor a server is loaded", () => {
    const program = `await import(${JSON.stringify(join(root, "dist/index.js"))});
      console.log(process.moduleLoadList.filter((name) => /NativeModule (http2|http|tls)$/.test(name)).join());`;
    const { stdout, status } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
      encoding: "utf8",
    });
    expect([status, stdout]).toEqual([0, "\n"]);
  });
});

describe("mistakes are told in one sentence", () => {
  const bad = async (...args: string[]) =>
    exceptionBlock((await job([`ports=${first.port}`, "maxEvents=3", ...args])).outcome);

  it.each([
    ["mode=Later", "Unknown mode for SonicClient: Later"],
    [
      "retry=RetrySameServerActoin:1",
      "Unknown retryType for SonicClient: RetrySameServerActoin; did you mean 'RetrySameServerAction'?",
    ],
    ["compression=zip", "Unknown compression algorithm requested: zip"],
    ["model=jet_btaq", "no server has model 'jet_btaq': 'server0' has jet_btag"],
    [
      "preferred=serverO",
      "module 'scores' (SonicJetScoreProducer): preferredServer 'serverO' is no server of the TritonService; did you mean 'server0'?",
    ],
    [
      "outputs=output+outptu",
      "Some requested outputs were not available on the server: outptu; did you mean 'output'?",
    ],
  ])("%s", async (arg, message) => {
    expect(await bad(arg)).toContain(message);
  });

  it("two servers of one name", async () => {
    const text = readFileSync(config, "utf8").replace(/`server.*index.`/, '"same"');
    const path = join(folder, "same_cfg.ts");
    writeFileSync(path, text);
    const outcome = await cmsrun([path, "ports=1", "ports=2", `outputFile=${output()}`], {
      ...options,
      cwd: root,
    });
    expect(exceptionBlock(outcome)).toContain(
      "Not allowed to specify more than one server with same name (same)",
    );
  });

  it("no TritonService", async () => {
    const text = readFileSync(config, "utf8").replace(/process\.TritonService = [\s\S]*?\n\}\);\n/, "");
    const path = join(folder, "none_cfg.ts");
    writeFileSync(path, text);
    const outcome = await cmsrun([path, `outputFile=${output()}`], { ...options, cwd: root });
    expect(exceptionBlock(outcome)).toContain(
      "the process has no service 'TritonService'; add process.TritonService = cms.Service(\"TritonService\", {…}).",
    );
  });

  it("a server that is not there is skipped aloud", async () => {
    const { outcome, file } = await job([
      "ports=1",
      `ports=${first.port}`,
      "preferred=server0",
      "maxEvents=5",
    ]);
    expect(exceptionBlock(outcome)).toBe("");
    expect(outcome.stderr).toContain(
      "skipping server 'server0': RepositoryIndex on server 'server0' (127.0.0.1:1): UNAVAILABLE",
    );
    expect(outcome.stderr).toContain(
      "preferred server 'server0' is not available for model 'jet_btag'; another is chosen.",
    );
    expect(scoresOf(file)).toEqual(expected.slice(0, 5));
  });
});

function fallbackPid(text: string): number {
  const found = /fallback server on port \d+, pid (\d+)/.exec(text)?.[1];
  if (!found) throw new Error(`no fallback server in:\n${text}`);
  return Number(found);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
