/** What is held stays found, what nobody holds is forgotten, key and all. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { WeakValues } from "../../../framework/base/WeakValues.js";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

it("finds values that somebody holds, and forgets the keys of the others", async () => {
  const values = new WeakValues<number, { number: number }>();
  const held = Array.from({ length: 10 }, (_, number) => ({ number }));
  for (const value of held) values.set(value.number, value);
  for (let number = 10; number < 1000; number++) values.set(number, { number });
  for (let turn = 0; turn < 50 && values.get(10); turn++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    gc();
  }
  values.set(-1, held[0] as { number: number });
  expect(values.size).toBeLessThan(20);
  for (const value of held) expect(values.get(value.number)).toBe(value);
  expect(values.get(-1)).toBe(held[0]);
  values.delete(-1);
  expect(values.get(-1)).toBeUndefined();
});
