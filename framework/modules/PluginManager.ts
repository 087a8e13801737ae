/**
 * Finds a plugin's file by its name and loads it: file name = class name = registered name. Shipped plugins are built
 * ahead; a changed one, or one of a user's own package, is bundled in process and cached by the content of all it imports.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, extname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { suggestion } from "../base/didYouMean.js";
import { replaceFile } from "../base/replaceFile.js";
import { Exception } from "../base/errors.js";
import { bundlePlugin, bundleVersion, fileHash } from "./bundlePlugin.js";
import { definedPlugin, type PluginClass } from "./PluginFactory.js";

export interface PluginManagerOptions {
  /** Directories searched, with their subdirectories, in this order; then the plugins shipped with cmsrun. */
  readonly searchPath: readonly string[];
  /** cmsrun's own package. */
  readonly packageRoot: string;
  /** The built framework, which `#framework` and `cmsrun` mean inside a plugin. */
  readonly frameworkFile: string;
  readonly cacheDirectory: string | undefined;
}

/** One shipped plugin as scripts/build.mjs lists it in dist/plugins.json. Paths are relative to the package. */
interface BuiltPlugin {
  readonly built: string;
  /** Every source file that went into it, with its sha256. */
  readonly inputs: { readonly [file: string]: string };
}

type Manifest = { readonly [source: string]: BuiltPlugin };

/** Deeper folders are no place for plugins, and a search must end. */
const maxDepth = 6;
export const skippedFolders = new Set(["node_modules", "dist", ".git", "data", "test"]);

export class PluginManager {
  readonly #options: PluginManagerOptions;
  readonly #loaded = new Map<string, string>();
  #index: Map<string, string> | undefined;
  #manifest: Manifest | undefined;

  constructor(options: PluginManagerOptions) {
    this.#options = options;
  }

  /** URLs of everything loaded so far: what a worker thread imports. */
  get loadedFiles(): string[] {
    return [...new Set(this.#loaded.values())];
  }

  /** Where each plugin's source is, by name. */
  get sources(): ReadonlyMap<string, string> {
    return this.#files();
  }

  /**
   * Loads the plugin `name`. `user` and `where` tell who asks, for messages.
   * @throws PluginNotFound with a did-you-mean and the directories searched.
   */
  async load(name: string, user: string, where: () => string): Promise<PluginClass> {
    const known = definedPlugin(name);
    if (known) return known;
    const file = this.#files().get(name);
    if (!file) {
      const hint = suggestion(name, this.#files().keys());
      const searched = [...this.#options.searchPath, join(this.#options.packageRoot, "plugins")].join(", ");
      throw new Exception(
        "PluginNotFound",
        `${user}: unknown plugin '${name}'${hint}${where()}\nSearched: ${searched}`,
      );
    }
    const url = await this.#built(file);
    await import(url);
    this.#loaded.set(name, url);
    const plugin = definedPlugin(name);
    if (plugin) return plugin;
    throw new Exception(
      "PluginNotFound",
      `${user}: ${file} defines no plugin '${name}'; write @DEFINE_FWK_MODULE("${name}") before its class.${where()}`,
    );
  }

  #files(): Map<string, string> {
    if (this.#index) return this.#index;
    this.#index = new Map();
    const directories = [...this.#options.searchPath, join(this.#options.packageRoot, "plugins")];
    for (const directory of directories) collect(directory, this.#index, 0);
    return this.#index;
  }

  async #built(file: string): Promise<string> {
    const shipped = this.#shipped(file);
    if (shipped) return pathToFileURL(shipped).href;
    return pathToFileURL(await this.#bundled(file)).href;
  }

  /** The built form of a shipped plugin, when its sources are what it was built from. */
  #shipped(file: string): string | undefined {
    const { packageRoot } = this.#options;
    this.#manifest ??= readManifest(join(packageRoot, "dist", "plugins.json"));
    const plugin = this.#manifest[relative(packageRoot, file).replaceAll("\\", "/")];
    if (!plugin || !isUnchanged(plugin.inputs, packageRoot)) return undefined;
    return join(packageRoot, plugin.built);
  }

  async #bundled(file: string): Promise<string> {
    const { cacheDirectory, frameworkFile } = this.#options;
    const directory = cacheDirectory ?? join(dirname(file), ".cmsrun-cache");
    const key = createHash("sha256")
      .update(`${bundleVersion}\0${file}\0${frameworkFile}`)
      .digest("hex")
      .slice(0, 16);
    const record = join(directory, `${basename(file, extname(file))}-${key}.json`);
    if (existsSync(record)) {
      const { built, inputs } = JSON.parse(readFileSync(record, "utf8")) as BuiltPlugin;
      if (existsSync(built) && isUnchanged(inputs, "/")) return built;
    }
    const { code, inputs } = await bundlePlugin(file, frameworkFile);
    const hash = createHash("sha256").update(code).digest("hex").slice(0, 16);
    const built = join(directory, `${basename(file, extname(file))}-${hash}.mjs`);
    mkdirSync(directory, { recursive: true });
    replaceFile(built, code);
    replaceFile(record, JSON.stringify({ built, inputs }));
    return built;
  }
}

function readManifest(path: string): Manifest {
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Manifest) : {};
}

function collect(directory: string, index: Map<string, string>, depth: number): void {
  if (depth > maxDepth || !existsSync(directory)) return;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory() && !skippedFolders.has(entry.name)) collect(path, index, depth + 1);
    const match = /^([A-Z]\w*)\.(ts|mts|js|mjs)$/.exec(entry.name);
    if (entry.isFile() && match?.[1] && !index.has(match[1])) index.set(match[1], path);
  }
}

function isUnchanged(inputs: { readonly [file: string]: string }, root: string): boolean {
  return Object.entries(inputs).every(([file, hash]) => {
    const path = resolve(root, file);
    return existsSync(path) && fileHash(path) === hash;
  });
}

/** The package that this file is part of, seen from dist/. */
export function ownPackageRoot(moduleUrl: string): string {
  let directory = dirname(fileURLToPath(moduleUrl));
  while (!existsSync(join(directory, "package.json")) && dirname(directory) !== directory)
    directory = dirname(directory);
  return directory;
}
