/** Numbers as people read them, in three digits. Used by the terminal and by the page of the graph alike. */

const steps = ["", "k", "M", "G", "T", "P"];

function scaled(value: number): { readonly digits: string; readonly prefix: string } {
  let step = 0;
  let rest = value;
  while (rest >= 999.5 && step < steps.length - 1) {
    rest /= 1000;
    step++;
  }
  const whole = step === 0 && Number.isInteger(rest);
  return { digits: whole ? String(rest) : rest.toPrecision(3), prefix: steps[step] as string };
}

/** 4 530 000 → "4.53 M" */
export function countText(value: number): string {
  const { digits, prefix } = scaled(value);
  return `${digits} ${prefix}`.trimEnd();
}

/** 4530000 → "4 530 000", with spaces that do not break. */
export function integerText(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** (4530000, "FLOP") → "4.53 MFLOP" */
export function unitText(value: number, unit: string): string {
  const { digits, prefix } = scaled(value);
  return `${digits} ${prefix}${unit}`;
}

/** 4096 → "4.10 kB" */
export function bytesText(value: number): string {
  return unitText(value, "B");
}

/** Always in µs, as many digits as mean something. */
export function microsecondsText(us: number): string {
  return us >= 100 ? us.toFixed(0) : us >= 10 ? us.toFixed(1) : us.toFixed(2);
}
