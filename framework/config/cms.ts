/** `cms.*`: the config language, with the names of CMSSW's FWCore.ParameterSet.Config. */
import { Exception } from "../base/errors.js";
import type { ParametersOf } from "../parameters/description.js";
import { InputTag as InputTagValue } from "../parameters/InputTag.js";
import { trackedMakers, untrackedMakers } from "../parameters/values.js";
import { Component, type ComponentKind } from "./components.js";
import { Origin } from "./origin.js";
import { Process } from "./Process.js";
import type * as plugins from "./registries.js";
import { EndPath, FinalPath, ignore, not, Path, type PathItem, Schedule, Sequence, Task, wait } from "./sequence.js";

type DescriptionOf<C> = C extends { readonly description: infer D } ? D : never;
/** The arguments after the type: the parameters, which may be left out when all have defaults. */
type Given<D> = Record<never, never> extends ParametersOf<D> ? [parameters?: ParametersOf<D>] : [parameters: ParametersOf<D>];

function maker<Registry>(kind: ComponentKind) {
  return <N extends keyof Registry & string>(type: N, ...given: Given<DescriptionOf<Registry[N]>>): Component =>
    new Component(kind, type, given[0], new Origin());
}

const { PSet, VPSet, ...trackedScalars } = trackedMakers;

export const cms = {
  ...trackedScalars,
  PSet,
  VPSet,
  /** Parameters that do not enter the ParameterSetID, and so not the output's history. */
  untracked: untrackedMakers,
  InputTag: Object.assign(trackedMakers.InputTag, {
    currentProcess: InputTagValue.currentProcess,
    skipCurrentProcess: InputTagValue.skipCurrentProcess,
  }),
  Process,
  EDProducer: maker<plugins.EDProducers>("EDProducer"),
  EDFilter: maker<plugins.EDFilters>("EDFilter"),
  EDAnalyzer: maker<plugins.EDAnalyzers>("EDAnalyzer"),
  OutputModule: maker<plugins.OutputModules>("OutputModule"),
  Source: maker<plugins.Sources>("Source"),
  Service: maker<plugins.Services>("Service"),
  ESProducer: maker<plugins.ESProducers>("ESProducer"),
  ESSource: maker<plugins.ESSources>("ESSource"),
  Sequence: (...items: PathItem[]) => new Sequence(items),
  Task: (...items: (Component | Task)[]) => new Task(items),
  Path: (...items: PathItem[]) => new Path(items),
  EndPath: (...items: PathItem[]) => new EndPath(items),
  FinalPath: (...items: PathItem[]) => new FinalPath(items),
  Schedule: (...args: (Path | { tasks: Task[] })[]) => new Schedule(...args),
  not,
  ignore,
  wait,
  /** A framework exception with a category, for plugins and configs: its category selects the exit code. */
  Exception,
};
