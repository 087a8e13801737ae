/**
 * A model made ready to be called in this process (BentoML's Runner): a method for each signature, of a SavedModel or a
 * user's own class. `run` is immediate, `asyncRun` goes in batches with other calls where the method is batchable.
 */
import { basename } from "node:path";
import { suggestion } from "../../base/didYouMean.js";
import { Exception } from "../../base/errors.js";
import type { MethodBody } from "./MethodBody.js";
import {
  checkSignatures,
  type MethodOptions,
  type MethodSignature,
  type MethodSignatures,
} from "./methodSignatures.js";
import { ModelSource } from "./modelMethod.js";
import { type MethodSettings, RunnerMethod } from "./RunnerMethod.js";
import { checkOptions, type RunnerOptions, runnerName } from "./runnerOptions.js";
import { runnableMethod, type RunnableClass } from "./runnableMethod.js";

/** A SavedModel with the way its methods are called: a store's Model is one. */
export interface RunnableModel {
  readonly path: string;
  readonly signatures: Readonly<Record<string, MethodOptions>>;
  readonly tag?: { readonly name: string; readonly version?: string | undefined };
  /** What model.yaml says: options.partial_kwargs are arguments that are the same in every call. */
  readonly info?: { readonly options?: Readonly<Record<string, unknown>> };
}

export class Runner {
  readonly name: string;
  /** What it runs. */
  readonly model: RunnableModel | RunnableClass;
  readonly methodNames: readonly string[];
  readonly #options: RunnerOptions;
  readonly #signatures: MethodSignatures;
  #methods: ReadonlyMap<string, RunnerMethod> | undefined;

  /** @throws Configuration for options and names that are not allowed. Nothing is loaded before initLocal. */
  constructor(model: RunnableModel | RunnableClass, options: RunnerOptions = {}) {
    if (isClass(model) ? typeof model.methods !== "object" : typeof model?.path !== "string") throw noModel();
    this.model = model;
    this.#options = options;
    this.name = runnerName(options.name ?? defaultName(model));
    this.#signatures = isClass(model) ? {} : checkSignatures(model.signatures, `runner '${this.name}'`);
    this.methodNames = Object.keys(isClass(model) ? model.methods : this.#signatures);
    checkOptions(this.name, options, this.methodNames);
    for (const method of this.methodNames)
      if (!(method in this))
        Object.defineProperty(this, method, { get: () => this.method(method), enumerable: true });
  }

  /** The version of the model; "1" for what has none. */
  get version(): string {
    return (isClass(this.model) ? undefined : this.model.tag?.version) ?? "1";
  }

  get isInitialized(): boolean {
    return this.#methods !== undefined;
  }

  /**
   * Loads the model into this process.
   * @throws StateException when it is loaded; InvalidMetaGraphDef, InvalidSession, NotFound for a method it does not have
   */
  initLocal(): this {
    if (this.#methods)
      throw new Exception("StateException", `runner '${this.name}': Runner already initialized.`);
    const open = this.#opener();
    this.#methods = new Map(this.methodNames.map((method) => [method, this.#open(method, open)]));
    return this;
  }

  /** The method of that name. @throws StateException before initLocal; NotFound naming those there are */
  method(name: string): RunnerMethod {
    if (!this.#methods)
      throw new Exception(
        "StateException",
        `runner '${this.name}' is not initialized: call initLocal() first.`,
      );
    const method = this.#methods.get(name);
    if (method) return method;
    throw new Exception(
      "NotFound",
      `runner '${this.name}' has no method '${name}'${suggestion(name, this.methodNames)}`,
    );
  }

  /** The only method, or __call__. @throws StateException; NotFound where neither is there */
  get mainMethod(): RunnerMethod {
    return this.method(this.methodNames.length === 1 ? (this.methodNames[0] as string) : "__call__");
  }

  /** As RunnerMethod.run, of the only method or __call__. */
  get run(): RunnerMethod["run"] {
    const method = this.mainMethod;
    return method.run.bind(method) as RunnerMethod["run"];
  }

  get asyncRun(): RunnerMethod["asyncRun"] {
    const method = this.mainMethod;
    return method.asyncRun.bind(method) as RunnerMethod["asyncRun"];
  }

  /** Answers what has been accepted, refuses more, and releases the model; initLocal loads it again. */
  async close(): Promise<void> {
    const methods = this.#methods;
    await Promise.all([...(methods?.values() ?? [])].map((method) => method.close()));
    this.#methods = undefined;
  }

  /** Those of the model, unless the runner is given others for them. */
  #partialKwargs(method: string): Readonly<Record<string, unknown>> {
    const { model } = this;
    const saved = isClass(model) ? undefined : model.info?.options?.partial_kwargs;
    const ofMethod = (saved as RunnerOptions["partialKwargs"])?.[method];
    return { ...ofMethod, ...this.#options.partialKwargs?.[method] };
  }

  #opener(): (method: string) => MethodBody {
    const { model } = this;
    if (isClass(model)) {
      const instance: { close?: () => void | Promise<void> } = new model();
      let left = this.methodNames.length;
      const close = () => (--left === 0 ? instance.close?.() : undefined);
      return (method) => runnableMethod(instance, model, method, close);
    }
    const source = new ModelSource(model.path);
    return (method) =>
      source.method(
        method,
        this.#signatures[method] as MethodSignature,
        this.#options.inference ?? {},
        new Set(Object.keys(this.#partialKwargs(method))),
      );
  }

  #open(method: string, open: (method: string) => MethodBody): RunnerMethod {
    const { maxBatchSize = 100, maxLatencyMs = 0, maxQueuedRows, methodConfigs } = this.#options;
    const settings: MethodSettings = {
      maxBatchSize,
      maxLatencyMs,
      maxQueuedRows,
      ...methodConfigs?.[method],
      partialKwargs: this.#partialKwargs(method),
    };
    try {
      return new RunnerMethod(method, open(method), settings);
    } catch (error) {
      throw Exception.from(error).addContext(`Initializing method '${method}' of runner '${this.name}'`);
    }
  }
}

/** A runner whose methods TypeScript knows: `createRunner<"predict">(…).predict.run(…)`. @throws as Runner's constructor */
export function createRunner<Method extends string>(
  model: RunnableModel & { readonly signatures: Readonly<Partial<Record<Method, MethodOptions>>> },
  options?: RunnerOptions,
): Runner & { readonly [M in Method]: RunnerMethod };
export function createRunner<Class extends RunnableClass>(
  model: Class,
  options?: RunnerOptions,
): Runner & { readonly [M in keyof Class["methods"]]: RunnerMethod };
export function createRunner(model: RunnableModel | RunnableClass, options?: RunnerOptions): Runner {
  return new Runner(model, options);
}

function noModel(): Exception {
  return new Exception(
    "Configuration",
    "a runner is of a model, models.get(TAG) or {path, signatures}, or of a class with static methods = {NAME: {batchable}}.",
  );
}

function isClass(model: RunnableModel | RunnableClass): model is RunnableClass {
  return typeof model === "function";
}

function defaultName(model: RunnableModel | RunnableClass): string {
  return isClass(model) ? model.name.toLowerCase() : (model.tag?.name ?? basename(model.path));
}
