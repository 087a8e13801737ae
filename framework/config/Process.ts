/** cms.Process: the labelled components of one job. Seen through a proxy, so that `process.label` reads and attaches. */
import { suggestion } from "../base/didYouMean.js";
import { Exception } from "../base/errors.js";
import { viewOf } from "../parameters/parameterView.js";
import { behindView, inputText, type Parameters, TypedValue } from "../parameters/values.js";
import { Component } from "./components.js";
import { isComponent, type Member, Members } from "./Members.js";
import { defaultMessageLogger, type TopLevelSet, topLevelSets } from "./options.js";
import { formatPlace, Origin } from "./origin.js";
import { Marked, ModuleList, Schedule } from "./sequence.js";

/** Brings in a fragment: gives its exports and its full path. Set by loadConfig. */
export type FragmentLoader = (name: string) => { exports: Record<string, unknown>; file: string };
let loadFragment: FragmentLoader | undefined;

export function setFragmentLoader(loader: FragmentLoader): void {
  loadFragment = loader;
}

function configuration(message: string): Exception {
  return new Exception("Configuration", `${message}${new Origin().where()}`);
}

/** Where an object got its label: the file and, in the config itself, the line. */
const here = () => {
  const { place } = new Origin();
  return place ? formatPlace(place) : "the config";
};

export class Process extends Members {
  readonly #name: string;
  readonly #services = new Map<string, Component>();
  readonly #topLevel: ReadonlyMap<string, TopLevelSet> = topLevelSets();
  readonly #attachedIn = new Map<Member, string>();
  #source: Component | undefined;
  #schedule: Schedule | undefined;

  /** @throws Configuration when the name is empty or not alphanumeric. */
  constructor(name: string) {
    super();
    if (!/^[A-Za-z0-9]+$/.test(name)) {
      throw configuration(`process name '${name}' must be letters and digits, and not empty`);
    }
    this.#name = name;
    this.#services.set("MessageLogger", defaultMessageLogger());
    // biome-ignore lint/correctness/noConstructorReturn: a process is seen through its proxy
    return new Proxy(this, {
      get: (target, label) => target.#get(label),
      set: (target, label, value: unknown) => target.#set(String(label), value),
      has: (target, label) => label in Process.prototype || target.#labels().includes(String(label)),
      deleteProperty: (target, label) => target.#delete(String(label)),
      ownKeys: (target) => target.#labels(),
      getOwnPropertyDescriptor: (target, label) => ({
        configurable: true,
        enumerable: true,
        value: target.#get(label),
      }),
    });
  }

  #labels(): string[] {
    const fixed = [...(this.#source ? ["source"] : []), ...(this.#schedule ? ["schedule"] : [])];
    return [...fixed, ...this.#topLevel.keys(), ...this.#services.keys(), ...this.labelled.keys()];
  }

  #get(label: string | symbol): unknown {
    if (typeof label === "symbol" || label in Process.prototype) {
      const value = Reflect.get(Process.prototype, label, this) as unknown;
      return typeof value === "function" && label !== "constructor" ? value.bind(this) : value;
    }
    if (label === "source" && this.#source) return this.#source;
    if (label === "schedule" && this.#schedule) return this.#schedule;
    const topLevel = this.#topLevel.get(label);
    if (topLevel) return topLevel.view();
    const found = this.labelled.get(label) ?? this.#services.get(label);
    if (found instanceof TypedValue) return viewOf(found, { name: () => `process.${label}` });
    if (found !== undefined) return found;
    // What Promise and test machinery probes for is not a misspelt label.
    if (["then", "toJSON", "asymmetricMatch", "nodeType"].includes(label)) return undefined;
    throw this.#noSuch(label);
  }

  #noSuch(label: string): Exception {
    return configuration(`process '${this.#name}' has no '${label}'${suggestion(label, this.#labels())}`);
  }

  #set(label: string, given: unknown): true {
    const value: unknown = behindView(given);
    if (!/^\w+$/.test(label)) {
      throw configuration(
        `label '${label}' contains forbidden characters; use letters, digits and underscore`,
      );
    }
    if (label in Process.prototype)
      throw configuration(`label '${label}' is a method of cms.Process; use another one`);
    const topLevel = this.#topLevel.get(label);
    if (topLevel) topLevel.merge(untrackedParameters(label, value));
    else if (label === "schedule") this.setSchedule_(value as Schedule);
    else if (label === "source" || isComponent(value, "Source")) this.#setSource(label, value);
    else if (isComponent(value, "Service")) this.#setService(label, value);
    else this.#attach(label, value);
    return true;
  }

  #delete(label: string): true {
    if (label === "source" && this.#source) this.#source = undefined;
    else if (label === "schedule" && this.#schedule) this.#schedule = undefined;
    else if (!this.labelled.delete(label) && !this.#services.delete(label)) throw this.#noSuch(label);
    return true;
  }

  #setSource(label: string, value: unknown): void {
    if (label !== "source" || !isComponent(value, "Source")) {
      throw configuration(
        `process.source, and only that, is a cms.Source; '${label}' cannot be ${memberText(value)}`,
      );
    }
    this.#source = value;
  }

  #setService(label: string, value: Component): void {
    if (label !== value.type_) {
      throw configuration(
        `service '${value.type_}' is attached as process.${value.type_} or with process.add_(…), not as '${label}'`,
      );
    }
    this.#services.set(label, value);
  }

  #attach(label: string, value: unknown): void {
    if (!isMember(value)) {
      throw configuration(
        `process.${label} can be a module, sequence, path, task or PSet, not ${memberText(value)}`,
      );
    }
    const other = [...this.labelled].find(([l, member]) => member === value && l !== label);
    if (other && !(value instanceof TypedValue)) {
      throw configuration(
        `one object under two labels, '${other[0]}' and '${label}': use clone() for the second`,
      );
    }
    const old = this.labelled.get(label);
    if (old !== undefined && old !== value) for (const list of this.#lists()) list.replace(old, value);
    this.labelled.set(label, value);
    this.#attachedIn.set(value, here());
  }

  /** Everything that may hold a member: sequences, paths, tasks and the schedule. */
  #lists(): (ModuleList | Schedule)[] {
    const lists = [...this.labelled.values()].filter((member) => member instanceof ModuleList);
    return this.#schedule ? [...lists, this.#schedule] : lists;
  }

  /** Attaches a service, or an EventSetup module, under its type's name. */
  add_(component: Component): void {
    this.#set(component.type_, component);
  }

  /**
   * Brings in every component that a fragment exports: `process.load("configs/MessageLogger_cfi")`.
   * @throws Configuration when it would replace an object that is in use; ConfigFileReadError without such a file.
   */
  load(name: string): void {
    if (!loadFragment) throw configuration("process.load works in a config that cmsrun loads");
    const { exports, file } = loadFragment(name);
    this.extend(exports, file);
  }

  /** Brings in the components among `exports`, for example of `import * as fragment from "./jets_cff.js"`. */
  extend(exports: Readonly<Record<string, unknown>>, file = "the fragment"): void {
    for (const [label, given] of Object.entries(exports)) {
      const value: unknown = behindView(given);
      if (label.startsWith("_") || label === "default") continue;
      if (!isMember(value) && !(value instanceof Component) && !(value instanceof Schedule)) continue;
      const old = this.labelled.get(label);
      if (
        old !== undefined &&
        old !== value &&
        this.#lists().some((list) => list !== old && list.contains(old))
      ) {
        const existing = `object defined in ${file}, existing object defined in ${this.#attachedIn.get(old)}`;
        throw configuration(
          `loading ${file} would replace '${label}', which is in use (${existing}); rename one of the two`,
        );
      }
      this.#set(label, value);
      const attached = this.labelled.get(label);
      if (attached) this.#attachedIn.set(attached, file);
    }
  }

  setSchedule_(schedule: Schedule): void {
    if (!(schedule instanceof Schedule))
      throw configuration(`process.schedule is a cms.Schedule, not ${memberText(schedule)}`);
    this.#schedule = schedule;
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
  /** The validated parameters of process.options, maxEvents or maxLuminosityBlocks. */
  topLevel_(label: string): Parameters {
    return this.#topLevel.get(label)?.validated(this.#name) ?? {};
  }
}

function isMember(value: unknown): value is Member {
  if (value instanceof Component) return value.kind_ !== "Source" && value.kind_ !== "Service";
  if (value instanceof TypedValue) return value.kind === "PSet" || value.kind === "VPSet";
  return value instanceof ModuleList;
}

function memberText(value: unknown): string {
  if (value instanceof Component) return `the ${value.kind_} '${value.type_}'`;
  if (value instanceof Marked) return `cms.${value.mark}(…)`;
  return inputText(value);
}

function untrackedParameters(label: string, value: unknown): Parameters {
  if (value instanceof TypedValue && value.kind === "PSet" && !value.tracked)
    return value.value as Parameters;
  throw configuration(`process.${label} is a cms.untracked.PSet, not ${memberText(value)}`);
}
