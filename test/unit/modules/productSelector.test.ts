import { describe, expect, it } from "vitest";
import { type BranchDescription, branchName } from "../../../framework/data/BranchDescription.js";
import { selectProducts } from "../../../framework/modules/productSelector.js";

const branch = (type: string, label: string, instance: string, process: string): BranchDescription => ({
  type,
  label,
  instance,
  process,
});
const branches = [
  branch("JetScores", "scores", "", "TEST"),
  branch("JetScores", "scores", "raw", "TEST"),
  branch("JetScores", "other", "", "HLT"),
  branch("JetCollection", "Jet", "", "NANO"),
];
const [scores, raw, other, jets] = branches.map(branchName);
const kept = (rules: readonly string[]) =>
  selectProducts(rules, branches, (b) => b, "module 'out'").map(branchName);

it.each([
  [[], [scores, raw, other, jets]],
  [["keep *"], [scores, raw, other, jets]],
  [["drop *"], []],
  [["keep *", "drop *", "keep JetCollection_*_*_*"], [jets]],
  [
    ["drop *", "keep *_scores_*_*"],
    [scores, raw],
  ],
  [["keep *_scores__*"], [scores]],
  [["keep *_scores_r?w_TEST"], [raw]],
  [
    ["keep Jet*_*_*_*", "drop *_*_*_HLT"],
    [scores, raw, jets],
  ],
  [["drop *_*_*_*", "keep *_*_*_HLT"], [other]],
  [["keep  JetScores_other_*_*"], [other]],
  [["keep\tJetScores_other_*_*"], [other]],
  [["keep JetScore_*_*_*"], []],
  [["keep JetScores_Scores_*_*"], []],
])("outputCommands %j: the last rule that matches a whole name wins, from dropped", (rules, expected) => {
  expect(kept(rules)).toEqual(expected);
});

describe("a malformed rule", () => {
  it.each([
    ["keep", "it is too short"],
    ["save *_*_*_*", "it must begin with keep or drop"],
    ["keeps *_*_*_*", "a blank must follow keep or drop"],
    ["keep JetScores", "it has 1 fields where 4 are needed"],
    ["keep a_b_c_d_e", "it has 5 fields where 4 are needed"],
    ["drop *_sco-res_*_*", "fields are letters, digits, * and ?"],
  ])("%j is a Configuration error that names the parameter and the owner", (rule, why) => {
    const message = `module 'out': outputCommands rule '${rule}': ${why}`;
    expect(() => kept([rule])).toThrowError(
      expect.objectContaining({ category: "Configuration", message: expect.stringContaining(message) }),
    );
  });
});
