/** What is thrown, as tests of bad input hold it against what a user should read. */
import { expect } from "vitest";
import type { Exception } from "../../../../framework/base/errors.js";

/** Category and message of what is thrown, which is a single line and a single sentence. */
export function failure(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    const { category, message } = error as Exception;
    expect(message).toMatch(/^[^\n]*[^.]\.$/);
    expect(message).not.toMatch(/\. [A-Z]/);
    return `${category}: ${message}`;
  }
  throw new Error("nothing was thrown");
}
