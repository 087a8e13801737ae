import { expect, it } from "vitest";
import { OpenFiles } from "../../../framework/modules/inputFiles.js";

it("keeps open the file being listed and the one being read, and no other", () => {
  const open = new Set<number>();
  const files = new OpenFiles(
    (file) => {
      open.add(file);
      return file;
    },
    (file) => open.delete(file),
  );
  const after = (call: () => number) => [call(), [...open].sort()];
  expect(after(() => files.list(0))).toEqual([0, [0]]);
  expect(after(() => files.read(0))).toEqual([0, [0]]);
  expect(after(() => files.list(1))).toEqual([1, [0, 1]]);
  expect(after(() => files.list(2))).toEqual([2, [0, 2]]);
  expect(after(() => files.read(1))).toEqual([1, [1, 2]]);
  expect(after(() => files.read(2))).toEqual([2, [2]]);
  files.close();
  expect(open.size).toBe(0);
});
