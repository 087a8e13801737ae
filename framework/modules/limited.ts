/**
 * `limited` modules: as global, but at most `concurrencyLimit` events at once in the whole job. Every limited module
 * has that untracked parameter; put `...limited.description` into the description.
 */
import { untracked } from "../parameters/description.js";
import * as global from "./global.js";

export const description = {
  concurrencyLimit: untracked.uint32(1, { comment: "events at once in the whole job" }),
};

export abstract class EDProducer extends global.EDProducer {
  static override readonly concurrency: string = "limited";
}
export abstract class EDFilter extends global.EDFilter {
  static override readonly concurrency: string = "limited";
}
export abstract class EDAnalyzer extends global.EDAnalyzer {
  static override readonly concurrency: string = "limited";
}
