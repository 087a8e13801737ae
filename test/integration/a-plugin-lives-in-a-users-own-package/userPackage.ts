/** A user's package in an empty folder with cmsrun installed from its tarball: what `npm install` does, without a network. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const repository = fileURLToPath(new URL("../../../", import.meta.url));

interface PackageJson {
  readonly bin: { readonly [command: string]: string };
  readonly dependencies: { readonly [name: string]: string };
}

export interface Finished {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of this Node in `cwd`. */
export async function node(
  cwd: string,
  program: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<Finished> {
  const env: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: "1", ...environment };
  // A test runner started by a test must not take itself for a worker of this one.
  for (const name of Object.keys(env)) if (name.startsWith("VITEST")) delete env[name];
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, ...args], {
      cwd,
      env,
      maxBuffer: 1e8,
    });
    return { exitCode: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: number } & Finished;
    return { exitCode: code ?? 1, stdout, stderr };
  }
}

/** Runs a command as `npx` does: one of the package's own or of its dependencies. */
export function npx(
  root: string,
  command: string,
  args: readonly string[] = [],
  environment: NodeJS.ProcessEnv = {},
): Promise<Finished> {
  return node(root, join(root, "node_modules", ".bin", command), args, environment);
}

/** An empty folder in the system's own place for them. */
export function temporaryFolder(): { readonly root: string; remove(): void } {
  const root = mkdtempSync(join(tmpdir(), "cmsrun-user-"));
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}

/** Puts the packed cmsrun, its dependencies and the development tools where npm puts them. */
export async function installCmsrun(root: string): Promise<void> {
  const installed = join(root, "node_modules", "cmsrun");
  mkdirSync(installed, { recursive: true });
  const run = promisify(execFile);
  const { stdout } = await run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", root], {
    cwd: repository,
  });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  await run("tar", ["-xzf", join(root, filename), "--strip-components=1", "-C", installed]);
  rmSync(join(root, filename));
  const { bin, dependencies } = JSON.parse(
    readFileSync(join(installed, "package.json"), "utf8"),
  ) as PackageJson;
  for (const name of [...Object.keys(dependencies), "typescript", "vitest"]) {
    const link = join(root, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(repository, "node_modules", name), link);
  }
  const commands = { tsc: "../typescript/bin/tsc", vitest: "../vitest/vitest.mjs" };
  for (const [name, file] of Object.entries(bin)) Object.assign(commands, { [name]: `../cmsrun/${file}` });
  mkdirSync(join(root, "node_modules", ".bin"));
  for (const [name, target] of Object.entries(commands))
    symlinkSync(target, join(root, "node_modules", ".bin", name));
}

/** What `npm init -y` writes: a CommonJS package. */
export function initPackage(root: string): void {
  writeFileSync(
    join(root, "package.json"),
    JSON.stringify({ name: "user", version: "1.0.0", type: "commonjs" }),
  );
}
