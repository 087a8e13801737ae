/**
 * A service: named functions that are answered over HTTP, and the runners they call. A config makes one and exports it,
 * `edmServe` serves it.
 */
import { suggestion } from "../../base/didYouMean.js";
import { Exception } from "../../base/errors.js";
import type { IODescriptor } from "./IODescriptor.js";
import { jsonDescriptor } from "./jsonDescriptor.js";

/** What a function is told beside its input. */
export interface ApiContext {
  /** The client's X-Request-ID, or one made for it. */
  readonly requestId: string;
  /** Of performance.now(): nobody waits for an answer after it. */
  readonly deadlineMs: number;
}

/** JavaScript's own JSON object stands for io.JSON(). */
export type Descriptor<T> = IODescriptor<T> | typeof globalThis.JSON;
// biome-ignore lint/suspicious/noExplicitAny: a descriptor takes and gives its T, so only `any` allows all of them
type AnyDescriptor = Descriptor<any>;
/** JSON that no schema describes is what JSON.parse gives. */
type Input<D> = D extends IODescriptor<infer T> ? T : ReturnType<typeof globalThis.JSON.parse>;
type Output<D> = D extends IODescriptor<infer T> ? T : unknown;

export interface ApiOptions<I, O> {
  readonly input: I;
  readonly output: O;
  /** For the documentation. */
  readonly doc?: string;
}

/** One function that is served. */
export interface Api {
  readonly name: string;
  readonly input: IODescriptor<unknown>;
  readonly output: IODescriptor<unknown>;
  readonly doc: string | undefined;
  readonly call: (input: unknown, context: ApiContext) => unknown;
}

/** What a service needs to know of a runner; whoever starts the service knows more. */
export interface NamedRunner {
  readonly name: string;
}

export interface ServiceOptions<R extends NamedRunner = NamedRunner> {
  readonly name: string;
  /** The models that its functions call; they are loaded and warm before the first request comes. */
  readonly runners?: readonly R[];
  /** For the documentation. */
  readonly doc?: string;
}

/** Paths that a server has itself. */
const reserved = ["livez", "healthz", "readyz", "metrics", "docs.json", "static", "json", "yaml", "v2"];
const namePattern = /^[A-Za-z0-9]([-._A-Za-z0-9]{0,61}[A-Za-z0-9])?$/;
const serviceOptions = ["name", "runners", "doc"];
const apiOptions = ["input", "output", "doc"];
const descriptorNames = "JSON, io.JSON({…}), io.NumpyNdarray({…}), io.Text(), io.File() or io.Image()";

export class Service<R extends NamedRunner = NamedRunner> {
  readonly name: string;
  readonly doc: string | undefined;
  readonly runners: readonly R[];
  readonly #apis = new Map<string, Api>();

  /** @throws Configuration for an unknown option, a name that cannot be one, and two runners of one name */
  constructor(options: ServiceOptions<R>) {
    const { name, runners = [], doc } = options;
    checkName("a service", name);
    checkOptions(`service '${name}'`, options, serviceOptions);
    const names = runners.map((runner) => runner.name.toLowerCase());
    const twice = names.find((runner, i) => names.indexOf(runner) !== i);
    if (twice !== undefined)
      throw new Exception(
        "Configuration",
        `service '${name}': two of its runners are named '${twice}'; give one another name: toRunner({ name: "…" }).`,
      );
    this.name = name;
    this.runners = [...runners];
    this.doc = doc;
  }

  /** In the order they were added. */
  get apis(): readonly Api[] {
    return [...this.#apis.values()];
  }

  /**
   * Serves a function as POST /NAME. It may be async; an Exception of a category of serving/servingErrors.ts, such as
   * BadRequest, is told to the client, anything else is a 500 whose details are in the log.
   * @throws Configuration for a name that is taken, and for what is no descriptor
   */
  api<I extends AnyDescriptor, O extends AnyDescriptor>(
    name: string,
    options: ApiOptions<I, O>,
    call: (input: Input<I>, context: ApiContext) => Output<O> | Promise<Output<O>>,
  ): this {
    const where = `service '${this.name}', API '${name}'`;
    checkName(`service '${this.name}': an API`, name);
    if (reserved.includes(name.toLowerCase()))
      throw new Exception("Configuration", `${where}: every server has a path of its own with this name.`);
    if (this.#apis.has(name))
      throw new Exception("Configuration", `${where}: there is one already; name one of them otherwise.`);
    checkOptions(where, options, apiOptions);
    if (typeof call !== "function")
      throw new Exception("Configuration", `${where}: the third argument must be a function.`);
    const input = descriptorOf(where, "input", options.input);
    const output = descriptorOf(where, "output", options.output);
    this.#apis.set(name, { name, input, output, doc: options.doc, call: call as Api["call"] });
    return this;
  }
}

function descriptorOf(where: string, role: string, given: unknown): IODescriptor<unknown> {
  if (Object.prototype.toString.call(given) === "[object JSON]") return jsonDescriptor();
  const isDescriptor = typeof given === "object" && given !== null && "decode" in given && "encode" in given;
  if (isDescriptor) return given as IODescriptor<unknown>;
  const called = typeof given === "function" ? "; call it: io.NAME()" : "";
  throw new Exception("Configuration", `${where}: its ${role} must be ${descriptorNames}${called}.`);
}

function checkOptions(where: string, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new Exception("Configuration", `${where}: unknown option '${unknown}'${suggestion(unknown, known)}`);
}

function checkName(what: string, name: unknown): void {
  if (typeof name === "string" && namePattern.test(name)) return;
  throw new Exception(
    "Configuration",
    `${what} cannot be named '${String(name)}': a name has at most 63 letters, digits, '-', '_' and '.', and begins and ends with a letter or digit.`,
  );
}
