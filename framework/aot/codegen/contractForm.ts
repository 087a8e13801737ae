/**
 * In which form a contraction is computed. The form fixes the order in which an element's products are added, so it
 * depends on the target and on the sizes of k and n alone: a row has the same bits whatever the batch size is.
 */
import type { Target } from "../kernel/ir.js";
import type { ContractStep } from "../tensor/ir.js";
import { sizeOf } from "../tensor/View.js";

/** `split`: so many sums run side by side, each over every split-th product (dot: vector of products), added at the end. */
export type ContractForm =
  /**
   * Vectors along n. `panelVectors`: `right` is packed (contractPacking.ts) in panels of so many vectors, its stride
   * along n is that of whole panels; 0: it is read where it lies, contiguous along n.
   */
  | { readonly kind: "panel"; readonly panelVectors: number; readonly split: number }
  /** Vectors along the only k axis, where both operands are contiguous. */
  | { readonly kind: "dot"; readonly split: number }
  /** One element at a time: all but float32. */
  | { readonly kind: "scalar" };

/** What prepareContract gives: a step whose `right` (and, for dot, `left`) lies as the form wants it. */
export interface PreparedContract extends ContractStep {
  readonly form: ContractForm;
}

export type Panel = Extract<ContractForm, { kind: "panel" }>;
export type Dot = Extract<ContractForm, { kind: "dot" }>;

/** The form of a step that is not prepared is scalar, which takes operands as they are. */
export function formOf(step: ContractStep | PreparedContract): ContractForm {
  return "form" in step ? step.form : { kind: "scalar" };
}

export interface Sizes {
  /** Of m…, k… and n. */
  readonly m: readonly number[];
  readonly k: readonly number[];
  readonly n: number;
}

export function sizesOf({ out, left }: ContractStep): Sizes {
  const rank = out.rank - 1;
  return { m: out.shape.slice(0, rank), k: left.shape.slice(rank), n: out.shape[rank] as number };
}

/** More columns than this fill vectors better than partial sums do. */
const maxDotColumns = 4;

/** Whether vectors lie along k: only with one k axis, which then is or is made contiguous. */
export function isDot({ k, n }: Sizes, target: Target): boolean {
  const long = k.filter((size) => size > 1);
  return n <= maxDotColumns && long.length === 1 && (long[0] as number) >= 2 * target.lanes;
}

/** So many sums that a short row of vectors does not wait for each addition to end. */
export function dotSplit({ n }: Sizes): number {
  return n === 1 ? 4 : n === 2 ? 2 : 1;
}

/**
 * As dotSplit for panels. Only one k axis is split: with several, the rows decide which of them can be joined.
 */
export function panelSplit({ k, n }: Sizes, target: Target): number {
  const vectors = Math.ceil(n / target.lanes);
  const isLong = k.filter((size) => size > 1).length === 1 && sizeOf(k) >= 16;
  if (!isLong) return 1;
  if (target.name === "wasm") return vectors <= 3 ? 2 : 1;
  return vectors <= 4 ? 2 : 1;
}

/** Vectors of a panel: one packing serves all batch sizes. */
export function panelVectorsFor({ n }: Sizes, target: Target): number {
  const vectors = Math.ceil(n / target.lanes);
  const widest = target.vectorRegisters >= 32 ? 4 : 2;
  return vectors <= 3 ? vectors : widest;
}
