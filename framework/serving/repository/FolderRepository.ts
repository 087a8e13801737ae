/**
 * The models of a server: those of folders in Triton's layout, models given by their paths, and models that the server
 * brings itself. Loading anew is atomic: the old model answers until the new one is ready, and for good if that fails.
 */
import { suggestion } from "../../base/didYouMean.js";
import { Exception } from "../../base/errors.js";
import type { ModelRepository, RepositoryEntry, ServedModel } from "../ServedModel.js";
import { badRequest } from "../servingErrors.js";
import { ServedVersions } from "./ServedVersions.js";
import { chosenVersions, ModelFolder, modelsIn } from "./ModelFolder.js";
import { OverriddenFiles } from "./OverriddenFiles.js";
import { parseConfigJson } from "./ModelConfig.js";
import { openTensorFlowModel, type ServingDefaults } from "./openTensorFlowModel.js";

export interface FolderRepositoryOptions {
  /** Folders whose folders are models: <name>/<version>/model.savedmodel. */
  readonly folders?: readonly string[];
  /** Name → a model, or the folder of its versions. */
  readonly models?: Readonly<Record<string, string>>;
  readonly defaults?: ServingDefaults;
}

/** A name that a client gives is shown, and compared with ours, up to this length. */
const maxCompared = 100;

export class FolderRepository implements ModelRepository {
  readonly #options: FolderRepositoryOptions;
  readonly #served = new Map<string, ServedVersions>();
  /** Loads and unloads of one model are done one after the other. */
  readonly #turns = new Map<string, Promise<void>>();
  #isClosed = false;

  constructor(options: FolderRepositoryOptions = {}) {
    this.#options = options;
  }

  /**
   * Loads all models there are. One that fails stays in the index, UNAVAILABLE with its reason. `progress` is told how many
   * of how many are done, and which is the next, if any.
   * @returns what failed, by name; @throws Configuration for a folder that is none, or a name that is there twice
   */
  async loadAll(
    progress: (done: number, count: number, next?: string) => void = () => {},
  ): Promise<ReadonlyMap<string, Exception>> {
    const failed = new Map<string, Exception>();
    const names = [...this.#folders().keys()];
    for (const [done, name] of names.entries()) {
      progress(done, names.length, name);
      await this.load(name).catch((error: unknown) => failed.set(name, Exception.from(error)));
    }
    progress(names.length, names.length);
    return failed;
  }

  /** A model that is ready: a user's own, say. It can be unloaded, but not loaded again. @throws LogicError */
  add(model: ServedModel): void {
    const { name, version } = model;
    if (this.#served.get(name)?.get(version))
      throw new Exception("LogicError", `model '${name}' version ${version} is served already.`);
    this.#versionsOf(name).add(model);
  }

  index(): readonly RepositoryEntry[] {
    const known = [...this.#served.values()].flatMap((versions) => versions.index());
    const unknown = [...this.#foldersOrNone().keys()]
      .filter((name) => !this.#served.has(name))
      .map((name): RepositoryEntry => ({ name, version: "", state: "UNAVAILABLE", reason: "not loaded" }));
    return [...known, ...unknown].sort(
      (a, b) => order(a.name, b.name) || Number(a.version) - Number(b.version),
    );
  }

  get(name: string, version = ""): ServedModel {
    const versions = this.#served.get(name);
    return versions?.get(version) ?? this.#absent(name, version);
  }

  /**
   * `parameters`: "config", a configuration in JSON in place of config.pbtxt; "file:<version>/<path>", a file's bytes in
   * base64 (or as they are), which with it stand for all files of the model.
   */
  load(name: string, parameters: Readonly<Record<string, unknown>> = {}): Promise<void> {
    return this.#inTurn(name, async () => {
      const own = OverriddenFiles.of(name, parameters);
      try {
        await this.#load(own?.folder ?? this.#folder(name), parameters, own);
      } catch (error) {
        own?.remove();
        throw error;
      }
    });
  }

  unload(name: string): Promise<void> {
    return this.#inTurn(name, async () => {
      const versions = this.#served.get(name);
      if (versions) await versions.unload();
      else this.#folder(name);
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#turns.values());
    await Promise.all([...this.#served.values()].map((versions) => versions.unload()));
  }

  async #load(
    folder: ModelFolder,
    parameters: Readonly<Record<string, unknown>>,
    own: OverriddenFiles | undefined,
  ): Promise<void> {
    const { name } = folder;
    const versions = this.#versionsOf(name);
    const opened: ServedModel[] = [];
    try {
      const config = configOf(parameters) ?? folder.readConfig();
      const chosen = chosenVersions(folder.versions(config), config);
      if (chosen.length === 0)
        throw new Exception(
          "Configuration",
          `there is no version of '${name}' in '${folder.path}': put the model into '${folder.path}/1/model.savedmodel'.`,
        );
      versions.loading(chosen.map(({ version }) => version));
      const readFile = (file: string, what: string) => folder.readFile(file, what);
      const { defaults = {} } = this.#options;
      for (const { version, path } of chosen)
        opened.push(await openTensorFlowModel({ name, version, path, config, readFile }, defaults));
    } catch (error) {
      versions.failed(Exception.from(error).message);
      await Promise.all(opened.map((model) => model.close()));
      throw error;
    }
    await versions.replace(opened, () => own?.remove());
  }

  #inTurn(name: string, action: () => Promise<void>): Promise<void> {
    if (this.#isClosed) return Promise.reject(new Exception("ServerBusy", "the server is shutting down."));
    const turn = (this.#turns.get(name) ?? Promise.resolve()).then(action);
    const settled = turn.then(
      () => {},
      () => {},
    );
    this.#turns.set(name, settled);
    void settled.then(() => {
      if (this.#turns.get(name) === settled) this.#turns.delete(name);
    });
    return turn;
  }

  #versionsOf(name: string): ServedVersions {
    let versions = this.#served.get(name);
    if (!versions) {
      versions = new ServedVersions(name);
      this.#served.set(name, versions);
    }
    return versions;
  }

  /** @throws ModelNotFound */
  #folder(name: string): ModelFolder {
    const folder = this.#folders().get(name);
    if (folder) return folder;
    throw this.#notFound(name);
  }

  /** Read anew: models come and go. @throws Configuration */
  #folders(): Map<string, ModelFolder> {
    const { folders = [], models = {} } = this.#options;
    const all = [
      ...folders.flatMap(modelsIn),
      ...Object.entries(models).map(([name, path]) => new ModelFolder(name, path)),
    ];
    const byName = new Map<string, ModelFolder>();
    for (const folder of all) {
      const other = byName.get(folder.name);
      if (other)
        throw new Exception(
          "Configuration",
          `there are two models '${folder.name}': '${other.path}' and '${folder.path}'; rename one.`,
        );
      byName.set(folder.name, folder);
    }
    return byName;
  }

  /** For the index: what is served goes on when a folder is away. */
  #foldersOrNone(): Map<string, ModelFolder> {
    try {
      return this.#folders();
    } catch {
      return new Map();
    }
  }

  #absent(name: string, version: string): never {
    const shown = name.slice(0, maxCompared);
    const versions = this.#served.get(name);
    if (!versions) {
      if (!this.#foldersOrNone().has(name)) throw this.#notFound(name);
      const what = `Request for unknown model: '${shown}' has no available versions; load it first`;
      throw new Exception("ModelNotReady", what);
    }
    throw versions.absent(version.slice(0, maxCompared));
  }

  #notFound(name: string): Exception {
    const shown = name.slice(0, maxCompared);
    const known = new Set([...this.#served.keys(), ...this.#foldersOrNone().keys()]);
    known.delete(name);
    const hint = suggestion(shown, known);
    return new Exception("ModelNotFound", `Request for unknown model: '${shown}' is not found${hint}`);
  }
}

function configOf({ config }: Readonly<Record<string, unknown>>) {
  if (config === undefined) return undefined;
  if (typeof config === "string") return parseConfigJson(config, "of the load request");
  throw badRequest("parameter 'config' must be a text: the model's configuration in JSON");
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
