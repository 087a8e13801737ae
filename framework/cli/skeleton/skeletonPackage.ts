/** The package around a skeleton: its package.json and tsconfig.json where there are none, and what is still to install. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { packageRoot } from "../environment.js";

export interface WrittenFile {
  /** Relative to the package. */
  readonly path: string;
  readonly text: string;
}

/** What makes a folder a package in which the three files compile, as far as it is not there. */
export function packageFiles(root: string): WrittenFile[] {
  const name =
    basename(root)
      .toLowerCase()
      .replace(/[^a-z0-9-]+/g, "-")
      .replace(/^-+|-+$/g, "") || "my-plugins";
  const json = (value: object) => `${JSON.stringify(value, undefined, 2)}\n`;
  const files = [
    {
      path: "package.json",
      text: json({ name, private: true, type: "module", scripts: { test: "tsc --noEmit && vitest run" } }),
    },
    // cmsrun and vitest bundle what they load, hence "bundler".
    {
      path: "tsconfig.json",
      text: json({
        compilerOptions: {
          target: "ES2022",
          lib: ["ES2023"],
          module: "preserve",
          moduleResolution: "bundler",
          noEmit: true,
          strict: true,
          noUncheckedIndexedAccess: true,
          exactOptionalPropertyTypes: true,
          noImplicitOverride: true,
          experimentalDecorators: true,
          useDefineForClassFields: true,
          verbatimModuleSyntax: true,
          skipLibCheck: true,
        },
        include: ["plugins", "configs", "test"],
      }),
    },
  ];
  return files.filter(({ path }) => !existsSync(join(root, path)));
}

/** The installs without which the commands cannot run. */
export function missingInstalls(root: string): string[] {
  const require = createRequire(join(root, "package.json"));
  const isThere = (name: string) => {
    try {
      return require.resolve(`${name}/package.json`) !== "";
    } catch {
      return false;
    }
  };
  const { devDependencies } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as {
    devDependencies: Record<string, string>;
  };
  const tools = ["typescript", "vitest"]
    .filter((name) => !isThere(name))
    .map((name) => `${name}@${devDependencies[name]?.split(".")[0]}`);
  return [
    ...(isThere("cmsrun") ? [] : [`npm install --install-links ${packageRoot}`]),
    ...(tools.length > 0 ? [`npm install --save-dev ${tools.join(" ")}`] : []),
  ];
}
