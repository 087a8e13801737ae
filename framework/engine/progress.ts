/** CMSSW's progress line, one an event. */
import { timestamp } from "../base/errors.js";

/** 1st, 2nd, 3rd, 4th … 11th, 12th, 13th … 21st … 111th. */
export function ordinalSuffix(n: number): string {
  const lastTwo = n % 100;
  if (lastTwo >= 11 && lastTwo <= 13) return "th";
  return ["th", "st", "nd", "rd"][n % 10] ?? "th";
}

/** `ordinal` counts from 0. */
export function progressLine(
  ordinal: number,
  run: number,
  event: number,
  lumi: number,
  streamID: number,
): string {
  const n = ordinal + 1;
  return `Begin processing the ${n}${ordinalSuffix(n)} record. Run ${run}, Event ${event}, LumiSection ${lumi} on stream ${streamID} at ${timestamp(new Date())}`;
}
