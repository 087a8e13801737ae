/**
 * "model:NAME:VERSION" in place of a model's path: who keeps models registers itself here, and everything that reads a
 * model asks here first. Where the models are kept is known here too, for jobs, tools and scripts alike.
 */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { Exception } from "./errors.js";

/** Those who keep models. */
export interface ModelResolver {
  /** The folder of the model that a tag names. @throws InvalidTag, ModelNotFound */
  pathOf(tag: string): string;
  /** The whole tag of the model that lies in this folder; undefined for any other folder. */
  tagOf(path: string): string | undefined;
}

const scheme = "model:";
let resolver: ModelResolver | undefined;
let root: string | undefined;
let pins: Readonly<Record<string, string>> = {};

export function registerModelResolver(models: ModelResolver): void {
  resolver = models;
}

/** For this thread, whatever the environment says; undefined for what it says. */
export function setModelStoreRoot(directory: string | undefined): void {
  root = directory;
}

/** What was set, CMSRUN_MODEL_STORE, or ~/.cmsrun/models. */
export function modelStoreRoot(): string {
  return root || resolve(process.env.CMSRUN_MODEL_STORE || join(homedir(), ".cmsrun", "models"));
}

/** What these references mean from now on, whatever is saved meanwhile: a job has one model under one name. */
export function pinModels(paths: Readonly<Record<string, string>>): void {
  pins = paths;
}

export function pinnedModels(): Readonly<Record<string, string>> {
  return pins;
}

export function isModelReference(path: string): boolean {
  return path.startsWith(scheme);
}

/** The folder that "model:NAME:VERSION" means; any other path as it is. @throws InvalidTag, ModelNotFound */
export function resolveModelPath(path: string): string {
  if (!isModelReference(path)) return path;
  const pinned = Object.hasOwn(pins, path) ? pins[path] : undefined;
  if (pinned !== undefined) return pinned;
  if (resolver) return resolver.pathOf(path.slice(scheme.length));
  throw new Exception(
    "ModelNotFound",
    `'${path}': there is no model store in this program; import "cmsrun", or give the model's path.`,
  );
}

/** The tag of a model that lies in the store. */
export function modelTagOf(path: string): string | undefined {
  return resolver?.tagOf(path);
}
