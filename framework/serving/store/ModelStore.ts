/**
 * Models by their tags, in a folder: NAME/VERSION/ and NAME/latest. A model appears and vanishes whole, whatever other
 * processes do in the same store.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, statSync } from "node:fs";
import { basename, join, relative, resolve, sep } from "node:path";
import { suggestion } from "../../base/didYouMean.js";
import { Exception } from "../../base/errors.js";
import { LogWarning } from "../../base/log.js";
import { modelStoreRoot } from "../../base/modelPath.js";
import { incomingPath, sweepIncoming } from "./incoming.js";
import { announceLatest, latestVersion, renewLatest, versionsIn } from "./latest.js";
import { Model } from "./Model.js";
import { Tag } from "./Tag.js";

/** Between making the name's folder and putting a model into it, another process may remove the folder. */
const mostTries = 10;

export class ModelStore {
  readonly root: string;

  /** @param root a folder that is made when the first model is saved; otherwise that of `models` */
  constructor(root: string = modelStoreRoot()) {
    this.root = resolve(root);
  }

  /**
   * `name` and `name:latest` are the newest; otherwise the version itself, or the only one that begins so.
   * @throws InvalidTag; ModelNotFound naming what there is, also where more than one version begins so
   */
  get(tag: Tag | string): Model {
    return new Model(this.pathOf(tag));
  }

  /** The folder of get(tag). @throws as get */
  pathOf(tag: Tag | string): string {
    const wanted = Tag.from(tag);
    return join(this.#folder(wanted.name), this.#findVersion(wanted));
  }

  /** The tag of the model whose folder this is; undefined for anything else. */
  tagOf(path: string): string | undefined {
    const [name, version, ...rest] = relative(this.root, resolve(path)).split(sep);
    if (name === undefined || version === undefined || rest.length > 0 || name.startsWith("."))
      return undefined;
    return `${name}:${version}`;
  }

  /**
   * All models, of one name, or the one with a tag, in the order of tags. Without any it is an empty list.
   * @throws ModelNotFound for a name that no model has
   */
  list(tag?: Tag | string): Model[] {
    if (tag === undefined) return this.#names().flatMap((name) => this.#models(name));
    const { name, version } = Tag.from(tag);
    const models = this.#models(name);
    const wanted = version === "latest" ? latestVersion(this.#folder(name)) : version;
    if (version !== undefined) return models.filter((model) => model.tag.version === wanted);
    if (models.length === 0) throw this.#unknownName(name);
    return models;
  }

  /**
   * Removes a model, or all models of a name. Gives the tags of what was removed.
   * @throws ModelNotFound; a version must be written whole
   */
  delete(tag: Tag | string): Tag[] {
    const wanted = Tag.from(tag);
    const folder = this.#folder(wanted.name);
    const all = versionsIn(folder);
    if (all.length === 0) throw this.#unknownName(wanted.name);
    const version = wanted.version === "latest" ? latestVersion(folder) : wanted.version;
    const gone = version === undefined ? all : all.filter((one) => one === version);
    if (gone.length === 0) throw this.#unknownVersion(wanted, all);
    for (const one of gone) this.#remove(join(folder, one));
    this.#tidy(folder);
    return gone.map((one) => new Tag(wanted.name, one));
  }

  /**
   * Puts a model into the store: `fill` writes into the folder whose path it is given, model.yaml too.
   * @param timeUs the creation time that model.yaml says
   * @throws InvalidTag for a tag without a version; ModelExists; what `fill` throws; FileWriteError. The store is as it was then
   */
  async register(tag: Tag, timeUs: number, fill: (folder: string) => void | Promise<void>): Promise<Model> {
    this.#refuseTaken(tag);
    let temporary: string | undefined;
    try {
      temporary = incomingPath(this.root);
      sweepIncoming(this.root);
      mkdirSync(temporary);
      await fill(temporary);
      const unfinished = new Model(temporary);
      const path = this.#publish(temporary, tag, timeUs);
      return new Model(path, unfinished.info);
    } catch (error) {
      if (error instanceof Exception || (error as NodeJS.ErrnoException).syscall === undefined) throw error;
      throw new Exception(
        "FileWriteError",
        `model '${tag}' cannot be saved in '${this.root}': ${(error as Error).message}.`,
        { cause: error },
      );
    } finally {
      if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
    }
  }

  #refuseTaken(tag: Tag): void {
    if (tag.isLatest)
      throw new Exception(
        "InvalidTag",
        `'${tag}' cannot be saved: 'latest' always means the newest version, and a model needs one of its own.`,
      );
    if (existsSync(join(this.#folder(tag.name), tag.version ?? ""))) throw alreadyExists(tag);
  }

  #publish(temporary: string, tag: Tag, timeUs: number): string {
    const folder = this.#folder(tag.name);
    const path = join(folder, tag.version ?? "");
    for (let tries = 1; ; tries++) {
      try {
        mkdirSync(folder, { recursive: true });
        // First, so that being killed between the two leaves a `latest` that is seen to be wrong.
        announceLatest(folder, basename(path), timeUs);
        renameSync(temporary, path);
        break;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === "ENOTEMPTY" || code === "EEXIST") throw alreadyExists(tag);
        if (code !== "ENOENT" || tries >= mostTries) throw error;
      } finally {
        if (existsSync(folder)) renewLatest(folder);
      }
    }
    return path;
  }

  /** It vanishes at once, and is removed then. */
  #remove(path: string): void {
    const away = incomingPath(this.root);
    try {
      renameSync(path, away);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return; // Another process was faster.
      throw new Exception("FileWriteError", `'${path}' cannot be deleted: ${(error as Error).message}.`);
    }
    rmSync(away, { recursive: true, force: true });
  }

  /** `latest` as it must be now, and no empty folder of a name. */
  #tidy(folder: string): void {
    if (versionsIn(folder).length > 0) {
      renewLatest(folder);
      return;
    }
    rmSync(join(folder, "latest"), { force: true });
    try {
      rmdirSync(folder);
    } catch {
      renewLatest(folder); // Another process has just saved a model of this name, or there is something of the user's.
    }
  }

  #folder(name: string): string {
    return join(this.root, name);
  }

  #names(): string[] {
    if (!existsSync(this.root)) return [];
    if (!statSync(this.root).isDirectory())
      throw new Exception("FileOpenError", `the model store '${this.root}' is a file; it must be a folder.`);
    const names = readdirSync(this.root, { withFileTypes: true });
    return names
      .flatMap((entry) => (entry.name.startsWith(".") || !entry.isDirectory() ? [] : [entry.name]))
      .sort();
  }

  /** One that cannot be read is told, and does not keep the others from being listed. */
  #models(name: string): Model[] {
    const folder = this.#folder(name);
    const versions = existsSync(folder) ? readdirSync(folder).sort() : [];
    return versions.flatMap((version) => {
      const path = join(folder, version);
      if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [];
      try {
        return [new Model(path)];
      } catch (error) {
        if (existsSync(path)) LogWarning("ModelStore", (error as Error).message);
        return [];
      }
    });
  }

  #findVersion(wanted: Tag): string {
    const folder = this.#folder(wanted.name);
    const { version } = wanted;
    if (version === undefined || wanted.isLatest) {
      const latest = latestVersion(folder);
      if (latest !== undefined) return latest;
      throw this.#unknownName(wanted.name);
    }
    if (existsSync(join(folder, version))) return version;
    const all = versionsIn(folder);
    if (all.length === 0) throw this.#unknownName(wanted.name);
    const found = all.filter((one) => one.startsWith(version));
    if (found.length === 1) return found[0] as string;
    if (found.length === 0) throw this.#unknownVersion(wanted, all);
    throw notFound(
      `'${wanted}' is not one model: ${found.length} versions begin so: ${listed(wanted.name, found)}`,
    );
  }

  #unknownName(name: string): Exception {
    const known = this.#names().filter((one) => versionsIn(this.#folder(one)).length > 0);
    return notFound(
      `there is no model '${name}' in '${this.root}'${suggestion(name, known).replace(/\?$/, "")}`,
    );
  }

  #unknownVersion({ name, version }: Tag, all: readonly string[]): Exception {
    return notFound(
      `there is no version '${version}' of model '${name}' in '${this.root}'; there is ${listed(name, all)}`,
    );
  }
}

const shownVersions = 12;

/** The newest first, because they are sought most. */
function listed(name: string, versions: readonly string[]): string {
  const shown = [...versions].reverse().slice(0, shownVersions);
  const rest = versions.length > shownVersions ? `, … (${versions.length} in all)` : "";
  return `${shown.map((version) => `'${name}:${version}'`).join(", ")}${rest}`;
}

function notFound(what: string): Exception {
  return new Exception("ModelNotFound", `${what}.`);
}

function alreadyExists(tag: Tag): Exception {
  return new Exception(
    "ModelExists",
    `model '${tag}' already exists and is never overwritten; delete it, or save under another version.`,
  );
}
