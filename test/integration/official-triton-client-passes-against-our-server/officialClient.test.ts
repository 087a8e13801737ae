import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { suiteThatNeeds } from "../../suiteThatNeeds.js";
import { startServer, type TestServer } from "../../unit/serving/kserve/startServer.js";
import { writeModels } from "../../unit/serving/kserve/testModels.js";

/** A Python that has `tritonclient[all]`. */
const python = process.env.CMSRUN_TRITON_PYTHON;
const shared = process.env.CMSRUN_SHARED;
const probe = shared && join(shared, "peers", "kserve_probe.py");
const describeWithClient = suiteThatNeeds(
  python !== undefined,
  "CMSRUN_TRITON_PYTHON is not set: the official client is NOT tested against our server",
);
if (!probe || !existsSync(probe))
  process.stderr.write("CMSRUN_SHARED is not set: kserve_probe.py is NOT run against our server\n");

const folder = mkdtempSync(join(tmpdir(), "cmsrun-kserve-"));
let server: TestServer;

/** Not in one go with this process, which is the server. */
function run(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(python as string, ["-W", "ignore", program, ...args]);
    let [output, errors] = ["", ""];
    child.stdout.on("data", (text: Buffer) => {
      output += text.toString();
    });
    child.stderr.on("data", (text: Buffer) => {
      errors += text.toString();
    });
    child.on("error", reject);
    child.on("close", (status) => (status === 0 ? resolve(output) : reject(new Error(errors.slice(-3000)))));
  });
}

beforeAll(async () => {
  writeModels(folder);
  server = await startServer(folder);
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

describeWithClient("the official client of Triton", () => {
  it.skipIf(!probe || !existsSync(probe))(
    "passes the probe: 27 calls succeed, 12 fail with a status",
    { timeout: 120_000 },
    async () => {
      const output = await run(probe as string, [
        "127.0.0.1",
        String(server.httpPort),
        String(server.grpcPort),
      ]);
      const lines = output.trim().split("\n");
      const failed = lines.filter((line) => line.includes(" FAIL "));
      expect(lines.length).toBe(39);
      expect(lines.filter((line) => / OK {3}/.test(line)).length).toBe(27);
      expect(
        failed.filter(
          (line) =>
            !/InferenceServerException: ['"]\[(4\d\d|StatusCode\.(NOT_FOUND|INVALID_ARGUMENT))\]/.test(line),
        ),
      ).toEqual([]);
    },
  );

  it("is answered in every type, form and call", { timeout: 120_000 }, async () => {
    const program = fileURLToPath(new URL("calls.py", import.meta.url));
    const model = join(folder, "sum", "1", "model.pb");
    const output = await run(program, [String(server.httpPort), String(server.grpcPort), model]);
    const cases = output
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { case: string; ok: boolean; value: string });
    expect(cases.filter(({ ok }) => !ok)).toEqual([]);
    expect(cases.length).toBeGreaterThan(100);
  });
});
