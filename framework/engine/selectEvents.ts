/** SelectEvents: which events an output module writes, by the outcome of the paths. CMSSW's EventSelector grammar. */
import { suggestion } from "../base/didYouMean.js";
import { Exception } from "../base/errors.js";
import { LogWarning } from "../base/log.js";
import { pathState } from "./StreamSchedule.js";

/** One spec: accepts when `state` holds for any (or all) of `paths`. Plain data. */
interface Term {
  readonly paths: readonly number[];
  readonly state: number;
  readonly all: boolean;
  readonly noException: boolean;
}
/** The event is accepted when any term accepts; no term at all accepts every event. */
export type Selection = readonly Term[];

/** @throws Configuration for a malformed spec or a path that does not exist. */
export function compileSelection(
  specs: readonly string[],
  pathNames: readonly string[],
  owner: string,
): Selection {
  const isEverything = ["*", "!*", "exception@*"].every((spec) => specs.includes(spec));
  return isEverything ? [] : specs.map((spec) => compileTerm(spec.replaceAll(" ", ""), pathNames, owner));
}

function compileTerm(spec: string, pathNames: readonly string[], owner: string): Term {
  const bad = (why: string) => new Exception("Configuration", `${owner}: SelectEvents '${spec}': ${why}`);
  const [body = "", ...guards] = spec.split("&");
  if (guards.length > 1 || guards.some((g) => g !== "noexception" && g !== "noex"))
    throw bad("only one '&noexception' may follow a path");
  const negated = body.startsWith("!");
  const name = body.slice(negated ? 1 : 0);
  const isException = name.startsWith("exception@");
  if (isException && negated) throw bad("'!exception@' has no meaning; select '*' and '!*' instead");
  if (isException && guards.length > 0) throw bad("'exception@' and '&noexception' contradict each other");
  const pattern = isException ? name.slice("exception@".length) : name;
  const isGlob = /[*?]/.test(pattern);
  const paths = pathNames.flatMap((path, index) => (matches(pattern, path) ? [index] : []));
  if (paths.length === 0 && !isGlob)
    throw bad(`there is no path '${pattern}'${suggestion(pattern, pathNames)}`);
  if (paths.length === 0 && negated) throw bad("no path matches");
  if (paths.length === 0) LogWarning("Configuration", `${owner}: SelectEvents '${spec}' matches no path.`);
  const state = isException ? pathState.exception : negated ? pathState.fail : pathState.pass;
  return { paths, state, all: negated && isGlob, noException: guards.length > 0 };
}

/** Glob with `*` and `?`, over the whole text. */
export function matches(pattern: string, text: string): boolean {
  const expression = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${expression}$`).test(text);
}

/** Whether the path states of an event are selected. */
export function isSelected(selection: Selection, states: Uint8Array): boolean {
  return selection.length === 0 || selection.some((term) => accepts(term, states));
}

function accepts({ paths, state, all, noException }: Term, states: Uint8Array): boolean {
  if (noException && states.includes(pathState.exception)) return false;
  const holds = (path: number) => states[path] === state;
  return all ? paths.every(holds) : paths.some(holds);
}
