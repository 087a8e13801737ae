/** Suites that need a program which not every machine has: where it is missing they are passed over, and that is said aloud. */
import { describe } from "vitest";

export type Suite = ReturnType<typeof describe.skipIf>;

/**
 * `describe` for such a suite.
 * @param isThere whether the program was found
 * @param missing what to say where it was not
 * @param required the value of a variable that is "1" where it must be there: the suite then runs, and fails without it
 */
export function suiteThatNeeds(isThere: boolean, missing: string, required?: string): Suite {
  const runs = isThere || required === "1";
  if (!runs) process.stderr.write(`${missing}\n`);
  return describe.skipIf(!runs);
}
