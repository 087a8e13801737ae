/** Runs a TensorFlow session for one stream: tensors in, run, tensors out, with the adapters that their types need. */
import { Exception } from "../../base/errors.js";
import { type DType, dtypeFromNumber } from "../dtypes.js";
import type { Executable, Runner } from "../engines.js";
import { invalidRun } from "../feeds.js";
import { type TensorName, tensorKey } from "../names.js";
import type { TensorLike } from "../Tensor.js";
import { fedName, fetchedName } from "./adaptGraph.js";
import { type Addon, loadAddon, type OutputInfo } from "./addon.js";
import type { OpenSession, TensorFlowModel } from "./TensorFlowEngine.js";
import {
  arrivedData,
  carrierData,
  carrierNumber,
  carrierShape,
  emptyString,
  emptyStringName,
  entersAsItself,
  leavesAsItself,
} from "./transport.js";

export class TensorFlowRunner implements Runner {
  /** TensorFlow's own allocator holds the working memory and does not tell how much. */
  readonly arenaBytes = 0;
  readonly #model: TensorFlowModel;
  readonly #session: OpenSession;
  readonly #calls: TensorFlowCall[] = [];

  constructor(model: TensorFlowModel) {
    this.#model = model;
    this.#session = model.acquire({ feeds: model.placeholderAdapters, fetches: new Map() });
  }

  prepare(feeds: readonly TensorName[], fetches: readonly TensorName[]): Executable {
    const call = new TensorFlowCall(this.#model, feeds, fetches);
    this.#calls.push(call);
    return call;
  }

  close(): void {
    for (const call of this.#calls.splice(0)) call.close();
    this.#model.release(this.#session);
  }
}

/** Names and types as the last run had them: they are worked out again only when a tensor of another type comes. */
class TensorFlowCall implements Executable {
  readonly #addon: Addon = loadAddon();
  readonly #model: TensorFlowModel;
  readonly #feeds: readonly TensorName[];
  /** The fetches that are not fed themselves, and where each fetch comes from: a result or (negative) a feed. */
  readonly #fetches: TensorName[] = [];
  readonly #sources: readonly number[];
  /** Types the addon does not carry, found when an output of such a type first arrived. */
  readonly #fetchTypes = new Map<string, DType>();
  /** The outputs' types, and the DataType numbers under which they arrived. */
  #types: DType[] = [];
  #numbers: number[] = [];
  #isClosed = false;
  #joinsStrings = false;
  #session: OpenSession | undefined;
  #feedTypes: DType[] = [];
  #feedNames = "";
  #fetchNames = "";
  readonly #ids: number[] = [];
  readonly #arrived: TensorLike[] = [];
  readonly #results: TensorLike[] = [];

  constructor(model: TensorFlowModel, feeds: readonly TensorName[], fetches: readonly TensorName[]) {
    this.#model = model;
    this.#feeds = feeds;
    const fed = feeds.map(tensorKey);
    this.#sources = fetches.map((fetch) => {
      const feed = fed.indexOf(tensorKey(fetch));
      return feed >= 0 ? -1 - feed : this.#fetches.push(fetch) - 1;
    });
  }

  run(feeds: readonly TensorLike[]): readonly TensorLike[] {
    if (this.#isClosed)
      throw new Exception("InvalidSession", "cannot run empty session: it has been closed.");
    if (!this.#session || this.#isRetyped(feeds)) this.#open(feeds);
    if (this.#fetches.length > 0) {
      const outputs = this.#compute(feeds);
      this.#collect(this.#needsAdapters(outputs) ? this.#computeAgain(feeds, outputs) : outputs);
    }
    for (let i = 0; i < this.#sources.length; i++) {
      const source = this.#sources[i] as number;
      this.#results[i] = (source < 0 ? feeds[-1 - source] : this.#arrived[source]) as TensorLike;
    }
    return this.#results;
  }

  close(): void {
    this.#isClosed = true;
    if (this.#session) this.#model.release(this.#session);
  }

  #isRetyped(feeds: readonly TensorLike[]): boolean {
    for (let i = 0; i < feeds.length; i++) if (feeds[i]?.dtype !== this.#feedTypes[i]) return true;
    return false;
  }

  /** The session for the types of these feeds and of the outputs known so far. */
  #open(feeds: readonly TensorLike[]): void {
    const fed = this.#model.placeholderAdapters;
    for (const [i, name] of this.#feeds.entries()) {
      const { dtype } = feeds[i] as TensorLike;
      if (entersAsItself(dtype)) fed.delete(tensorKey(name));
      else fed.set(tensorKey(name), dtype);
    }
    const adapters = { feeds: fed, fetches: this.#fetchTypes };
    const session = this.#model.acquire({ feeds: fed, fetches: new Map(this.#fetchTypes) });
    if (this.#session) this.#model.release(this.#session);
    this.#session = session;
    this.#feedTypes = feeds.map(({ dtype }) => dtype);
    const names = this.#feeds.map((name) => fedName(name, adapters));
    this.#joinsStrings = [...this.#fetchTypes.values()].includes("string");
    this.#feedNames = (this.#joinsStrings ? [...names, `${emptyStringName}:0`] : names).join(",");
    this.#fetchNames = this.#fetches.map((name) => fetchedName(name, adapters)).join(",");
  }

  #compute(feeds: readonly TensorLike[]): OutputInfo[] {
    const ids = this.#ids;
    ids.length = 0;
    try {
      for (let i = 0; i < feeds.length; i++) ids.push(this.#create(feeds[i] as TensorLike));
      if (this.#joinsStrings) ids.push(this.#create(emptyString));
      const session = this.#session as OpenSession;
      return this.#addon.runSavedModel(session.id, ids, this.#feedNames, this.#fetchNames);
    } catch (error) {
      throw failedRun((error as Error).message);
    } finally {
      for (let i = 0; i < ids.length; i++) this.#addon.deleteTensor(ids[i] as number);
    }
  }

  #create(feed: TensorLike): number {
    return this.#addon.createTensor(carrierShape(feed), carrierNumber(feed.dtype), carrierData(feed));
  }

  /** Notes the outputs' types; true when one of them has to come another way. */
  #needsAdapters(outputs: readonly OutputInfo[]): boolean {
    let isKnown = true;
    for (let i = 0; i < outputs.length; i++) if (outputs[i]?.dtype !== this.#numbers[i]) isKnown = false;
    if (isKnown) return false;
    this.#numbers = outputs.map(({ dtype }) => dtype);
    const adapted = this.#fetchTypes.size;
    this.#types = this.#numbers.map((number, i) => {
      const key = tensorKey(this.#fetches[i] as TensorName);
      const dtype = this.#fetchTypes.get(key) ?? dtypeFromNumber(number);
      if (dtype === undefined) {
        this.#discard(outputs);
        throw invalidRun(`output '${key}' is of element type number ${number}, which is not supported`);
      }
      if (!leavesAsItself(dtype)) this.#fetchTypes.set(key, dtype);
      return dtype;
    });
    return this.#fetchTypes.size > adapted;
  }

  #computeAgain(feeds: readonly TensorLike[], outputs: readonly OutputInfo[]): OutputInfo[] {
    // Not the strings: deleting a fetched string tensor empties it, and it may be a constant of the graph.
    this.#discard(outputs.filter(({ dtype }) => dtypeFromNumber(dtype) !== "string"));
    this.#open(feeds);
    const again = this.#compute(feeds);
    this.#numbers = again.map(({ dtype }) => dtype);
    return again;
  }

  #collect(outputs: readonly OutputInfo[]): void {
    try {
      for (let i = 0; i < outputs.length; i++) {
        const { id, shape } = outputs[i] as OutputInfo;
        const dtype = this.#types[i] as DType;
        this.#arrived[i] = { dtype, shape, data: arrivedData(dtype, this.#addon.tensorDataSync(id)) };
      }
    } finally {
      this.#discard(outputs);
    }
  }

  #discard(outputs: readonly OutputInfo[]): void {
    for (let i = 0; i < outputs.length; i++) this.#addon.deleteTensor((outputs[i] as OutputInfo).id);
  }
}

/** "Session fail to run with error: …\n\t [[{{node NAME}}]]" and more lines of the same. */
function failedRun(message: string): Exception {
  const what = message
    .replace(/^Session fail to run with error: /, "")
    .split("\n")[0]
    ?.replace(/\.$/, "");
  const node = /\{\{node ([^}]+)\}\}/.exec(message)?.[1];
  return invalidRun(`TensorFlow: ${node === undefined ? "" : `node '${node}': `}${what}`);
}
