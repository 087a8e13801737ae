/**
 * Which columns of which products become features: rules such as "Jet.pt", "pt=JetCollection_Jet__NANO.pt" or "Jet.*".
 * The part before the dot is a label, or a branch name whose trailing parts may be left out.
 */
import { suggestion } from "../../base/didYouMean.js";
import { Exception } from "../../base/errors.js";
import { branchName } from "../../data/BranchDescription.js";
import type { FieldDescription } from "../../data/ProductType.js";
import type { FileBranch } from "../eventFileFormat.js";

export interface ColumnRule {
  /** As it was written. */
  readonly text: string;
  /** Of the feature; undefined: `label_field`, as NanoAOD names its branches. */
  readonly name: string | undefined;
  /** "*" for a part that was left out. */
  readonly type: string;
  readonly label: string;
  readonly instance: string;
  readonly process: string;
  readonly field: string;
}

export interface ChosenColumn {
  readonly name: string;
  readonly branch: FileBranch;
  readonly field: FieldDescription;
}

const form = /^(?:([A-Za-z]\w*)=)?([A-Za-z0-9_*?]+)\.([A-Za-z0-9_*?]+)$/;

/** @throws Configuration for what is no such rule */
export function parseColumnRule(text: string, owner: string): ColumnRule {
  const [, name, branch = "", field = ""] = form.exec(text.replaceAll(/\s/g, "")) ?? [];
  const parts = branch.split("_");
  const isRename = name !== undefined;
  if (branch === "" || parts.length > 4 || (isRename && isPattern(branch + field))) {
    const why =
      isRename && branch !== "" ? "one name cannot stand for several columns" : "it is no such rule";
    throw new Exception(
      "Configuration",
      `${owner}: features '${text}': ${why}; write "label.field", "Type_label_instance_process.field" or "name=label.field", with * and ? as wildcards.`,
    );
  }
  if (parts.length === 1) parts.unshift("*");
  const [type = "*", label = "*", instance = "*", process = "*"] = parts;
  return { text, name, type, label, instance, process, field };
}

/** Whether a rule's part stands for more than one name. */
export function isPattern(part: string): boolean {
  return /[*?]/.test(part);
}

/** The columns in the order of the rules, each once. @throws Configuration for a rule that chooses nothing */
export function chooseColumns(
  rules: readonly ColumnRule[],
  candidates: readonly FileBranch[],
  owner: string,
): ChosenColumn[] {
  const chosen = new Map<string, ChosenColumn>();
  for (const rule of rules) {
    const branches = candidates.filter((branch) => matchesBranch(rule, branch));
    if (branches.length === 0) throw noProduct(rule, candidates, owner);
    const columns = branches.flatMap((branch) =>
      (branch.type.fields ?? [])
        .filter(({ name }) => pattern(rule.field).test(name))
        .map((field) => ({ name: rule.name ?? featureName(branch, field), branch, field })),
    );
    if (columns.length === 0) throw noField(rule, branches, owner);
    for (const column of columns) chosen.set(`${column.name}=${columnName(column)}`, column);
  }
  return [...chosen.values()];
}

function columnName({ branch, field }: ChosenColumn): string {
  return `${branchName(branch.description)}${field.name}`;
}

function matchesBranch({ type, label, instance, process }: ColumnRule, { description }: FileBranch): boolean {
  const parts = { type, label, instance, process };
  return (["type", "label", "instance", "process"] as const).every((part) =>
    pattern(parts[part]).test(description[part]),
  );
}

function pattern(part: string): RegExp {
  return new RegExp(`^${part.replaceAll("*", ".*").replaceAll("?", ".")}$`);
}

function featureName({ description: { label, instance } }: FileBranch, { name }: FieldDescription): string {
  return [label, instance, name].filter((part) => part !== "").join("_");
}

function noProduct(rule: ColumnRule, candidates: readonly FileBranch[], owner: string): Exception {
  const { text, type, label } = rule;
  const labels = [...new Set(candidates.map(({ description }) => description.label))].sort();
  const types = candidates.filter((c) => c.description.label === label).map((c) => c.description.type);
  const isLabelKnown = types.length > 0;
  const what = isLabelKnown ? `no product of type '${type}' labelled '${label}'` : `no product '${label}'`;
  const near = isLabelKnown ? suggestion(type, types) : suggestion(label, labels);
  const known = candidates.length > 0 ? near : "";
  const hint = isPattern(type)
    ? ' A NanoAOD file gives only what some module reads; to read it for this, name its type: "JetCollection_Jet.pt".'
    : "";
  return new Exception(
    "Configuration",
    `${owner}: features '${text}': there is ${what}${known}${known.endsWith("?") ? "" : "."}${hint}`,
  );
}

function noField({ text, field }: ColumnRule, branches: readonly FileBranch[], owner: string) {
  const fields = [...new Set(branches.flatMap(({ type }) => (type.fields ?? []).map(({ name }) => name)))];
  const products = branches.map(({ description }) => branchName(description)).join(" ");
  return new Exception(
    "Configuration",
    `${owner}: features '${text}': ${products} has no field '${field}'${suggestion(field, fields)}`,
  );
}
