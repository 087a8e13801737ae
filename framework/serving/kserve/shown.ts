/** What a client sent, as a message shows it: short, whatever it is. */

const maxShown = 100;

/** Text, cut off where it is long. */
export function shownName(name: string): string {
  return name.length > maxShown ? `${name.slice(0, maxShown)}…` : name;
}

/** A value of JSON; lists and objects may be as deep as they like. */
export function shownValue(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "string" ? JSON.stringify(shownName(value)) : String(value);
}
