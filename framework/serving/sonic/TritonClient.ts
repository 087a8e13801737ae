/**
 * CMSSW's TritonClient: has a model of a Triton (or of our own server) computed over gRPC. The server is chosen by the
 * TritonService; what the model takes and gives is asked at beginStream, before the first event.
 */
import { Exception } from "../../base/errors.js";
import { LogInfo } from "../../base/log.js";
import { service } from "../../modules/PluginFactory.js";
import { optional, string, untracked } from "../../parameters/description.js";
import type { ParameterSet } from "../../parameters/ParameterSet.js";
import { showShape } from "../../tensorflow/Tensor.js";
import type { ModelInterface } from "./describeModel.js";
import { inferMulti } from "./inferMulti.js";
import { oneOf, type RetryType, SonicClient, sonicClientParameters } from "./SonicClient.js";
import { type BatchState, TritonInputData, TritonOutputData } from "./TritonData.js";
import { type Compression, compressions, fallbackName, type TritonServer, urlOf } from "./TritonServer.js";
import { TritonService } from "./TritonService.js";

const timeUnits = { seconds: 1000, milliseconds: 1, microseconds: 0.001 } as const;
type TimeUnit = keyof typeof timeUnits;

export const tritonClientParameters = {
  ...sonicClientParameters,
  modelName: string(),
  modelVersion: string("", { comment: "empty: the newest" }),
  // config.pbtxt in the model's folder, or a model (SavedModel, frozen graph, "model:NAME:VERSION"): what the fallback
  // server serves.
  modelConfigPath: optional.fileInPath(),
  preferredServer: untracked.string("", { comment: "name of a server of the TritonService" }),
  timeout: untracked.uint32(0, { comment: "of a call; 0: an hour" }),
  timeoutUnit: untracked.string("seconds", { comment: "seconds, milliseconds or microseconds" }),
  outputs: untracked.vstring([], { comment: "those wanted; empty: all" }),
  useSharedMemory: untracked.bool(false, { comment: "without effect: tensors go through gRPC" }),
  compression: untracked.string("none", { comment: "none, deflate or gzip" }),
};
export type TritonParameters = ParameterSet<typeof tritonClientParameters>;

/** Rectangular: all rows of one shape, in one request. Ragged: a request an entry, each of its own shape. */
export type TritonBatchMode = "Rectangular" | "Ragged";

/** By name. */
export type TritonInputMap = TritonMap<TritonInputData>;
export type TritonOutputMap = TritonMap<TritonOutputData>;

class TritonMap<T> extends Map<string, T> {
  /** @throws TritonDataError naming what there is */
  at(name: string): T {
    const found = this.get(name);
    if (found) return found;
    const what = `the model has no '${name}'; it has ${[...this.keys()].join(", ")}`;
    throw new Exception("TritonDataError", what);
  }
}

export class TritonClient extends SonicClient<TritonInputMap, TritonOutputMap> {
  readonly input: TritonInputMap = new TritonMap();
  readonly output: TritonOutputMap = new TritonMap();
  readonly modelName: string;
  readonly #version: string;
  readonly #preferred: string;
  readonly #outputs: readonly string[];
  readonly #timeoutMs: number;
  readonly #compression: Compression;
  readonly #service: TritonService;
  readonly #configPath: string | undefined;
  #batch: BatchState = { batchSize: 1, isRagged: false, entryCount: 1, hasOuterDim: true };
  #isManual = false;
  #model: ModelInterface | undefined;
  #server: TritonServer | undefined;
  /** The server's own description agrees with #model. */
  #isDescribed = false;
  /** Servers that failed in this call. */
  readonly #failed = new Set<string>();

  /** @throws Configuration and GrpcCompression for parameters out of range */
  constructor(pset: TritonParameters, moduleType: string) {
    super(pset, `${moduleType}:TritonClient`);
    this.modelName = pset.getParameter("modelName");
    this.#version = pset.getParameter("modelVersion");
    this.#preferred = pset.getUntrackedParameter("preferredServer");
    this.#outputs = pset.getUntrackedParameter("outputs");
    const unit = pset.getUntrackedParameter("timeoutUnit");
    const factor = timeUnits[oneOf(Object.keys(timeUnits) as TimeUnit[], unit, "Unknown timeout unit")];
    this.#timeoutMs = pset.getUntrackedParameter("timeout") * factor;
    this.#compression = oneOf(
      Object.keys(compressions) as Compression[],
      pset.getUntrackedParameter("compression"),
      "Unknown compression algorithm requested",
      "GrpcCompression",
    );
    this.#configPath = pset.getParameter("modelConfigPath");
    this.#service = service(TritonService);
    if (pset.getUntrackedParameter("useSharedMemory"))
      LogInfo(this.name, "useSharedMemory has no effect: tensors go through gRPC.");
  }

  /** Rows that the model takes at most; 0: it has no batch dimension. */
  get maxBatchSize(): number {
    return this.#model?.maxBatchSize ?? 0;
  }

  get batchMode(): TritonBatchMode {
    return this.#batch.isRagged ? "Ragged" : "Rectangular";
  }

  /** Stays for the events that follow. */
  setBatchMode(mode: TritonBatchMode): void {
    this.#isManual = true;
    this.#batch.isRagged = mode === "Ragged";
    this.#batch.entryCount = 1;
  }

  get batchSize(): number {
    return this.#batch.isRagged ? this.#batch.entryCount : this.#batch.batchSize;
  }

  /**
   * Rows of a rectangular batch, or entries of a ragged one; with 0 nothing is sent and the outputs are empty.
   * @throws TritonFailure beyond the model's maximum
   */
  setBatchSize(size: number): void {
    if (!Number.isInteger(size) || size < 0)
      throw new Exception("TritonFailure", `setBatchSize(): a batch size cannot be ${size}.`);
    if (this.#batch.isRagged) {
      this.#batch.entryCount = size;
      return;
    }
    const most = Math.max(1, this.maxBatchSize);
    if (size > most)
      throw new Exception(
        "TritonFailure",
        `setBatchSize(): Requested batch size ${size} exceeds server-specified max batch size ${most} of model '${this.modelName}'.`,
      );
    this.#batch.batchSize = size;
  }

  /** Makes the batch of this event ragged, with entries up to this one. */
  addEntry(entry: number): void {
    const { isRagged, entryCount } = this.#batch;
    this.#batch.isRagged = true;
    this.#batch.entryCount = Math.max(isRagged ? entryCount : 0, entry + 1);
  }

  override async connect(): Promise<void> {
    if (this.#isDescribed) return;
    await this.withRetries(() => this.#describe());
    this.#failed.clear();
  }

  override reset(): void {
    if (!this.#isManual) this.#batch.isRagged = false;
    this.#batch.batchSize = 1;
    this.#batch.entryCount = 1;
    for (const data of [...this.input.values(), ...this.output.values()]) data.reset();
  }

  protected override async evaluate(): Promise<void> {
    if (this.batchSize === 0) return;
    // A server that takes another's place is asked what it has, first.
    if (!this.#isDescribed) await this.#describe();
    const channel = await this.#channel();
    const request = { model_name: this.modelName, model_version: this.#version };
    await inferMulti(channel, request, this.#timeoutMs, this.#batch, this.input, this.output);
  }

  protected override async prepare(action: RetryType): Promise<boolean> {
    if (action === "RetrySameServerAction") return true;
    if (this.#server) this.#failed.add(this.#server.name);
    const next =
      action === "RetryActionDiffServer"
        ? await this.#service.otherServer(this.modelName, this.#version, this.#failed)
        : await this.#service.fallbackServer(this.modelName);
    if (!next) return false;
    this.#assign(next);
    return true;
  }

  protected override finished(clientMs: number, repetitions: number): void {
    this.#failed.clear();
    this.#service.count(this.modelName, clientMs, repetitions);
  }

  #assign(server: TritonServer): void {
    this.#server = server;
    this.#isDescribed = false;
    // As in CMSSW: it computes on the CPU that this job needs too.
    this.isSyncForced = server.name === fallbackName;
    LogInfo("TritonDiscovery", `${this.name} assigned server: ${urlOf(server)}`);
  }

  #channel() {
    const server = this.#server ?? this.#service.choose(this.modelName, this.#version, this.#preferred);
    if (!this.#server) this.#assign(server);
    return this.#service.channel(server, this.#compression);
  }

  async #describe(): Promise<void> {
    const { describeModel, sameInterface } = await import("./describeModel.js");
    const found = await describeModel(
      await this.#channel(),
      this.modelName,
      this.#version,
      this.#outputs,
      this.#configPath,
    );
    if (this.#model) sameInterface(this.#model, found, this.modelName);
    else this.#adopt(found);
    this.#isDescribed = true;
  }

  #adopt(model: ModelInterface): void {
    this.#model = model;
    const batch: BatchState = { ...this.#batch, hasOuterDim: model.maxBatchSize > 0 };
    this.#batch = batch;
    for (const { name, dtype, dims } of model.inputs)
      this.input.set(name, new TritonInputData(name, dtype, dims, batch));
    for (const { name, dtype, dims } of model.outputs)
      this.output.set(name, new TritonOutputData(name, dtype, dims, batch));
    if (this.verbose) LogInfo(this.name, this.#description(model));
  }

  #description({ inputs, outputs, maxBatchSize }: ModelInterface): string {
    const lines = (what: string, list: ModelInterface["inputs"]) => [
      `Model ${what}:`,
      ...list.map(({ name, dname, dims }) => `${name} (${dname}) : ${showShape(dims)}`),
    ];
    const version = this.#version || "latest";
    const model = `Model name: ${this.modelName}\nModel version: ${version}\nModel max outer dim: ${maxBatchSize}`;
    return [...lines("inputs", inputs), ...lines("outputs", outputs), model].join("\n");
  }
}
