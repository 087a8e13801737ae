/**
 * A model's configuration as Triton has it: config.pbtxt, or the JSON of a load request. A field that does not exist is
 * refused, and so is what is not served here: a configuration that is half obeyed would be worse than none.
 */
import type { Field, Type } from "protobufjs/light.js";
import { suggestion } from "../../base/didYouMean.js";
import { Exception } from "../../base/errors.js";
import { parseTextFormat } from "../../tensorflow/proto/parseTextFormat.js";
import { inferenceType } from "../kserve/inferenceSchema.js";
import { shownName, shownValue } from "../kserve/shown.js";

export interface ConfigTensor {
  readonly name?: string;
  readonly data_type?: string;
  /** Without the batch where max_batch_size is not 0; -1 where unknown. */
  readonly dims?: readonly number[];
  readonly label_filename?: string;
}

export interface WarmupInput {
  readonly data_type?: string;
  readonly dims?: readonly number[];
  readonly zero_data?: boolean;
  readonly random_data?: boolean;
  readonly input_data_file?: string;
}

export interface WarmupSample {
  readonly name?: string;
  readonly batch_size?: number;
  readonly inputs?: Readonly<Record<string, WarmupInput>>;
  readonly count?: number;
}

/** The fields that are obeyed; the others are kept for those who ask for the configuration. */
export interface ModelConfig {
  readonly name?: string;
  readonly platform?: string;
  readonly backend?: string;
  readonly max_batch_size?: number;
  readonly input?: readonly ConfigTensor[];
  readonly output?: readonly ConfigTensor[];
  readonly version_policy?: {
    readonly latest?: { readonly num_versions?: number };
    readonly all?: object;
    readonly specific?: { readonly versions?: readonly number[] };
  };
  readonly default_model_filename?: string;
  readonly dynamic_batching?: {
    readonly preferred_batch_size?: readonly number[];
    readonly max_queue_delay_microseconds?: number;
    readonly default_queue_policy?: {
      readonly default_timeout_microseconds?: number;
      readonly max_queue_size?: number;
    };
  };
  readonly model_warmup?: readonly WarmupSample[];
}

/** @throws Configuration naming the line; `origin` is what messages call it */
export function parseConfigText(text: string, origin: string): ModelConfig {
  return about(origin, () => {
    const type = inferenceType("ModelConfig");
    return plain(type, parseTextFormat(type, text, true) as object);
  });
}

/** @throws Configuration naming the field */
export function parseConfigJson(text: string, origin: string): ModelConfig {
  return about(origin, () => {
    const type = inferenceType("ModelConfig");
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw wrong(`it is no JSON (${(error as Error).message})`);
    }
    checkMessage(type, value, "it", 0);
    return plain(type, type.fromObject(value as object));
  });
}

function plain(type: Type, message: object): ModelConfig {
  const config = type.toObject(message as never, { enums: String, longs: Number });
  refuseUnserved(config);
  return config as ModelConfig;
}

/** Code for a batch of that size is made, and run, when the model is loaded. */
const maxBatchSize = 2 ** 16;
const servedPlatforms = ["", "tensorflow_savedmodel", "tensorflow_graphdef"];

/** What is asked for and cannot be had, in one sentence. */
function refuseUnserved(config: Readonly<Record<string, unknown>>): void {
  const { platform = "", backend = "", max_batch_size: batchSize = 0 } = config as ModelConfig;
  if (!servedPlatforms.includes(platform))
    throw wrong(
      `platform '${platform}' is not served here, only TensorFlow's: ${servedPlatforms.slice(1).join(", ")}`,
    );
  if (backend !== "" && backend !== "tensorflow")
    throw wrong(`backend '${backend}' is not served here, only 'tensorflow'`);
  if (batchSize < 0 || batchSize > maxBatchSize)
    throw wrong(
      `max_batch_size must be from 0 to ${maxBatchSize}, not ${batchSize}; larger requests are run in parts`,
    );
  const whole: Readonly<Record<string, string>> = {
    sequence_batching: "sequences of requests",
    ensemble_scheduling: "ensembles of models",
    batch_input: "inputs that describe a batch",
    batch_output: "outputs that describe a batch",
  };
  for (const [name, what] of Object.entries(whole))
    if (config[name] !== undefined) throw wrong(`${name}: ${what} are not served here`);
  const { model_transaction_policy, response_cache } = config as Readonly<Record<string, Flags | undefined>>;
  if (model_transaction_policy?.decoupled)
    throw wrong(
      "model_transaction_policy: every request has one answer here, decoupled models are not served",
    );
  if (response_cache?.enable) throw wrong("response_cache: there is none here");
  for (const group of (config.instance_group ?? []) as readonly { readonly kind?: string }[])
    if (group.kind === "KIND_GPU") throw wrong("instance_group: KIND_GPU is not served here, use KIND_CPU");
  for (const tensor of [...asFlags(config.input), ...asFlags(config.output)])
    for (const name of ["reshape", "optional", "allow_ragged_batch", "is_shape_tensor"])
      if (tensor[name]) throw wrong(`'${name}' of '${String(tensor.name)}' is not served here`);
}

type Flags = Readonly<Record<string, unknown>>;
const asFlags = (value: unknown) => (value ?? []) as readonly Flags[];

const maxDepth = 20;

/** What protobufjs would silently leave out: unknown fields, unknown words of an enumeration, other types. */
function checkMessage(type: Type, value: unknown, where: string, depth: number): void {
  if (depth > maxDepth) throw wrong(`${where} is nested too deep`);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw wrong(`${where} must be an object`);
  for (const [name, given] of Object.entries(value)) {
    const field = Object.hasOwn(type.fields, name) ? type.fields[name] : undefined;
    if (!field)
      throw wrong(`${where} has no field '${name}'${suggestion(shownName(name), Object.keys(type.fields))}`);
    field.resolve();
    if (field.map) {
      if (typeof given !== "object" || given === null || Array.isArray(given))
        throw wrong(`'${name}' must be an object`);
      for (const [key, entry] of Object.entries(given)) checkValue(field, entry, `${name}.${key}`, depth);
    } else if (field.repeated) {
      if (!Array.isArray(given)) throw wrong(`'${name}' must be a list`);
      given.forEach((entry, i) => {
        checkValue(field, entry, `${name}[${i}]`, depth);
      });
    } else checkValue(field, given, `'${name}'`, depth);
  }
}

function checkValue(field: Field, value: unknown, where: string, depth: number): void {
  const { resolvedType: type } = field;
  if (type && "fields" in type) {
    checkMessage(type, value, where, depth + 1);
    return;
  }
  if (type) {
    if (typeof value === "string" && Object.hasOwn(type.values, value)) return;
    throw wrong(
      `${where} cannot be ${shownValue(value)}${suggestion(shownValue(value), Object.keys(type.values))}`,
    );
  }
  const isNumber = field.type !== "string" && field.type !== "bool";
  const isInteger = isNumber && field.type !== "double" && field.type !== "float";
  // JSON of protobuf has 64-bit integers as strings.
  const fits = isInteger
    ? Number.isSafeInteger(typeof value === "string" && /^-?\d+$/.test(value) ? Number(value) : value)
    : isNumber
      ? typeof value === "number"
      : typeof value === (field.type === "bool" ? "boolean" : "string");
  if (!fits) throw wrong(`${where} is a ${field.type}, not ${shownValue(value)}`);
}

function wrong(what: string): Exception {
  return new Exception("Configuration", what);
}

function about<T>(origin: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof Exception)) throw error;
    const what = error.message.replace(/\.$/, "");
    throw new Exception("Configuration", `the model's configuration ${origin}: ${what}.`, { cause: error });
  }
}
