/** Which nodes this thread did not compile, and why: for --explain and the job's report. */

const reasons = new Set<string>();
const maxReasons = 1000;

/** `reason` is a whole sentence without its full stop. */
export function noteUncompiled(reason: string): void {
  if (reasons.size < maxReasons) reasons.add(reason);
}

/** What was noted since the last call. */
export function takeUncompiled(): string[] {
  const taken = [...reasons];
  reasons.clear();
  return taken;
}
