/**
 * One model for all streams of a job: what a plugin's initializeGlobalCache returns. The weights lie once in shared
 * memory, whatever the number of threads; each stream has a session with working memory of its own.
 */
import { resolve } from "node:path";
import { Exception } from "../base/errors.js";
import { resolveModelPath } from "../base/modelPath.js";
import { registerSharedForm, type Shareable } from "../base/sharedForm.js";
import { findEngine, type LoadedModel } from "./engines.js";
import type { GraphDef } from "./GraphDef.js";
import { loadGraph, type ModelOptions } from "./savedmodel/SavedModel.js";
import { loadModel, Session } from "./Session.js";

/** Plain data, its weights in shared memory. */
export interface SharedCache {
  readonly path: string;
  readonly engine: string;
  readonly model: unknown;
}

export class SessionCache implements Shareable {
  /** The key of its shared form, the same in every thread: a bundler may rename the class itself. */
  static readonly name = "SessionCache";
  readonly path: string;
  #model: LoadedModel | null;
  #sessions: Session[] = [];

  /**
   * Loads a frozen graph (.pb, .pb.txt), a SavedModel's directory, or "model:NAME:VERSION" from the store.
   * @param graph what loadGraph gave for the path, where it has been read already
   * @throws InvalidGraphDef, InvalidMetaGraphDef, InvalidSession
   */
  constructor(path: string, options?: ModelOptions, graph?: GraphDef);
  /** A model that is in memory already; `path` is what messages call it. */
  constructor(path: string, model: LoadedModel);
  constructor(path: string, modelOrOptions: LoadedModel | ModelOptions = {}, graph?: GraphDef) {
    this.path = path;
    if ("createRunner" in modelOrOptions) {
      this.#model = modelOrOptions;
      return;
    }
    // Rebuilt from its shared form, so that this thread too reads the one shared copy of the weights.
    const { tag, signature } = modelOrOptions;
    const options = { ...(tag !== undefined && { tag }), ...(signature !== undefined && { signature }) };
    const file = resolveModelPath(path);
    const source = { path: resolve(file), options };
    const loaded = loadModel(graph ?? loadGraph(file, options), modelOrOptions, source);
    this.#model = findEngine(loaded.engine).fromShared(loaded.toShared() as never);
  }

  /** The graph, or null once closed. The compiled engine gives it without its large constants. */
  get graph(): GraphDef | null {
    return this.#model?.index.graph ?? null;
  }

  /** The session of stream 0 if it has been asked for, or null; null once closed. */
  get session(): Session | null {
    return this.#sessions[0] ?? null;
  }

  /** A further session on the shared weights, owned by the caller. @throws InvalidSession once closed */
  createSession(): Session {
    if (this.#model) return new Session(this.#model);
    throw new Exception(
      "InvalidSession",
      `cannot run empty session: the cache of '${this.path}' has been closed.`,
    );
  }

  /** The session of a stream: the same one at every call. @throws InvalidSession once closed */
  getSession(streamIndex = 0): Session {
    const known = this.#sessions[streamIndex];
    if (known) return known;
    const session = this.createSession();
    this.#sessions[streamIndex] = session;
    return session;
  }

  /** Closes all sessions and releases the model: for globalEndJob. */
  closeSession(): void {
    for (const session of this.#sessions) session?.close();
    this.#sessions = [];
    this.#model = null;
  }

  toShared(): SharedCache {
    if (!this.#model) throw new Exception("InvalidSession", `the cache of '${this.path}' has been closed.`);
    return { path: this.path, engine: this.#model.engine, model: this.#model.toShared() };
  }

  static fromShared(shared: SharedCache): SessionCache {
    return new SessionCache(shared.path, findEngine(shared.engine).fromShared(shared.model as never));
  }
}

registerSharedForm(SessionCache);
