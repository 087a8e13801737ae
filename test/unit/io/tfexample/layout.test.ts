import { describe, expect, it } from "vitest";
import { descriptionPaths } from "../../../../framework/io/tfexample/describeExamples.js";
import { temporaryFolder } from "../sample.js";
import { branchesOf, layoutOf } from "./examples.js";

const { flat, rows, nested } = branchesOf(temporaryFolder());
const all = [flat, rows, nested];
const names = (rules: string[], options = {}) =>
  layoutOf(rules, all, options).features.map(({ name }) => name);
const ids = ["run", "luminosityBlock", "event"];

describe("rules for columns", () => {
  it.each([
    ["a label and a field", ["row.f"], ["row_f"]],
    ["a type and a label", ["Rows_row.f"], ["row_f"]],
    ["a whole branch name", ["Rows_row__TEST.f"], ["row_f"]],
    ["a name of its own", ["pt = row.f"], ["pt"]],
    ["their order", ["row.i", "row.f"], ["row_i", "row_f"]],
    ["one column twice, under two names", ["row.f", "g=row.f"], ["row_f", "g"]],
    ["the same rule twice as once", ["row.f", "row.*f"], ["row_f"]],
    ["wildcards in the field", ["row.u*"], ["row_u", "row_ul"]],
  ])("take %s", (_, rules, expected) => {
    expect(names(rules, { rowCounts: false })).toEqual([...ids, ...expected]);
  });

  it("count the rows of what is in lists", () => {
    expect(names(["all.f", "row.f", "row.i"])).toEqual([...ids, "nrow", "all_f", "row_f", "row_i"]);
    expect(names(["all.f", "row.f"], { granularity: "row" })).toEqual([...ids, "row", "all_f", "row_f"]);
  });

  it.each([
    ["a misspelt label", ["rwo.f"], "there is no product 'rwo'; did you mean 'row'?"],
    [
      "a misspelt type",
      ["Rosw_row.f"],
      "there is no product of type 'Rosw' labelled 'row'; did you mean 'Rows'?",
    ],
    ["a misspelt field", ["row.fx"], "Rows_row__TEST. has no field 'fx'; did you mean 'f'?"],
    [
      "a typed product that is not there",
      ["JetTruth_Jet.flavour"],
      "there is no product 'Jet'; known: 'all', 'deep', 'row'.",
    ],
    ["a product that nobody reads", ["Jet.hadronFlavour"], "to read it for this, name its type"],
    ["text", ["row f"], 'it is no such rule; write "label.field"'],
    ["too many parts", ["a_b_c_d_e.f"], "it is no such rule"],
    ["one name for several columns", ["x=row.*"], "one name cannot stand for several columns"],
    [
      "two features of one name",
      ["f=row.f", "f=all.f"],
      "two features have the name 'f': Rows_row__TEST.f and Flat_all__TEST.f",
    ],
    [
      "a name that the event's id has",
      ["run=row.f"],
      "two features have the name 'run': the event's run and Rows_row__TEST.f",
    ],
    ["a nested message", ["deep.one"], "'Nested_deep__TEST.one' is a nested message"],
  ])("refuse %s", (_, rules, message) => {
    const refusing = () => names(rules);
    expect(refusing).toThrow(message);
    expect(refusing).toThrow(/^module 'records' \(TFRecordOutputModule\): /);
  });

  it("refuse a double until it may be rounded", () => {
    expect(() => names(["row.d"], { doubleAsFloat: false })).toThrow(
      /'Rows_row__TEST\.d' is a double; .* set doubleAsFloat/,
    );
    expect(names(["row.d"])).toContain("row_d");
  });

  it("refuse rows without a column of rows", () => {
    expect(() => names(["all.f"], { granularity: "row" })).toThrow(/granularity "row" needs a column/);
  });
});

it.each([
  ["train.tfrecord", "train.features.json", "train_features.py"],
  ["out/train.tfrecords.gz", "out/train.features.json", "out/train_features.py"],
  ["2024-jets", "2024-jets.features.json", "_2024_jets_features.py"],
])("%s is described in %s and %s", (path, json, python) => {
  expect(descriptionPaths(path)).toEqual({ json, python });
});
