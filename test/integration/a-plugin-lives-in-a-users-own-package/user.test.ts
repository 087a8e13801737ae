import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { initPackage, installCmsrun, npx, repository, temporaryFolder } from "./userPackage.js";

const { root, remove } = temporaryFolder();
const here = (path: string) => join(root, path);
const printed = (log: string) => log.split("\n").filter((line) => / jets, mass /.test(line));

beforeAll(async () => {
  await installCmsrun(root);
  initPackage(root);
  // For its tsconfig.json; the fixture's own files come on top.
  await npx(root, "mkedprod", ["MyJetProducer"]);
  cpSync(fileURLToPath(new URL("package", import.meta.url)), root, { recursive: true });
  await npx(root, "edmProducts", ["data/dijets.proto", "-o", "plugins/products.ts"]);
}, 60_000);
afterAll(remove);

describe("the installed package", () => {
  const installed = here("node_modules/cmsrun");

  it("has what it needs and no more", () => {
    expect(readdirSync(installed).sort()).toEqual(
      [
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "LICENSE",
        "README.md",
        "configs",
        "data",
        "dist",
        "package.json",
        "plugins",
        "scripts",
      ].filter((name) => existsSync(join(repository, name))),
    );
    expect(existsSync(here("node_modules/jsroot"))).toBe(false);
    const files = readdirSync(join(installed, "dist"), { recursive: true }).map(String);
    expect(files.filter((name) => name.endsWith(".map") || name.startsWith("types/test"))).toEqual([]);
  });

  it("has every command it promises, executable, each with its version", async () => {
    const { bin, version } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as {
      bin: Record<string, string>;
      version: string;
    };
    for (const [name, file] of Object.entries(bin)) {
      accessSync(join(installed, file), constants.X_OK);
      expect(await npx(root, name, ["--version"]), name).toMatchObject({
        exitCode: 0,
        stdout: `${version}\n`,
      });
    }
  }, 60_000);
});

describe("a user's own plugins and products", () => {
  it("type-check, and the type checker refuses what is misspelt", async () => {
    expect(await npx(root, "tsc", ["--noEmit"])).toMatchObject({ exitCode: 0, stdout: "" });
  }, 60_000);

  it("pass their tests", async () => {
    const { exitCode, stdout, stderr } = await npx(root, "vitest", ["run"]);
    expect(exitCode, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/Tests +4 passed/);
  }, 60_000);

  it("run on NanoAOD, and what they write is read back", async () => {
    const written = await npx(root, "cmsrun", ["configs/write_cfg.ts"]);
    expect(written.exitCode, written.stderr).toBe(0);
    expect(printed(written.stderr)).toHaveLength(20);
    expect(printed(written.stderr)[0]).toMatch(/^69374552: \d+ jets, mass \d+\.\d$/);
    const read = await npx(root, "cmsrun", ["configs/read_cfg.ts"]);
    expect(read.exitCode, read.stderr).toBe(0);
    expect(printed(read.stderr)).toEqual(printed(written.stderr));
  }, 60_000);

  it("run on two threads, to the same file", async () => {
    const one = readFileSync(here("dijets.edm"));
    const { exitCode, stderr } = await npx(root, "cmsrun", ["-n", "2", "configs/write_cfg.ts"]);
    expect(exitCode, stderr).toBe(0);
    expect(readFileSync(here("dijets.edm")).equals(one)).toBe(true);
  }, 60_000);

  it("are found again when changed", async () => {
    const source = here("plugins/kinematics.ts");
    const text = readFileSync(source, "utf8");
    writeFileSync(source, text.replace("Math.sqrt(2 *", "1000 * Math.sqrt(2 *"));
    const { stderr } = await npx(root, "cmsrun", ["configs/write_cfg.ts"]);
    writeFileSync(source, text);
    expect(printed(stderr)[0]).toMatch(/mass \d{5,}\.\d$/);
  }, 60_000);
});

describe("the search path", () => {
  beforeAll(() => {
    mkdirSync(here("elsewhere/configs"), { recursive: true });
    mkdirSync(here("site"));
    cpSync(here("configs/write_cfg.ts"), here("elsewhere/configs/write_cfg.ts"));
  });

  const runElsewhere = (environment: NodeJS.ProcessEnv = {}) =>
    npx(root, "cmsrun", ["elsewhere/configs/write_cfg.ts"], environment);

  it("finds plugins/ of the config's package", async () => {
    expect(await runElsewhere()).toMatchObject({ exitCode: 0 });
  }, 60_000);

  it("finds what CMSRUN_PLUGIN_PATH lists, and says where it looked when there is nothing", async () => {
    renameSync(here("plugins"), here("site/dijets"));
    try {
      const { exitCode, stderr } = await runElsewhere();
      expect(exitCode).toBe(8001 & 0xff);
      expect(stderr).toContain("unknown plugin 'DijetProducer'");
      expect(stderr).toContain(`Searched: ${here("plugins")}`);
      expect(await runElsewhere({ CMSRUN_PLUGIN_PATH: here("site") })).toMatchObject({ exitCode: 0 });
    } finally {
      renameSync(here("site/dijets"), here("plugins"));
    }
  }, 60_000);

  it("finds plugins/ beside the config", async () => {
    renameSync(here("plugins"), here("elsewhere/configs/plugins"));
    try {
      expect(await runElsewhere()).toMatchObject({ exitCode: 0 });
    } finally {
      renameSync(here("elsewhere/configs/plugins"), here("plugins"));
    }
  }, 60_000);

  it("is told by cmsrun --help", async () => {
    const { stdout } = await npx(root, "cmsrun", ["--help"]);
    expect(stdout).toContain("CMSRUN_PLUGIN_PATH");
    expect(stdout).toContain("CMSRUN_SEARCH_PATH");
  });
});
