/** What a model is called: name:version, as BentoML has it. */
import { Exception } from "../../base/errors.js";
import { LogWarning } from "../../base/log.js";

const part = /^[a-z0-9]([-._a-z0-9]*[a-z0-9])?$/;
const longestPart = 63;
const rule = `begins and ends with a letter or digit, has letters, digits, "-", "." and "_", and at most ${longestPart} characters`;

export class Tag {
  readonly name: string;
  readonly version: string | undefined;

  /** Capital letters become small ones, with a warning. @throws InvalidTag saying which part is wrong, and why */
  constructor(name: string, version?: string) {
    const whole = version === undefined ? name : `${name}:${version}`;
    this.name = checked("name", name, whole);
    this.version = version === undefined ? undefined : checked("version", version, whole);
  }

  /** "name" or "name:version". @throws InvalidTag */
  static parse(text: string): Tag {
    if (typeof text !== "string") throw invalid(String(text), "it is no text");
    const [name = "", version, ...rest] = text.split(":");
    if (version === "")
      throw invalid(text, "it ends in ':'; leave the colon out, or give the version behind it");
    if (rest.length > 0) throw invalid(text, "it has more than one ':'; a tag is name:version");
    return new Tag(name, version);
  }

  static from(tag: Tag | string): Tag {
    return typeof tag === "object" && tag !== null ? tag : Tag.parse(tag);
  }

  /** By name, then by version; without one first. The order in which versions were made, where the store made them. */
  static compare(a: Tag, b: Tag): number {
    return order(a.name, b.name) || order(a.version ?? "", b.version ?? "");
  }

  /** Whether it means the newest of its name. */
  get isLatest(): boolean {
    return this.version === undefined || this.version === "latest";
  }

  toString(): string {
    return this.version === undefined ? this.name : `${this.name}:${this.version}`;
  }
}

function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function checked(what: "name" | "version", given: string, whole: string): string {
  if (typeof given !== "string") throw invalid(whole, `its ${what} is no text; put it in quotes`);
  const lowered = given.toLowerCase();
  if (given === "") throw invalid(whole, `its ${what} is empty`);
  if (!part.test(lowered) || lowered.length > longestPart)
    throw invalid(whole, `its ${what} '${given}' is none: a ${what} ${rule}`);
  if (lowered !== given)
    LogWarning("ModelStore", `the ${what} '${given}' of a model is written in small letters: '${lowered}'`);
  return lowered;
}

function invalid(tag: string, why: string): Exception {
  return new Exception("InvalidTag", `'${tag}' is no tag of a model: ${why}.`);
}
