/** process.options, maxEvents and the other top-level untracked PSets: what they hold and their defaults. */
import { optional, type ParameterSetDescription, untracked } from "../parameters/description.js";
import { TypedValue, untrackedMakers } from "../parameters/values.js";
import { Component } from "./components.js";

const { uint32, int32, bool, string, vstring } = untracked;

export const optionsDescription = {
  numberOfThreads: uint32(1, { comment: "0 = all CPUs" }),
  numberOfStreams: uint32(0, { comment: "events in flight; 0 = as threads" }),
  numberOfConcurrentRuns: uint32(1),
  numberOfConcurrentLuminosityBlocks: uint32(0, { comment: "0 = 2 when there are 2 streams or more, else 1" }),
  wantSummary: bool(false, { comment: "print the TrigReport and TimeReport at the end" }),
  throwIfIllegalParameter: bool(true),
  printDependencies: bool(false),
  deleteNonConsumedUnscheduledModules: bool(true),
  dumpOptions: bool(false),
  fileMode: string("FULLMERGE", { allowed: ["FULLMERGE", "NOMERGE"] }),
  sizeOfStackForThreadsInKB: optional.untracked.uint32(),
  Rethrow: vstring([]),
  allowUnscheduled: optional.untracked.bool(),
  emptyRunLumiMode: optional.untracked.string(),
  makeTriggerResults: optional.untracked.bool(),
} satisfies ParameterSetDescription;

export const maxEventsDescription = {
  input: int32(-1, { comment: "events to read; -1 = all" }),
  output: optional.untracked.int32(),
} satisfies ParameterSetDescription;

const maxLuminosityBlocksDescription = { input: int32(-1) } satisfies ParameterSetDescription;

export const topLevelDescriptions: { readonly [label: string]: ParameterSetDescription } = {
  options: optionsDescription,
  maxEvents: maxEventsDescription,
  maxLuminosityBlocks: maxLuminosityBlocksDescription,
};

export function defaultParameters(description: ParameterSetDescription): Record<string, TypedValue> {
  const defaults: Record<string, TypedValue> = {};
  for (const [name, { kind, tracked, presence, defaultValue }] of Object.entries(description)) {
    if (presence === "default") defaults[name] = new TypedValue(kind, tracked, defaultValue);
  }
  return defaults;
}

/** The service every process has, with the PSets that configs descend into: process.MessageLogger.cerr.FwkReport.reportEvery = 100. */
export function defaultMessageLogger(): Component {
  const { PSet, int32: integer } = untrackedMakers;
  const category = (limit: number) => PSet({ limit: integer(limit), reportEvery: integer(1) });
  const noLimit = 10_000_000;
  const cerr = { INFO: category(0), FwkReport: category(noLimit), FwkSummary: category(noLimit), default: category(noLimit) };
  return new Component("Service", "MessageLogger", { cerr: PSet(cerr) });
}
