/** Batch rules and strategies: the expectations of cms-tfaot's own test, and every way to get a rule wrong. */
import { describe, expect, it } from "vitest";
import { BatchRule } from "../../../../framework/aot/tfaot/BatchRule.js";
import { BatchStrategy } from "../../../../framework/aot/tfaot/BatchStrategy.js";

describe("BatchRule", () => {
  it("has its padding from the string", () => {
    const rule = new BatchRule("5:2,2,2");
    expect(rule).toMatchObject({ batchSize: 5, sizes: [2, 2, 2], lastPadding: 1 });
    expect(String(rule)).toBe("BatchRule(batchSize=5, sizes=2,2,2, lastPadding=1)");
    expect(BatchRule.fromString(" 6 : 4 , 4 ")).toMatchObject({
      batchSize: 6,
      sizes: [4, 4],
      lastPadding: 2,
    });
    expect(new BatchRule(3, [1, 1, 1]).lastPadding).toBe(0);
  });

  it.each([
    [[1, []], "EmptySizes", "a rule needs at least one compiled size"],
    [["5:"], "EmptySizes", "a rule needs at least one compiled size"],
    [[3, [2, 2], 2], "WrongPadding", "the padding 2 must be less than the last size 2"],
    [["2:2,2"], "WrongPadding", "the padding 2 must be less than the last size 2"],
    [[4, [2, 2], 1], "WrongBatchSize", "the sizes without the padding make 3 rows, not 4"],
    [[5, [2, 2]], "WrongBatchSize", "the sizes without the padding make 4 rows, not 5"],
    [["5:2,2"], "InvalidBatchRule", "its sizes hold 4 rows, less than the batch of 5"],
    [["5"], "InvalidBatchRule", "'5' is no batch rule; it is written"],
    [["5:2,x"], "InvalidBatchRule", "'5:2,x' is no batch rule"],
    [["5:2,,3"], "InvalidBatchRule", "'5:2,,3' is no batch rule"],
    [["5:0,5"], "InvalidBatchRule", "must be whole numbers"],
    [[1.5, [1]], "InvalidBatchRule", "must be whole numbers"],
  ])("refuses %j with %s", (args, category, message) => {
    const make = () => new BatchRule(...(args as [number, number[], number]));
    expect(make).toThrow(expect.objectContaining({ category, message: expect.stringContaining(message) }));
  });
});

describe("BatchStrategy", () => {
  it("makes default rules: the exact size, else the smallest, padded", () => {
    const strategy = new BatchStrategy();
    expect(strategy.setDefaultRule(1, [1, 2, 4]).sizes).toEqual([1]);
    expect(strategy.setDefaultRule(4, [1, 2, 4]).sizes).toEqual([4]);
    expect(strategy.setDefaultRule(3, [4, 2])).toMatchObject({ sizes: [2, 2], lastPadding: 1 });
    expect(strategy.getRule(3)).toMatchObject({ sizes: [2, 2], lastPadding: 1 });
    expect(() => strategy.setDefaultRule(3, [])).toThrow(
      expect.objectContaining({ category: "UnknownBatchSize" }),
    );
  });

  it("overwrites a rule, and knows which it has", () => {
    const strategy = new BatchStrategy();
    strategy.setRule("5:1,4");
    strategy.setRule(new BatchRule("5:2,2,2"));
    expect(strategy.hasRule(5)).toBe(true);
    expect(strategy.hasRule(2)).toBe(false);
    expect(strategy.getRule(5).sizes).toEqual([2, 2, 2]);
    expect(() => strategy.getRule(7)).toThrow("no batch rule for batch size 7; there are 5.");
    expect(() => new BatchStrategy().getRule(7)).toThrow("no batch rule for batch size 7; there is none.");
  });
});
