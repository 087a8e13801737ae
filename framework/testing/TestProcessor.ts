/**
 * CMSSW's TestProcessor: one module in a job of its own, in this process, fed event by event by a test. The job is a
 * real one (EventProcessor, one thread, one stream), so that parameters, transitions and errors are those of cmsrun.
 */
import { join } from "node:path";
import { suggestion } from "../base/didYouMean.js";
import { Exception } from "../base/errors.js";
import { type LogMessage, setLogSink } from "../base/log.js";
import { cms } from "../config/cms.js";
import { Component, type ComponentKind } from "../config/components.js";
import { describeProcess } from "../config/ProcessDescription.js";
import { Process } from "../config/Process.js";
import type { EDAnalyzers, EDFilters, EDProducers } from "../config/registries.js";
import type { EventID } from "../data/EventID.js";
import type { ProductType } from "../data/ProductType.js";
import { EventProcessor } from "../engine/EventProcessor.js";
import { definedPlugin, type PluginClass } from "../modules/PluginFactory.js";
import { ownPackageRoot, PluginManager } from "../modules/PluginManager.js";
import type { ParametersOf } from "../parameters/description.js";
import { setSearchPath } from "../parameters/fileInPath.js";
import type { InputTag } from "../parameters/InputTag.js";
import { TestExchange } from "./TestExchange.js";
import { exchanges, pathName, productKey, putKey } from "./testModules.js";

type Modules = EDProducers & EDFilters & EDAnalyzers;
type ModuleClass = {
  new (...args: never[]): object;
  readonly name: string;
  readonly kind: string;
  readonly description: object;
};
/** The parameters as in a config; none need be given when all have defaults. */
type Given<D> =
  Record<never, never> extends ParametersOf<D>
    ? [parameters?: ParametersOf<D>]
    : [parameters: ParametersOf<D>];
type DescriptionOf<C> = C extends { readonly description: infer D } ? D : never;

/** A product for the module to read, under the InputTag ("label", "label:instance" …) by which it asks for it. */
export type TestProduct<T> = readonly [type: ProductType<T>, tag: string | InputTag, product: NoInfer<T>];

const label = "moduleUnderTest";
const packageRoot = ownPackageRoot(import.meta.url);

export class TestProcessor {
  /** Everything logged since create(), the module's own messages among it. */
  readonly messages: LogMessage[] = [];
  readonly #type: string;
  readonly #exchange: TestExchange;
  readonly #processor: EventProcessor;
  #running: Promise<unknown> = Promise.resolve();
  #failure: Exception | undefined;
  #isOver = false;
  #last: EventID = { run: 1, luminosityBlock: 1, event: 0 };

  private constructor(type: string, exchange: TestExchange, processor: EventProcessor) {
    this.#type = type;
    this.#exchange = exchange;
    this.#processor = processor;
  }

  /**
   * Makes the module and runs beginJob and beginStream. Give the plugin's class (or its name: it is then looked for in
   * plugins/ of the working directory and among the shipped ones) and its parameters as in a config.
   * @throws what cmsrun reports: Configuration, PluginNotFound, or whatever the module's constructor throws.
   */
  static async create<C extends ModuleClass>(
    plugin: C,
    ...given: Given<C["description"]>
  ): Promise<TestProcessor>;
  static async create<N extends keyof Modules>(
    plugin: N,
    ...given: Given<DescriptionOf<Modules[N]>>
  ): Promise<TestProcessor>;
  static async create(plugin: ModuleClass | string, parameters: object = {}): Promise<TestProcessor> {
    setSearchPath([process.cwd(), packageRoot]);
    const plugins = newPluginManager();
    const name = typeof plugin === "string" ? plugin : plugin.name;
    const { kind } =
      typeof plugin === "string" ? await plugins.load(name, "TestProcessor", () => "") : defined(plugin);
    const exchange = new TestExchange();
    const description = describeProcess(
      testProcess(name, kindOf(name, kind), parameters, exchange.number),
      "TestProcessor",
    );
    const threadEntry = new URL("./threadEntry.js", import.meta.url);
    const processor = new EventProcessor(description, {
      plugins,
      threadEntry,
      release: () => Promise.resolve("test"),
      threads: 1,
      streams: 1,
    });
    const test = new TestProcessor(name, exchange, processor);
    await test.#begin();
    return test;
  }

  async #begin(): Promise<void> {
    setLogSink((message) => this.messages.push(message));
    try {
      await this.#processor.construct();
      await this.#processor.beginJob();
    } catch (error) {
      exchanges.delete(this.#exchange.number);
      await this.#processor.abandon();
      throw error;
    }
    const isStopped = () => Atomics.load(this.#processor.control, 0) !== 0;
    this.#exchange.start(isStopped);
    this.#running = this.#processor.runToCompletion().catch((error: unknown) => {
      this.#failure = Exception.from(error);
      this.#exchange.fail(this.#failure);
    });
  }

  /**
   * Runs the module on one event. Without an id it is the next event of the last one's luminosity block (run 1, lumi 1
   * at first); another run or luminosity block ends the one before and begins a new one.
   * @throws what the module throws, with CMSSW's context lines; as in a job, no event can follow.
   */
  async event<T extends readonly unknown[] = []>(
    products: { readonly [K in keyof T]: TestProduct<T[K]> } = [] as never,
    wantedId: Partial<EventID> = {},
  ): Promise<TestEvent> {
    if (this.#failure || this.#isOver) throw this.#jobIsOver();
    setLogSink((message) => this.messages.push(message));
    const { run, luminosityBlock, event } = this.#last;
    const id = { run, luminosityBlock, event: event + 1, ...wantedId };
    this.#last = id;
    const given = new Map(
      (products as readonly TestProduct<unknown>[]).map(([type, tag, product]) => [
        this.#key(type, tag),
        product,
      ]),
    );
    const { passed, put } = await this.#exchange.give({ id, products: given });
    return new TestEvent(this.#type, id, passed, put);
  }

  /** The last transitions: end of luminosity block, run, stream and job. @throws what a transition throws. */
  async endJob(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    setLogSink((message) => this.messages.push(message));
    const reported = this.#failure;
    this.#exchange.end();
    await this.#running;
    exchanges.delete(this.#exchange.number);
    await this.#processor.endJob();
    if (this.#failure && this.#failure !== reported) throw this.#failure;
  }

  #key(type: ProductType<unknown>, tag: string | InputTag): string {
    const key = productKey(type.name, cms.InputTag(tag).value);
    const { consumed } = this.#exchange;
    if (consumed.has(key)) return key;
    throw new Exception(
      "Configuration",
      `TestProcessor: ${this.#type} does not consume '${key}'${suggestion(key, consumed)}`,
    );
  }

  #jobIsOver(): Exception {
    const why = this.#failure
      ? `an event has failed (${this.#failure.category}: ${this.#failure.message})`
      : "endJob() was called";
    return new Exception(
      "LogicError",
      `TestProcessor: the job of ${this.#type} is over: ${why}; make a new TestProcessor.`,
    );
  }
}

/** What the module made of one event. */
export class TestEvent {
  readonly #type: string;
  readonly #put: ReadonlyMap<string, unknown>;

  constructor(
    type: string,
    readonly id: EventID,
    /** Whether a filter let the event pass; true for producers and analyzers. */
    readonly modulePassed: boolean,
    put: ReadonlyMap<string, unknown>,
  ) {
    this.#type = type;
    this.#put = put;
  }

  /** The product that the module put. @throws ProductNotFound naming what it did put. */
  get<T>(type: ProductType<T>, instance = ""): T {
    const key = putKey(type.name, instance);
    if (this.#put.has(key)) return this.#put.get(key) as T;
    const all = [...this.#put.keys()].map((k) => `'${k}'`).join(", ") || "nothing";
    throw new Exception(
      "ProductNotFound",
      `TestProcessor: ${this.#type} put no '${key}' into event ${this.id.event}; it put ${all}.`,
    );
  }
}

function newPluginManager(): PluginManager {
  const modules = join(process.cwd(), "node_modules");
  return new PluginManager({
    searchPath: [join(process.cwd(), "plugins")],
    packageRoot,
    frameworkFile: join(packageRoot, "dist", "index.js"),
    cacheDirectory: join(modules, ".cache", "cmsrun"),
  });
}

function defined(plugin: ModuleClass): ModuleClass {
  const { name } = plugin;
  if (definedPlugin(name) === (plugin as unknown as PluginClass)) return plugin;
  throw new Exception(
    "PluginNotFound",
    `TestProcessor: class ${name} is no plugin; write @DEFINE_FWK_MODULE("${name}") before it.`,
  );
}

function kindOf(name: string, kind: string): ComponentKind {
  if (kind === "EDProducer" || kind === "EDFilter" || kind === "EDAnalyzer") return kind;
  throw new Exception(
    "Configuration",
    `TestProcessor: plugin '${name}' is a ${kind}; give an EDProducer, EDFilter or EDAnalyzer.`,
  );
}

function testProcess(type: string, kind: ComponentKind, parameters: object, exchangeNumber: number): Process {
  const exchange = cms.untracked.int32(exchangeNumber);
  const testProcess = new Process("TEST");
  // No line an event among the module's messages.
  testProcess.MessageLogger.cerr.FwkReport.limit = 0;
  testProcess.source = new Component("Source", "TestSource", { exchange });
  testProcess.putProbe = new Component("EDAnalyzer", "TestPutProbe", { exchange });
  testProcess[label] = new Component(kind, type, parameters);
  testProcess.endProbe = new Component("EDAnalyzer", "TestEndProbe", { exchange });
  testProcess[pathName] = cms.Path(testProcess.putProbe, testProcess[label]);
  testProcess.e = cms.EndPath(testProcess.endProbe);
  return testProcess;
}
