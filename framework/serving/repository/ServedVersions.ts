/** The versions of one model that are served, with the states that an index shows. */
import { Exception } from "../../base/errors.js";
import type { RepositoryEntry, ServedModel } from "../ServedModel.js";

interface Version {
  model: ServedModel | undefined;
  state: RepositoryEntry["state"];
  reason: string;
  /** Called once its model is closed. */
  release?: (() => void) | undefined;
}

export class ServedVersions {
  readonly #versions = new Map<string, Version>();
  /** What a request gets that names no version. */
  #newest: ServedModel | undefined;

  constructor(readonly name: string) {}

  /** "": the newest that is ready. */
  get(version: string): ServedModel | undefined {
    if (version === "") return this.#newest;
    const known = this.#versions.get(version);
    return known?.state === "READY" ? known.model : undefined;
  }

  /** Why `version` cannot be had. */
  absent(version: string): Exception {
    const name = `'${this.name}'`;
    const known = this.#versions.get(version);
    if (known) {
      const reason = known.reason && ` (${known.reason})`;
      return new Exception(
        "ModelNotReady",
        `Request for unknown model: ${name} version ${version} is not at ready state${reason}`,
      );
    }
    const ready = [...this.#versions].filter(([, { model }]) => model).map(([one]) => one);
    if (version !== "" && ready.length > 0)
      return new Exception(
        "ModelNotFound",
        `Request for unknown model: ${name} version ${version} is not found; there is ${ready.join(", ")}`,
      );
    const [reason] = [...this.#versions.values()].map((one) => one.reason).filter((one) => one !== "");
    const why = reason === undefined ? "" : ` (${reason})`;
    return new Exception(
      "ModelNotReady",
      `Request for unknown model: ${name} has no available versions${why}`,
    );
  }

  index(): RepositoryEntry[] {
    return [...this.#versions].map(([version, { state, reason }]) => ({
      name: this.name,
      version,
      state,
      reason,
    }));
  }

  add(model: ServedModel): void {
    this.#versions.set(model.version, { model, state: "READY", reason: "" });
    this.#choose();
  }

  /** Those that are loaded now; what is served goes on, and stays ready. */
  loading(versions: readonly string[]): void {
    this.#versions.delete("");
    for (const version of versions)
      if (!this.#versions.get(version)?.model)
        this.#versions.set(version, { model: undefined, state: "LOADING", reason: "" });
  }

  failed(reason: string): void {
    if (this.#versions.size === 0) this.#versions.set("", { model: undefined, state: "UNAVAILABLE", reason });
    for (const version of this.#versions.values())
      if (!version.model) Object.assign(version, { state: "UNAVAILABLE", reason });
  }

  /** These are served from now on; the others are closed when they have answered what they had accepted. */
  async replace(models: readonly ServedModel[], release?: () => void): Promise<void> {
    const old = new Map(this.#versions);
    for (const model of models)
      this.#versions.set(model.version, { model, state: "READY", reason: "", release });
    const kept = new Set(models.map(({ version }) => version));
    for (const [version, one] of old) if (!kept.has(version)) this.#retire(one);
    this.#choose();
    await Promise.all([...old.values()].map(close));
    for (const [version, one] of old) if (!kept.has(version)) this.#settle(version, one);
  }

  async unload(): Promise<void> {
    const all = new Map(this.#versions);
    const old = [...all.values()].map((one) => ({ ...one }));
    for (const one of all.values()) this.#retire(one);
    this.#newest = undefined;
    await Promise.all(old.map(close));
    for (const [version, one] of all) this.#settle(version, one);
  }

  #retire(one: Version): void {
    if (one.model) Object.assign(one, { state: "UNLOADING", reason: "" });
  }

  #settle(version: string, one: Version): void {
    if (one.state !== "UNLOADING") return;
    this.#versions.set(version, { model: undefined, state: "UNAVAILABLE", reason: "unloaded" });
  }

  #choose(): void {
    const ready = [...this.#versions.values()].flatMap(({ model, state }) =>
      model && state === "READY" ? [model] : [],
    );
    this.#newest = ready.sort((a, b) => compareVersions(a.version, b.version)).at(-1);
  }
}

async function close({ model, release }: Version): Promise<void> {
  await model?.close();
  release?.();
}

/** Numbers by their value, before a store's versions, which are texts. */
function compareVersions(a: string, b: string): number {
  const [x, y] = [Number(a), Number(b)];
  if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
  return Number.isNaN(x) ? (a < b ? -1 : 1) : x - y;
}
