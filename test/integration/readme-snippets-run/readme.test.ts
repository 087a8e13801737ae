/** Every block of README.md that names a file is written to it, type-checked and, when it is a config or a script, run. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { call, startServer } from "../serve.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "cmsrun-readme-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Fenced blocks whose first line names a file. */
function snippets(): { path: string; text: string }[] {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  return [...readme.matchAll(/^```[jt]s\n\/\/ (\S+\.m?[jt]s)\n([\s\S]*?)^```$/gm)].map(
    ([, path = "", text = ""]) => ({ path, text }),
  );
}

const all = snippets();
for (const { path, text } of all) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}
writeFileSync(
  join(folder, "package.json"),
  JSON.stringify({ name: "readme", type: "module", imports: { "#framework": "cmsrun" } }),
);
mkdirSync(join(folder, "node_modules"));
symlinkSync(root, join(folder, "node_modules", "cmsrun"));

function cmsrun(...args: string[]): string {
  return execFileSync(process.execPath, [join(root, "dist", "cmsrun.js"), ...args], {
    cwd: folder,
    encoding: "utf8",
    timeout: 20_000,
  });
}

describe("README.md", () => {
  it("shows a plugin, two configs, and a model that is saved and served", () => {
    const paths = all.map(({ path }) => path);
    expect(paths).toEqual([
      "configs/readme_cfg.ts",
      "plugins/Readme/JetCountFilter.ts",
      "configs/jet_count_cfg.ts",
      "save_model.mjs",
      "configs/readme_service.ts",
    ]);
  });

  it("shows code that compiles under strict settings", () => {
    const options = [
      "--noEmit",
      "--strict",
      "--experimentalDecorators",
      "--skipLibCheck",
      "--module",
      "nodenext",
      "--target",
      "es2022",
    ];
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    const files = all.map(({ path }) => path).filter((path) => path.endsWith(".ts"));
    const { stdout, status } = spawnSync(process.execPath, [tsc, ...options, ...files], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(stdout).toBe("");
    expect(status).toBe(0);
  });

  it("shows configs that run", () => {
    expect(cmsrun("configs/readme_cfg.ts", "outputFile=scores.edm")).toMatch(
      /^Processed 40 events .* on 2 threads .*events\/s\n$/,
    );
    expect(cmsrun("configs/jet_count_cfg.ts", "outputFile=selected.edm")).toMatch(
      /^Processed 40 events .*events\/s\n$/,
    );
  });

  it("shows a service that answers", async () => {
    const env = { CMSRUN_MODEL_STORE: join(folder, "models") };
    const script = [join(folder, "save_model.mjs")];
    execFileSync(process.execPath, script, { cwd: root, env: { ...process.env, ...env } });
    const { url } = await startServer(["configs/readme_service.ts"], { cwd: folder, env });
    const { body } = await call(`${url}/predict`, { body: "[0, 1, 2, 3]" });
    expect(body).toMatch(/^\[0\.648\d+,0\.351\d+\]$/);
  });
});
