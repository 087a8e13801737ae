/** What may be asked of a runner, and under which name. */
import { suggestion } from "../../base/didYouMean.js";
import { Exception } from "../../base/errors.js";
import { LogWarning } from "../../base/log.js";
import type { Options } from "../../tensorflow/Options.js";
import type { MethodSettings } from "./RunnerMethod.js";

export interface RunnerOptions {
  /** The model's or the class's name, if not given. */
  readonly name?: string;
  /** Rows of one call, at most: 100, if not given. */
  readonly maxBatchSize?: number;
  /** Longest that a request waits for others [ms]; 0, the default: only what is there already goes together. */
  readonly maxLatencyMs?: number;
  /** Rows that may wait; what comes beyond is refused. */
  readonly maxQueuedRows?: number;
  /** Other limits for single methods. */
  readonly methodConfigs?: Readonly<
    Record<string, Partial<Pick<MethodSettings, "maxBatchSize" | "maxLatencyMs" | "maxQueuedRows">>>
  >;
  /** Method → arguments that are the same in every call, by name. */
  readonly partialKwargs?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** How the model is run. */
  readonly inference?: Options;
}

const optionNames = [
  "name",
  "maxBatchSize",
  "maxLatencyMs",
  "maxQueuedRows",
  "methodConfigs",
  "partialKwargs",
  "inference",
];
const methodOptionNames = ["maxBatchSize", "maxLatencyMs", "maxQueuedRows"];
const inferenceNames: (keyof Options)[] = ["engine", "engineTarget", "backend", "threads"];
const nameForm = /^[a-z0-9]([-._a-z0-9]*[a-z0-9])?$/;
const longestName = 63;

/** @throws Configuration naming the option or method that is not known */
export function checkOptions(runner: string, options: RunnerOptions, methods: readonly string[]): void {
  const where = `runner '${runner}'`;
  checkNames(where, options, optionNames, "option");
  checkNames(`${where}: inference`, options.inference ?? {}, inferenceNames, "option");
  for (const key of ["methodConfigs", "partialKwargs"] as const)
    checkNames(`${where}: ${key}`, options[key] ?? {}, methods, "method");
  for (const [method, config] of Object.entries(options.methodConfigs ?? {}))
    checkNames(`${where}: methodConfigs.${method}`, config, methodOptionNames, "option");
}

/** Lower case, as tags of models. @throws Configuration */
export function runnerName(given: string): string {
  const name = given.toLowerCase();
  if (name.length > longestName || !nameForm.test(name))
    throw new Exception(
      "Configuration",
      `'${given}' is no name for a runner: letters, digits, '-', '.' and '_', at most ${longestName}, a letter or digit ` +
        "at both ends; give it one by the option name.",
    );
  if (name !== given) LogWarning("Runner", `the name '${given}' is converted to lower case: '${name}'.`);
  return name;
}

function checkNames(where: string, given: object, allowed: readonly string[], what: string): void {
  for (const name of Object.keys(given)) {
    if (allowed.includes(name)) continue;
    throw new Exception("Configuration", `${where}: unknown ${what} '${name}'${suggestion(name, allowed)}`);
  }
}
