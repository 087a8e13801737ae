import { expect, it } from "vitest";
import { ordinalSuffix, progressLine } from "../../../framework/engine/progress.js";

it("ordinals are English ones", () => {
  const expected = [
    "1st",
    "2nd",
    "3rd",
    "4th",
    "10th",
    "11th",
    "12th",
    "13th",
    "20th",
    "21st",
    "22nd",
    "23rd",
    "101st",
    "111th",
    "112th",
    "113th",
    "121st",
    "1011th",
  ];
  const numbers = expected.map((text) => Number.parseInt(text, 10));
  expect(numbers.map((n) => `${n}${ordinalSuffix(n)}`)).toEqual(expected);
});

it("a progress line is CMSSW's", () => {
  const line = progressLine(20, 1, 69374552, 94132, 3);
  expect(line).toMatch(
    /^Begin processing the 21st record\. Run 1, Event 69374552, LumiSection 94132 on stream 3 at \d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d UTC$/,
  );
});
