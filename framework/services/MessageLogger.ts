/** CMSSW's MessageLogger, first part: one destination, cerr, with threshold, limit and reportEvery per category. */
import { Exception, timestamp } from "../base/errors.js";
import type { LogMessage, Severity } from "../base/log.js";
import { untracked } from "../parameters/description.js";
import type { ParameterSet } from "../parameters/ParameterSet.js";

const noLimit = 10_000_000;
const category = (limit: number) =>
  untracked.pset({
    limit: untracked.int32(limit, { comment: "messages shown at most; -1 = no limit" }),
    reportEvery: untracked.int32(1, { comment: "show each Nth" }),
  });

const cerr = {
  enable: untracked.bool(true),
  threshold: untracked.string("INFO", { allowed: ["DEBUG", "INFO", "WARNING", "ERROR"] }),
  noTimeStamps: untracked.bool(false),
  INFO: category(0),
  WARNING: category(noLimit),
  ERROR: category(noLimit),
  FwkReport: category(noLimit),
  FwkSummary: category(noLimit),
  default: category(noLimit),
  "*": category(noLimit),
};
const description = { cerr: untracked.pset(cerr) };

const order: readonly Severity[] = ["DEBUG", "INFO", "WARNING", "ERROR", "SYSTEM"];
const letters: { readonly [S in Severity]: string } = {
  DEBUG: "d",
  INFO: "i",
  WARNING: "w",
  ERROR: "e",
  SYSTEM: "s",
};

interface Rule {
  readonly limit: number;
  readonly reportEvery: number;
  seen: number;
}

export class MessageLogger {
  static readonly description = description;
  static readonly concurrency = "service";
  static readonly kind = "Service";

  readonly #enabled: boolean;
  readonly #threshold: number;
  readonly #noTimeStamps: boolean;
  readonly #rules = new Map<string, Rule>();
  /** Lines go here; the progress bar replaces it to keep itself below them. */
  write: (text: string) => void = (text) => {
    process.stderr.write(text);
  };

  constructor(pset: ParameterSet<typeof description>) {
    const parameters = pset.getUntrackedParameter("cerr");
    this.#enabled = parameters.getUntrackedParameter("enable");
    this.#threshold = order.indexOf(parameters.getUntrackedParameter("threshold") as Severity);
    this.#noTimeStamps = parameters.getUntrackedParameter("noTimeStamps");
    const settings = new Set(["enable", "threshold", "noTimeStamps"]);
    for (const name of parameters.parameterNames.filter((n) => !settings.has(n))) {
      const rule = parameters.getUntrackedParameter(name as "default");
      const limit = rule.getUntrackedParameter("limit");
      const reportEvery = Math.max(1, rule.getUntrackedParameter("reportEvery"));
      this.#rules.set(name, { limit: limit < 0 ? Number.POSITIVE_INFINITY : limit, reportEvery, seen: 0 });
    }
  }

  /** 0 when progress is not shown at all. */
  get reportEvery(): number {
    const rule = this.#rule("FwkReport", "INFO");
    return this.#enabled && this.#threshold <= 1 && rule.limit > 0 ? rule.reportEvery : 0;
  }

  /** Every severity below this is dropped in the thread that logs it. */
  get threshold(): Severity {
    return order[this.#threshold] ?? "INFO";
  }

  log({ severity, category: name, text, bare }: LogMessage): void {
    if (!this.#enabled || order.indexOf(severity) < this.#threshold) return;
    if (severity !== "SYSTEM" && !this.#admits(this.#rule(name, severity), name)) return;
    this.write(bare ? `${text}\n` : `%MSG-${letters[severity]} ${name}:${this.#time()}\n${text}\n%MSG\n`);
  }

  #admits(rule: Rule, name: string): boolean {
    rule.seen++;
    // Progress lines are thinned in the thread that makes them, by the event's ordinal.
    const every = name === "FwkReport" ? 1 : rule.reportEvery;
    return rule.seen % every === 0 && rule.seen / every <= rule.limit;
  }

  #rule(name: string, severity: Severity): Rule {
    const own = this.#rules.get(name);
    if (own) return own;
    const bySeverity = this.#rules.get(severity);
    const fallback = this.#rules.get("default");
    const stricter =
      bySeverity && fallback && bySeverity.limit < fallback.limit ? bySeverity : (fallback ?? bySeverity);
    if (!stricter) throw new Exception("LogicError", `MessageLogger has no rule for category '${name}'`);
    const rule = { ...stricter, seen: 0 };
    this.#rules.set(name, rule);
    return rule;
  }

  #time(): string {
    return this.#noTimeStamps ? "" : `  ${timestamp(new Date())}`;
  }
}
