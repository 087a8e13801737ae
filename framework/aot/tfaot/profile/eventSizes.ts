/** The batch sizes of an event file: how many elements a product, or a branch of NanoAOD, has in each event. */
import { closeSync, openSync, readSync } from "node:fs";
import { suggestion } from "../../../base/didYouMean.js";
import { Exception } from "../../../base/errors.js";
import type { BranchDescription } from "../../../data/BranchDescription.js";
import { EventFileReader } from "../../../io/EventFileReader.js";
import { RootTreeReader } from "../../../io/root/RootTreeReader.js";

/**
 * One size an event, in the order of the file.
 * @param sizeOf a branch of a NanoAOD file ("Jet_pt", "nJet") or the collection that it belongs to ("Jet"); in an event
 *   file a product: "JetScores/scores", "scores" or "scores:first"
 * @throws FileOpenError, FileReadError; ProductNotFound when the file has no such product, or several
 */
export async function eventSizes(path: string, sizeOf: string): Promise<number[]> {
  return isRootFile(path) ? rootSizes(path, sizeOf) : productSizes(path, sizeOf);
}

function isRootFile(path: string): boolean {
  const magic = "root";
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    throw new Exception("FileOpenError", `'${path}' cannot be read: ${(error as Error).message}.`);
  }
  try {
    const head = Buffer.alloc(magic.length);
    readSync(file, head, 0, magic.length, 0);
    return head.toString("latin1") === magic;
  } catch (error) {
    throw new Exception("FileReadError", `'${path}' cannot be read: ${(error as Error).message}.`);
  } finally {
    closeSync(file);
  }
}

async function rootSizes(path: string, sizeOf: string): Promise<number[]> {
  const reader = await RootTreeReader.open(path);
  try {
    const { branches, entryCount } = reader;
    const name = branches.has(sizeOf) || !branches.has(`n${sizeOf}`) ? sizeOf : `n${sizeOf}`;
    const column = (await reader.readColumns([name], 0, entryCount)).get(name);
    const { values, offsets } = column ?? { values: [] };
    if (offsets) return Array.from({ length: entryCount }, (_, i) => offsets[i + 1]! - offsets[i]!);
    const sizes = Array.from(values, Number);
    if (sizes.length === entryCount && sizes.every(isSize)) return sizes;
    throw new Exception(
      "ProductNotFound",
      `branch '${name}' of '${path}' is neither a list nor a count in each event, so it gives no batch sizes.`,
    );
  } finally {
    reader.close();
  }
}

function productSizes(path: string, sizeOf: string): number[] {
  const reader = new EventFileReader(path);
  try {
    const branches = reader.header.branches.map(({ description }) => description);
    const branch = branches.indexOf(findBranch(branches, path, sizeOf));
    const { type } = reader.header.branches[branch]!;
    const field = type.fields?.find(({ repeated }) => repeated);
    if (!field)
      throw new Exception(
        "ProductNotFound",
        `product '${sizeOf}' of '${path}', a ${type.name}, has no list of values, so it gives no batch sizes.`,
      );
    return reader.clusters.flatMap(({ eventCount }, cluster) => {
      const column = reader.column(cluster, branch, type);
      return Array.from({ length: eventCount }, (_, event) => lengthOf(column.get(event), field.name));
    });
  } finally {
    reader.close();
  }
}

function findBranch(branches: readonly BranchDescription[], path: string, sizeOf: string): BranchDescription {
  const names = ({ type, label, instance }: BranchDescription) => {
    const full = instance === "" ? label : `${label}:${instance}`;
    return [full, label, `${type}/${full}`, `${type}/${label}`];
  };
  // The name in full is stronger than a label that several products have.
  for (const forms of [
    [0, 2],
    [1, 3],
  ]) {
    const found = branches.filter((branch) => forms.some((form) => names(branch)[form] === sizeOf));
    if (found.length === 1) return found[0]!;
    if (found.length === 0) continue;
    const which = found.map((branch) => names(branch)[2]).join(", ");
    throw new Exception("ProductNotFound", `'${sizeOf}' of '${path}' may be ${which}; name one of them.`);
  }
  const known = branches.map((branch) => names(branch)[2] as string);
  const all = [...new Set(branches.flatMap(names))];
  const hint = suggestion(sizeOf, all).replace(/\.$/, "");
  throw new Exception(
    "ProductNotFound",
    `'${path}' has no product '${sizeOf}'${hint} (it has ${known.join(", ")}).`,
  );
}

function lengthOf(product: unknown, field: string): number {
  const list = (product as Record<string, ArrayLike<unknown>> | undefined)?.[field];
  return list?.length ?? 0;
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
