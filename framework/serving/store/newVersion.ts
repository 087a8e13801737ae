/** The version that a model gets where none is given: 16 characters, later ones sort behind earlier ones. */
import { randomBytes } from "node:crypto";

/** In the order of their codes, so that texts sort as numbers do: that of RFC 4648's base32hex. */
const digits = "0123456789abcdefghijklmnopqrstuv";
const randomBits = 28n;
const length = 16;

let lastUs = 0;

/** Microseconds since 1970, a later number at each call in this thread. */
export function nowUs(): number {
  const now = Math.floor(1000 * (performance.timeOrigin + performance.now()));
  lastUs = Math.max(now, lastUs + 1);
  return lastUs;
}

/** 52 bits of time, which last until 2112, and 28 random ones for those who ask in the same microsecond. */
export function newVersion(timeUs: number): string {
  const random = BigInt(randomBytes(4).readUInt32BE() >>> 4);
  let number = (BigInt(timeUs) << randomBits) | random;
  let text = "";
  for (let i = 0; i < length; i++) {
    text = digits[Number(number & 31n)] + text;
    number >>= 5n;
  }
  return text;
}

/** As Python's datetime.isoformat() has it, in UTC. */
export function isoTime(timeUs: number): string {
  const [seconds] = new Date(timeUs / 1000).toISOString().split(".");
  return `${seconds}.${String(timeUs % 1_000_000).padStart(6, "0")}+00:00`;
}

/** What isoTime gives, or another ISO time, as microseconds; NaN for none. */
export function parseIsoTime(text: string): number {
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? "";
  const wholeSeconds = Date.parse(text.replace(/\.\d+/, ""));
  return 1000 * wholeSeconds + Number(fraction.padEnd(6, "0").slice(0, 6));
}
