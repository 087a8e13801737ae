/** The identity of an event, which is also a parameter type. */
export type { EventID } from "../parameters/kinds.js";
