/** Which formula of sizes a number follows: what a traced function computed from shapes in JavaScript. */

/** product of the factors × times + plus; reciprocal: times / product. Without factors: plus. */
export interface SizeFormula {
  /** Indices of sizes, at most two. */
  readonly factors: readonly number[];
  readonly times: number;
  readonly plus: number;
  readonly isReciprocal: boolean;
}

/** float32 has 24 bits. */
const tolerance = 1e-6;

/**
 * The simplest formula that gives `values[i]` for the sizes i of every measure: a constant, a size, a product of two, a
 * multiple or fraction of these, a sum. undefined where none does.
 */
export function fitSizes(
  values: readonly number[],
  measures: readonly (readonly number[])[],
): SizeFormula | undefined {
  const [first = 0] = values;
  const constant = { factors: [], times: 0, plus: first, isReciprocal: false };
  if (values.every((value) => Object.is(value, first))) return constant;
  const products = [
    ...measures.map((_, i) => [i]),
    ...measures.flatMap((_, i) => measures.slice(i).map((_, j) => [i, i + j])),
  ];
  const kinds = [proportional, shifted, affine, reciprocal];
  for (const kind of kinds) {
    for (const factors of products) {
      const base = values.map((_, run) => factors.reduce((size, i) => size * (measures[i]?.[run] ?? 0), 1));
      const formula = kind(values, base);
      if (formula) return { ...formula, factors };
    }
  }
  return undefined;
}

type Fit = (values: readonly number[], base: readonly number[]) => Omit<SizeFormula, "factors"> | undefined;

const proportional: Fit = (values, base) => {
  const times = tidy((values[0] as number) / (base[0] as number));
  return holds(values, base, (size) => size * times) && isExact(values, times)
    ? { times, plus: 0, isReciprocal: false }
    : undefined;
};

const shifted: Fit = (values, base) => {
  const plus = tidy((values[0] as number) - (base[0] as number));
  return holds(values, base, (size) => size + plus) ? { times: 1, plus, isReciprocal: false } : undefined;
};

const affine: Fit = (values, base) => {
  const [v0, v1] = values as [number, number];
  const [b0, b1] = base as [number, number];
  const times = tidy((v1 - v0) / (b1 - b0));
  const plus = tidy(v0 - times * b0);
  return holds(values, base, (size) => size * times + plus) && isExact(values, times)
    ? { times, plus, isReciprocal: false }
    : undefined;
};

const reciprocal: Fit = (values, base) => {
  const times = tidy((values[0] as number) * (base[0] as number));
  const isWhole = values.every(Number.isInteger);
  return !isWhole && holds(values, base, (size) => times / size)
    ? { times, plus: 0, isReciprocal: true }
    : undefined;
};

function holds(
  values: readonly number[],
  base: readonly number[],
  formula: (size: number) => number,
): boolean {
  return values.every((value, i) => {
    const expected = formula(base[i] as number);
    return Math.abs(value - expected) <= tolerance * Math.max(Math.abs(value), Math.abs(expected));
  });
}

/** Whole numbers come from whole numbers: 3/2 of a size is not whole for every size. */
function isExact(values: readonly number[], times: number): boolean {
  return Number.isInteger(times) || !values.every(Number.isInteger);
}

/** A whole number where float32 left a little more or less. */
function tidy(value: number): number {
  const whole = Math.round(value);
  return Math.abs(value - whole) <= tolerance * Math.max(1, Math.abs(whole)) ? whole : value;
}
