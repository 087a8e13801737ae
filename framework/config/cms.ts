/** `cms.*`: the config language, with the names of CMSSW's FWCore.ParameterSet.Config. */
import { Exception } from "../base/errors.js";
import type { ParametersOf } from "../parameters/description.js";
import { InputTag as InputTagValue } from "../parameters/InputTag.js";
import { checkedParameters, trackedMakers, untrackedMakers } from "../parameters/makers.js";
import { viewOf } from "../parameters/parameterView.js";
import { type SecSourceValue, TypedValue } from "../parameters/values.js";
import { Component, type ComponentKind } from "./components.js";
import { Process } from "./Process.js";
import type * as plugins from "./registries.js";
import {
  type AnyPath,
  EndPath,
  FinalPath,
  ignore,
  not,
  Path,
  type PathItem,
  Schedule,
  Sequence,
  Task,
  wait,
} from "./sequence.js";

type DescriptionOf<C> = C extends { readonly description: infer D } ? D : never;
/** The arguments after the type: the parameters, which may be left out when all have defaults. */
type Given<D> =
  Record<never, never> extends ParametersOf<D>
    ? [parameters?: ParametersOf<D>]
    : [parameters: ParametersOf<D>];

/** Named, so that the declaration file keeps the registry open to the plugins of a user's package. */
interface Maker<Registry> {
  // biome-ignore lint/style/useShorthandFunctionType: an alias would be written out in the declaration file
  <N extends keyof Registry & string>(type: N, ...given: Given<DescriptionOf<Registry[N]>>): Component;
}

function maker<Registry>(kind: ComponentKind): Maker<Registry> {
  return (type, ...given) => new Component(kind, type, given[0]);
}

interface SecSourceMaker<Tracked extends boolean, Registry = plugins.Sources> {
  // biome-ignore lint/style/useShorthandFunctionType: an alias would be written out in the declaration file
  <N extends keyof Registry & string>(
    type: N,
    ...given: Given<DescriptionOf<Registry[N]>>
  ): SecSourceValue<Tracked>;
}

/** A source embedded as a parameter, for a module that reads a second input on its own. */
function secSource<Tracked extends boolean>(tracked: Tracked): SecSourceMaker<Tracked> {
  return (type, ...given) => {
    const parameters = { "@module_type": trackedMakers.string(type), ...checkedParameters(given[0] ?? {}) };
    return viewOf(new TypedValue("SecSource", tracked, parameters));
  };
}

export const cms = {
  ...trackedMakers,
  /** Parameters that do not enter the ParameterSetID, and so not the output's history. */
  untracked: Object.assign(untrackedMakers, { SecSource: secSource(false) }),
  SecSource: secSource(true),
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
  Schedule: (...args: (AnyPath | { tasks: Task[] })[]) => new Schedule(...args),
  not,
  ignore,
  wait,
  /** A framework exception with a category, for plugins and configs: its category selects the exit code. */
  Exception,
};
