/** outputCommands: CMSSW's keep and drop rules on branch names. The last rule that matches wins; the start is dropped. */
import { Exception } from "../base/errors.js";
import type { BranchDescription } from "../data/BranchDescription.js";

interface Rule {
  readonly keep: boolean;
  readonly fields: readonly RegExp[];
}

/** The candidates kept. An empty list of rules is `keep *`. @throws Configuration for a malformed rule. */
export function selectProducts<T>(
  rules: readonly string[],
  candidates: readonly T[],
  describe: (candidate: T) => BranchDescription,
  owner: string,
): T[] {
  const parsed = (rules.length === 0 ? ["keep *"] : rules).map((rule) => parse(rule, owner));
  return candidates.filter((candidate) => {
    const { type, label, instance, process } = describe(candidate);
    const names = [type, label, instance, process];
    const last = parsed.findLast((rule) =>
      rule.fields.every((field, index) => field.test(names[index] ?? "")),
    );
    return last?.keep ?? false;
  });
}

function parse(rule: string, owner: string): Rule {
  const bad = (why: string) =>
    new Exception(
      "Configuration",
      `${owner}: outputCommands rule '${rule}': ${why}; write "keep *" or "drop type_label_instance_process" with * and ? as wildcards.`,
    );
  if (rule.length < 6) throw bad("it is too short");
  const action = rule.slice(0, 4);
  if (action !== "keep" && action !== "drop") throw bad("it must begin with keep or drop");
  if (!/\s/.test(rule[4] ?? "")) throw bad("a blank must follow keep or drop");
  const spec = rule.slice(4).trim();
  const fields = spec === "*" ? ["*", "*", "*", "*"] : spec.split("_");
  if (fields.length !== 4) throw bad(`it has ${fields.length} fields where 4 are needed`);
  if (fields.some((field) => !/^[A-Za-z0-9*?@]*$/.test(field)))
    throw bad("fields are letters, digits, * and ?");
  const pattern = (field: string) => new RegExp(`^${field.replaceAll("*", ".*").replaceAll("?", ".")}$`);
  return { keep: action === "keep", fields: fields.map(pattern) };
}
