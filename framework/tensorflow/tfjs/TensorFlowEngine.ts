/**
 * TensorFlow itself, through tfjs-node's addon: every op, the numbers of the training side. A graph is wrapped into a
 * SavedModel without variables, which is what the addon loads.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Exception } from "../../base/errors.js";
import { withNativeLock } from "../../base/nativeLock.js";
import type { DType } from "../dtypes.js";
import type { Engine, LoadedModel, Runner } from "../engines.js";
import type { GraphDef } from "../GraphDef.js";
import { GraphIndex } from "../GraphIndex.js";
import type { ResolvedOptions } from "../Options.js";
import { shareModel } from "../reference/shareTensors.js";
import { type Adapters, adaptGraph, isPlainPlaceholder } from "./adaptGraph.js";
import { chooseThreads, loadAddon, missingAddon, tensorFlowVersion } from "./addon.js";
import { encodeSavedModel, servingTag } from "../proto/encodeGraph.js";
import { TensorFlowRunner } from "./TensorFlowRunner.js";
import { entersAsItself } from "./transport.js";

interface SharedGraph {
  readonly graph: GraphDef;
}

export class TensorFlowEngine implements Engine {
  readonly name = "tensorflow";

  get description(): string | undefined {
    const version = tensorFlowVersion();
    return version === undefined ? undefined : `tensorflow (TensorFlow ${version})`;
  }

  unavailable(): string | undefined {
    return missingAddon();
  }

  /** TensorFlow sees the graph when the first runner is made, in the thread that runs it. */
  load(index: GraphIndex, { threads }: ResolvedOptions): LoadedModel {
    chooseThreads(threads);
    return new TensorFlowModel(index);
  }

  fromShared({ graph }: SharedGraph): LoadedModel {
    return new TensorFlowModel(new GraphIndex(graph));
  }
}

/** A TensorFlow session, used by the runners of one thread that need the same adapters. */
export interface OpenSession {
  readonly key: string;
  readonly id: number;
  readonly adapters: Adapters;
  users: number;
}

/** The TensorFlow sessions of one graph in one thread: one for all streams, unless a call needs further adapters. */
export class TensorFlowModel implements LoadedModel {
  readonly engine = "tensorflow";
  readonly #sessions = new Map<string, OpenSession>();
  #shared: SharedGraph | undefined;

  constructor(readonly index: GraphIndex) {}

  toShared(): SharedGraph {
    this.#shared ??= { graph: shareModel(this.index.graph, new Map()).graph };
    return this.#shared;
  }

  createRunner(): Runner {
    return new TensorFlowRunner(this);
  }

  /** Every placeholder, so that one session serves all calls that feed placeholders only. */
  get placeholderAdapters(): Map<string, DType> {
    const feeds = new Map<string, DType>();
    for (const { name, dtype } of this.index.placeholders) {
      const isPlain = isPlainPlaceholder(this.index.node(name)?.op ?? "");
      if (isPlain && dtype !== undefined && !entersAsItself(dtype)) feeds.set(`${name}:0`, dtype);
    }
    return feeds;
  }

  /** A session with these adapters; give it back with `release`. @throws InvalidSession when TensorFlow refuses it */
  acquire(adapters: Adapters): OpenSession {
    const key = JSON.stringify([[...adapters.feeds], [...adapters.fetches]]);
    const session = this.#sessions.get(key) ?? { key, id: this.#open(adapters), adapters, users: 0 };
    session.users++;
    this.#sessions.set(key, session);
    return session;
  }

  release(session: OpenSession): void {
    if (--session.users > 0) return;
    this.#sessions.delete(session.key);
    const addon = loadAddon();
    withNativeLock(() => addon.deleteSavedModel(session.id));
  }

  #open(adapters: Adapters): number {
    const addon = loadAddon();
    const directory = mkdtempSync(join(tmpdir(), "cmsrun-tensorflow-"));
    try {
      writeFileSync(
        join(directory, "saved_model.pb"),
        encodeSavedModel(adaptGraph(this.index.graph, adapters)),
      );
      return withNativeLock(() => addon.loadSavedModel(directory, servingTag));
    } catch (error) {
      throw refusal(this.index.graph, (error as Error).message);
    } finally {
      rmSync(directory, { recursive: true });
    }
  }
}

/** TensorFlow names an unknown op, but not the nodes that have it. */
function refusal({ nodes, origin }: GraphDef, message: string): Exception {
  const why = message.replace(/^Failed to load SavedModel: /, "").split("\n")[0];
  const op = /Op type not registered '(\w+)'/.exec(message)?.[1];
  const names = nodes.filter((node) => node.op === op).map(({ name }) => `'${name}'`);
  const what = names.length > 0 ? `it does not have the op ${op} (${names.join(", ")}) of '${origin}'` : why;
  return new Exception(
    "InvalidSession",
    `error while attaching graphDef to session: engine 'tensorflow': ${what}.`,
  );
}
