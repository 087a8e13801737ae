import { describe, expect, it } from "vitest";
import type { Exception } from "../../../../framework/base/errors.js";
import { io } from "../../../../framework/serving/service/io.js";
import { Service } from "../../../../framework/serving/service/Service.js";

const echo = (value: unknown) => value;

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return `${(error as Exception).category}: ${(error as Exception).message}`;
  }
  return "";
}

describe("a service", () => {
  it("has its functions in the order they were added", () => {
    const service = new Service({ name: "s" });
    service
      .api("b", { input: JSON, output: JSON }, echo)
      .api("a", { input: io.Text(), output: io.Text(), doc: "Says it again" }, (text) => text);
    expect(service.apis.map(({ name, doc }) => [name, doc])).toEqual([
      ["b", undefined],
      ["a", "Says it again"],
    ]);
  });

  it("takes JavaScript's own JSON for io.JSON()", () => {
    const service = new Service({ name: "s" });
    service.api("a", { input: JSON, output: JSON }, echo);
    const [api] = service.apis;
    expect(api?.input.mimeType).toBe("application/json");
    expect(api?.input.decode(Buffer.from("[1]"))).toEqual([1]);
    expect(api?.output.encode([1])).toBe("[1]");
  });

  it.each(["", "-a", "a b", "a/b", "x".repeat(64), undefined])(
    "cannot be named '%s', nor its functions",
    (name) => {
      expect(messageOf(() => new Service({ name: name as string }))).toMatch(
        /^Configuration: a service cannot be named/,
      );
      const service = new Service({ name: "s" });
      const add = () => service.api(name as string, { input: JSON, output: JSON }, echo);
      expect(messageOf(add)).toMatch(/^Configuration: service 's': an API cannot be named/);
    },
  );

  it("refuses two runners whose names differ in case only", () => {
    const runners = [{ name: "Mine" }, { name: "mine" }];
    expect(messageOf(() => new Service({ name: "s", runners }))).toMatch(
      /two of its runners are named 'mine'/,
    );
  });

  it("refuses what is misspelt, taken or no function", () => {
    const service = new Service({ name: "s" });
    const options = { input: JSON, output: JSON };
    service.api("a", options, echo);
    expect(messageOf(() => service.api("a", options, echo))).toMatch(/there is one already/);
    expect(messageOf(() => service.api("v2", options, echo))).toMatch(/path of its own/);
    const misspelt = { ...options, dok: "x" } as never;
    expect(messageOf(() => service.api("b", misspelt, echo))).toMatch(
      /unknown option 'dok'; did you mean 'doc'/,
    );
    expect(messageOf(() => service.api("b", options, 1 as never))).toMatch(
      /third argument must be a function/,
    );
    const none = { input: JSON } as never;
    expect(messageOf(() => service.api("b", none, echo))).toMatch(/its output must be JSON, io\.JSON/);
    expect(service.apis).toHaveLength(1);
  });

  it("types its functions by their descriptors", () => {
    const service = new Service({ name: "s" });
    service.api("rows", { input: io.NumpyNdarray(), output: JSON }, ({ shape }) => shape.length);
    // @ts-expect-error: text is no tensor
    service.api("wrong", { input: io.Text(), output: JSON }, ({ shape }) => shape);
    // @ts-expect-error: a number is no text
    service.api("wrongOutput", { input: JSON, output: io.Text() }, () => 1);
    expect(service.apis).toHaveLength(3);
  });
});
