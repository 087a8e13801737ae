/** What a process holds under labels, listed by kind with CMSSW's names. */
import { TypedValue } from "../parameters/values.js";
import { Component, type ComponentKind } from "./components.js";
import { EndPath, FinalPath, Path, Sequence, Task } from "./sequence.js";

export type Member = Component | Sequence | Task | TypedValue;

export class Members {
  // biome-ignore lint/suspicious/noExplicitAny: members by label; existence is checked at run time by the process
  [label: string]: any;

  protected readonly labelled = new Map<string, Member>();

  members_(): ReadonlyMap<string, Member> {
    return this.labelled;
  }
  producers_() {
    return this.#modules("EDProducer");
  }
  filters_() {
    return this.#modules("EDFilter");
  }
  analyzers_() {
    return this.#modules("EDAnalyzer");
  }
  outputModules_() {
    return this.#modules("OutputModule");
  }
  es_producers_() {
    return this.#modules("ESProducer");
  }
  es_sources_() {
    return this.#modules("ESSource");
  }
  paths_() {
    return this.#of((member): member is Path => member instanceof Path);
  }
  endpaths_() {
    return this.#of((member): member is EndPath => member instanceof EndPath);
  }
  finalpaths_() {
    return this.#of((member): member is FinalPath => member instanceof FinalPath);
  }
  sequences_() {
    return this.#of(
      (member): member is Sequence => member instanceof Sequence && member.constructor === Sequence,
    );
  }
  tasks_() {
    return this.#of((member): member is Task => member instanceof Task);
  }
  psets_() {
    return this.#of((member): member is TypedValue => member instanceof TypedValue && member.kind === "PSet");
  }
  vpsets_() {
    return this.#of(
      (member): member is TypedValue => member instanceof TypedValue && member.kind === "VPSet",
    );
  }

  #modules(kind: ComponentKind): Map<string, Component> {
    return this.#of((member): member is Component => isComponent(member, kind));
  }
  #of<M extends Member>(is: (member: Member) => member is M): Map<string, M> {
    return new Map([...this.labelled].filter((entry): entry is [string, M] => is(entry[1])));
  }
}

export function isComponent(value: unknown, kind: ComponentKind): value is Component {
  return value instanceof Component && value.kind_ === kind;
}
