/** cms.Process: the labelled components of one job. Seen through a proxy, so that `process.label` reads and attaches. */
import { suggestion } from "../base/didYouMean.js";
import { Exception } from "../base/errors.js";
import type { ParameterSetDescription } from "../parameters/description.js";
import { TypedValue } from "../parameters/values.js";
import { Component, withParameters } from "./components.js";
import { defaultMessageLogger, defaultParameters, topLevelDescriptions } from "./options.js";
import { formatPlace, Origin, type Place } from "./origin.js";
import { EndPath, FinalPath, Path, Schedule, Sequence, Task } from "./sequence.js";

type Member = Component | Sequence | Task | TypedValue<"PSet"> | TypedValue<"VPSet">;

/** Brings in a fragment: gives its exports and its full path. Set by loadConfig. */
export type FragmentLoader = (name: string) => { exports: Record<string, unknown>; file: string };
let loadFragment: FragmentLoader | undefined;

export function setFragmentLoader(loader: FragmentLoader): void {
  loadFragment = loader;
}

function configuration(message: string, origin: Origin): Exception {
  return new Exception("Configuration", `${message}${origin.where()}`);
}

export class Process {
  // biome-ignore lint/suspicious/noExplicitAny: members by label; existence is checked at run time by the proxy
  [label: string]: any;

  readonly #name: string;
  readonly #members = new Map<string, Member>();
  readonly #services = new Map<string, Component>();
  readonly #topLevel = new Map<string, Record<string, TypedValue>>();
  readonly #loadedFrom = new Map<unknown, string>();
  #source: Component | undefined;
  #schedule: Schedule | undefined;

  /** @throws Configuration when the name is empty or not alphanumeric. */
  constructor(name: string) {
    if (!/^[A-Za-z0-9]+$/.test(name)) {
      throw configuration(`process name '${name}' must be letters and digits, and not empty`, new Origin());
    }
    this.#name = name;
    this.#services.set("MessageLogger", defaultMessageLogger());
    for (const [label, description] of Object.entries(topLevelDescriptions)) {
      this.#topLevel.set(label, defaultParameters(description));
    }
    // biome-ignore lint/correctness/noConstructorReturn: a process is seen through its proxy
    return new Proxy(this, {
      get: (target, label) => target.#get(label),
      set: (target, label, value: unknown) => target.#set(String(label), value, new Origin()),
      has: (target, label) => label in Process.prototype || target.#labels().includes(String(label)),
      deleteProperty: (target, label) => target.#members.delete(String(label)),
      ownKeys: (target) => target.#labels(),
      getOwnPropertyDescriptor: (target, label) => ({ configurable: true, enumerable: true, value: target.#get(label) }),
    });
  }

  #labels(): string[] {
    const fixed = this.#source ? ["source"] : [];
    return [...fixed, ...this.#topLevel.keys(), ...this.#services.keys(), ...this.#members.keys()];
  }

  #get(label: string | symbol): unknown {
    if (typeof label === "symbol" || label in Process.prototype) {
      const value = Reflect.get(Process.prototype, label, this) as unknown;
      return typeof value === "function" ? value.bind(this) : value;
    }
    if (label === "source" && this.#source) return this.#source;
    if (label === "schedule" && this.#schedule) return this.#schedule;
    const topLevel = this.#topLevel.get(label);
    if (topLevel) return withParameters({}, topLevel, () => `process.${label}`);
    const found = this.#members.get(label) ?? this.#services.get(label);
    if (found instanceof TypedValue && found.kind === "PSet") {
      return withParameters(found, found.value as Record<string, TypedValue>, () => `process.${label}`);
    }
    if (found !== undefined) return found;
    // What Promise and JSON machinery probes for is not a misspelt label.
    if (label === "then" || label === "toJSON" || label === "asymmetricMatch" || label === "nodeType") return undefined;
    const hint = suggestion(label, this.#labels());
    throw configuration(`process '${this.#name}' has no '${label}'${hint}`, new Origin());
  }

  #set(label: string, value: unknown, origin: Origin): true {
    if (!/^\w+$/.test(label)) {
      throw configuration(`label '${label}' contains forbidden characters; use letters, digits and underscore`, origin);
    }
    const topLevel = topLevelDescriptions[label];
    if (topLevel) this.#merge(label, topLevel, value, origin);
    else if (label === "schedule") this.#schedule = expectSchedule(value, origin);
    else if (value instanceof Component && (value.kind_ === "Source" || label === "source")) this.#setSource(label, value, origin);
    else if (value instanceof Component && value.kind_ === "Service") this.#setService(label, value, origin);
    else this.#attach(label, value, origin);
    return true;
  }

  /** options, maxEvents … are merged over what is there, not replaced. */
  #merge(label: string, description: ParameterSetDescription, value: unknown, origin: Origin): void {
    if (!(value instanceof TypedValue) || value.kind !== "PSet" || value.tracked) {
      throw configuration(`process.${label} must be a cms.untracked.PSet`, origin);
    }
    const target = this.#topLevel.get(label) ?? {};
    for (const [name, given] of Object.entries(value.value as Record<string, TypedValue>)) {
      if (!(name in description)) {
        const hint = suggestion(name, Object.keys(description));
        throw new Exception("Configuration", `process.${label}: unknown parameter '${name}'${hint}${origin.where(name)}`);
      }
      target[name] = given;
    }
  }

  #setSource(label: string, value: Component, origin: Origin): void {
    if (label !== "source" || value.kind_ !== "Source") {
      throw configuration(`only a cms.Source is attached as process.source, and only there (got ${value.kind_} as '${label}')`, origin);
    }
    this.#source = value;
  }

  #setService(label: string, value: Component, origin: Origin): void {
    if (label !== value.type_) {
      throw configuration(`service '${value.type_}' is attached as process.${value.type_} or with process.add_(…), not as '${label}'`, origin);
    }
    this.#services.set(label, value);
  }

  #attach(label: string, value: unknown, origin: Origin): void {
    if (!isMember(value)) {
      const what = value instanceof TypedValue ? `a ${value.typeName}` : String(value);
      throw configuration(`process.${label} can only be a module, sequence, path, task or PSet, not ${what}`, origin);
    }
    const other = [...this.#members].find(([l, m]) => m === value && l !== label);
    if (other && !(value instanceof TypedValue)) {
      throw configuration(`one object under two labels, '${other[0]}' and '${label}': use clone() for the second`, origin);
    }
    const old = this.#members.get(label);
    if (old !== undefined && old !== value) this.#replaceEverywhere(old, value);
    this.#members.set(label, value);
  }

  #replaceEverywhere(old: Member, value: Member): void {
    for (const member of this.#members.values()) {
      if (member instanceof Sequence || member instanceof Task) member.replace(old, value);
    }
    const index = this.#schedule?.paths.indexOf(old as Path) ?? -1;
    if (index >= 0 && this.#schedule) this.#schedule.paths[index] = value as Path;
  }

  #isUsed(member: Member): boolean {
    const lists = [...this.#members.values()].filter((m) => m instanceof Sequence || m instanceof Task);
    return lists.some((list) => (list.items as unknown[]).includes(member));
  }

  /** Attaches a Service under its own type name. */
  add_(service: Component): void {
    this.#setService(service.type_, service, service.origin_);
  }

  /** Brings in every component that a fragment exports: `process.load("configs/MessageLogger_cfi")`. */
  load(name: string): void {
    const origin = new Origin();
    if (!loadFragment) throw configuration("process.load works in a config that cmsrun loads", origin);
    const { exports, file } = loadFragment(name);
    for (const [label, value] of Object.entries(exports)) {
      if (label.startsWith("_") || label === "default") continue;
      if (!isMember(value) && !(value instanceof Component) && !(value instanceof Schedule)) continue;
      const old = this.#members.get(label);
      if (old !== undefined && old !== value && this.#isUsed(old)) {
        const before = this.#loadedFrom.get(old) ?? placeText((old as Component).origin_?.place);
        throw configuration(`loading ${file} would replace '${label}', which is in use (object defined in ${file}, existing object defined in ${before})`, origin);
      }
      this.#set(label, value, origin);
      this.#loadedFrom.set(value, file);
    }
  }

  setSchedule_(schedule: Schedule): void {
    this.#schedule = schedule;
  }
  setName_(name: string): Process {
    throw new Exception("LogicError", `the process name is fixed; make a new cms.Process("${name}")`);
  }

  name_(): string {
    return this.#name;
  }
  source_(): Component | undefined {
    return this.#source;
  }
  schedule_(): Schedule | undefined {
    return this.#schedule;
  }
  services_(): Map<string, Component> {
    return this.#services;
  }
  members_(): ReadonlyMap<string, Member> {
    return this.#members;
  }
  topLevel_(name: string): Record<string, TypedValue> {
    return this.#topLevel.get(name) ?? {};
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
    return this.#of((m): m is Path => m instanceof Path);
  }
  endpaths_() {
    return this.#of((m): m is EndPath => m instanceof EndPath);
  }
  finalpaths_() {
    return this.#of((m): m is FinalPath => m instanceof FinalPath);
  }
  sequences_() {
    return this.#of((m): m is Sequence => m instanceof Sequence && m.constructor === Sequence);
  }
  tasks_() {
    return this.#of((m): m is Task => m instanceof Task);
  }

  #modules(kind: Component["kind_"]): Map<string, Component> {
    return this.#of((m): m is Component => m instanceof Component && m.kind_ === kind);
  }
  #of<M extends Member>(is: (member: Member) => member is M): Map<string, M> {
    return new Map([...this.#members].filter((entry): entry is [string, M] => is(entry[1])));
  }
}

function isMember(value: unknown): value is Member {
  if (value instanceof Component) return value.kind_ !== "Source" && value.kind_ !== "Service";
  if (value instanceof TypedValue) return value.kind === "PSet" || value.kind === "VPSet";
  return value instanceof Sequence || value instanceof Task;
}

function expectSchedule(value: unknown, origin: Origin): Schedule {
  if (value instanceof Schedule) return value;
  throw configuration("process.schedule must be a cms.Schedule", origin);
}

function placeText(place: Place | undefined): string {
  return place ? formatPlace(place) : "the config";
}
