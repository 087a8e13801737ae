/** The token that clients must show, compared in a time that says nothing about it. */
import { timingSafeEqual } from "node:crypto";

const scheme = "Bearer ";

export class BearerToken {
  readonly #expected: Buffer;

  constructor(token: string) {
    this.#expected = Buffer.from(token);
  }

  /** Whether an Authorization header has it. */
  isIn(header: string | undefined): boolean {
    if (header === undefined || header.slice(0, scheme.length).toLowerCase() !== "bearer ") return false;
    const given = Buffer.from(header.slice(scheme.length));
    const expected = this.#expected;
    const isAsLong = given.length === expected.length;
    return timingSafeEqual(isAsLong ? given : expected, expected) && isAsLong;
  }
}
