/** The branches of a tree as the reader sees them: the type of their values and where their baskets lie. */
import type { TBranch, TLeaf, TTree } from "./jsroot.js";

/** How values of a kind lie in a basket (big-endian) and in memory. */
export const valueArrays = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const;

export type RootKind = keyof typeof valueArrays;
export type RootValues = InstanceType<(typeof valueArrays)[RootKind]>;

/** A branch of numbers. */
export interface NumberBranch {
  readonly name: string;
  /** The branch's title: its documentation in NanoAOD. */
  readonly title: string;
  /** The leaf's type. */
  readonly kind: RootKind;
  /** The branch that holds the number of values of each entry; absent when that number is fixed. */
  readonly counter?: string;
  /** Values of one entry, or per count of a jagged branch; 1 for most. */
  readonly length: number;
}

/** A branch that is listed and cannot be read: strings, objects. */
export interface UnsupportedBranch {
  readonly name: string;
  readonly title: string;
  readonly kind: "unsupported";
  readonly reason: string;
}

export type RootBranch = NumberBranch | UnsupportedBranch;

/** One branch's values for a range of entries. */
export interface RootColumn {
  /** Entry i's values lie at offsets[i] up to offsets[i + 1], or from i * length on when there are no offsets. */
  readonly values: RootValues;
  /** Of a branch with a counter only: one more than there are entries, the first 0. */
  readonly offsets?: Uint32Array;
}

/** Where a branch's values lie in the file. Basket i holds entries firstEntries[i] up to firstEntries[i + 1]. */
export interface BranchLayout extends NumberBranch {
  readonly firstEntries: readonly number[];
  readonly positions: readonly number[];
  readonly sizesBytes: readonly number[];
}

const leafKinds: Record<string, readonly [signed: RootKind, unsigned: RootKind]> = {
  TLeafF: ["float32", "float32"],
  TLeafD: ["float64", "float64"],
  TLeafB: ["int8", "uint8"],
  TLeafS: ["int16", "uint16"],
  TLeafI: ["int32", "uint32"],
  TLeafL: ["int64", "uint64"],
  TLeafG: ["int64", "uint64"],
  TLeafO: ["bool", "bool"],
};

/** Why the values of a branch cannot be read as numbers, or undefined when they can. */
function unsupported(branch: TBranch): string | undefined {
  const leaves = branch.fLeaves.arr;
  const [leaf] = leaves;
  if (branch.fBranches.arr.length > 0) return `an object split into ${branch.fBranches.arr.length} branches`;
  if (leaf === undefined) return "a branch without leaf";
  if (leaves.length > 1)
    return `${leaves.length} leaves (${leaves.map((l) => l.fName).join(", ")}) in one branch`;
  if (leaf._typename === "TLeafC") return "strings";
  if (!(leaf._typename in leafKinds) || branch._typename !== "TBranch")
    return `objects (${branch._typename}, ${leaf._typename})`;
  if (branch.fFileName !== "") return `in another file, '${branch.fFileName}'`;
  if (branch.fBaskets.arr.some((basket) => basket !== null))
    return "baskets kept in the tree's header, as a crashed job leaves them";
  return undefined;
}

function describe(branch: TBranch, nameOfLeaf: ReadonlyMap<TLeaf, string>): BranchLayout | UnsupportedBranch {
  const { fName: name, fTitle: title, fWriteBasket: basketCount } = branch;
  const [leaf] = branch.fLeaves.arr;
  const kinds = leaf && leafKinds[leaf._typename];
  const reason = unsupported(branch);
  if (reason !== undefined || !leaf || !kinds)
    return { name, title, kind: "unsupported", reason: reason ?? "objects" };
  const counter = leaf.fLeafCount ? nameOfLeaf.get(leaf.fLeafCount) : undefined;
  if (leaf.fLeafCount && counter === undefined)
    throw new Error(`branch '${name}' is counted by a leaf of no branch`);
  return {
    name,
    title,
    kind: kinds[leaf.fIsUnsigned ? 1 : 0],
    ...(counter === undefined ? {} : { counter }),
    length: leaf.fLen,
    firstEntries: [...numbers(branch.fBasketEntry, basketCount), Number(branch.fEntries)],
    positions: numbers(branch.fBasketSeek, basketCount),
    sizesBytes: numbers(branch.fBasketBytes, basketCount),
  };
}

function numbers(values: ArrayLike<number | bigint>, count: number): number[] {
  if (!(count >= 0 && count <= values.length))
    throw new Error(`a branch has ${count} baskets and lists ${values.length}`);
  return Array.from({ length: count }, (_, i) => Number(values[i]));
}

/** All top-level branches of a tree by name. */
export function readBranches(tree: TTree): Map<string, BranchLayout | UnsupportedBranch> {
  const nameOfLeaf = new Map<TLeaf, string>();
  for (const branch of tree.fBranches.arr) {
    for (const leaf of branch.fLeaves.arr) nameOfLeaf.set(leaf, branch.fName);
  }
  return new Map(tree.fBranches.arr.map((branch) => [branch.fName, describe(branch, nameOfLeaf)]));
}

/** What is impossible about a supported branch of a tree with `entryCount` entries, or undefined: a corrupt header shows here. */
export function findContradiction(layout: BranchLayout, entryCount: number): string | undefined {
  const { firstEntries, length } = layout;
  if (!(length >= 1 && length < 2 ** 24)) return `a leaf of ${length} values`;
  if (firstEntries.at(-1) !== entryCount)
    return `${firstEntries.at(-1)} entries where the tree has ${entryCount}`;
  if (entryCount > 0 && firstEntries[0] !== 0) return "no basket for its first entry";
  const disordered = firstEntries.findIndex((first, i) => i > 0 && !(first > (firstEntries[i - 1] ?? 0)));
  return disordered > 0 && entryCount > 0 ? `baskets out of order (number ${disordered})` : undefined;
}
