/** A product that lives in memory only. */
import { transient } from "#framework";

export const Thing = transient<() => number>("Thing");
