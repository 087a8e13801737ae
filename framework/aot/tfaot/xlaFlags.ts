/** XLA's own flags: our compiler has a counterpart for one, the others are accepted and named as ignored. */

export interface XlaFlags {
  readonly applied: readonly string[];
  readonly ignored: readonly string[];
  readonly fastMath: boolean;
}

const fastMathFlag = /^--xla_cpu_enable_fast_math(?:=(true|false|1|0))?$/;

/** The last flag of a kind counts, as in XLA. */
export function sortXlaFlags(flags: readonly string[]): XlaFlags {
  const applied = flags.filter((flag) => fastMathFlag.test(flag));
  const [, value = "true"] = fastMathFlag.exec(applied.at(-1) ?? "--xla_cpu_enable_fast_math=false") ?? [];
  const ignored = flags.filter((flag) => !applied.includes(flag));
  return { applied, ignored, fastMath: value === "true" || value === "1" };
}

/** "--a --b=c" as flags. */
export function splitFlags(text: string): string[] {
  return text.split(/\s+/).filter((flag) => flag !== "");
}
