import { afterEach, describe, expect, it } from "vitest";
import { type LogMessage, setLogSink } from "../../../../framework/base/log.js";
import { isoTime, newVersion, nowUs, parseIsoTime } from "../../../../framework/serving/store/newVersion.js";
import { Tag } from "../../../../framework/serving/store/Tag.js";

const messages: LogMessage[] = [];
setLogSink((message) => messages.push(message));
afterEach(() => {
  messages.length = 0;
});

describe("a tag", () => {
  it.each([
    ["my_model", "my_model", undefined],
    ["my_model:latest", "my_model", "latest"],
    ["a.b-c_9:1.0-rc.1", "a.b-c_9", "1.0-rc.1"],
    ["0:0", "0", "0"],
  ])("%s is read", (text, name, version) => {
    const tag = Tag.parse(text);
    expect([tag.name, tag.version, String(tag)]).toEqual([name, version, text]);
    expect(messages).toEqual([]);
  });

  it.each([
    ["name:", "it ends in ':'"],
    ["", "its name is empty"],
    [":v1", "its name is empty"],
    ["a:b:c", "it has more than one ':'"],
    ["_a", "its name '_a' is none"],
    ["a-", "its name 'a-' is none"],
    ["a/b", "its name 'a/b' is none"],
    ["..", "its name '..' is none"],
    ["a:../b", "its version '../b' is none"],
    ["a b", "its name 'a b' is none"],
    ["é", "its name 'é' is none"],
    ["a:v1.", "its version 'v1.' is none"],
    ["a".repeat(64), "at most 63 characters"],
    [`a:${"b".repeat(64)}`, "at most 63 characters"],
    ["a\n", "its name 'a\n' is none"],
  ])("%j is refused", (text, why) => {
    expect(() => Tag.parse(text)).toThrow(expect.objectContaining({ category: "InvalidTag" }));
    expect(() => Tag.parse(text)).toThrow(why);
  });

  it("may have 63 characters in each part", () => {
    expect(String(Tag.parse(`${"a".repeat(63)}:${"b".repeat(63)}`))).toHaveLength(127);
  });

  it("is written in small letters, with a warning for each part", () => {
    expect(String(Tag.parse("MyModel:V1"))).toBe("mymodel:v1");
    expect(messages.map(({ severity, text }) => `${severity} ${text}`)).toEqual([
      "WARNING the name 'MyModel' of a model is written in small letters: 'mymodel'",
      "WARNING the version 'V1' of a model is written in small letters: 'v1'",
    ]);
  });

  it("is ordered by name, then by version", () => {
    const tags = ["b:1", "a:2", "a:10", "a", "b"].map(Tag.parse);
    expect(tags.sort(Tag.compare).map(String)).toEqual(["a", "a:10", "a:2", "b", "b:1"]);
  });
});

describe("a new version", () => {
  it("is a tag's, and sorts behind those made before", () => {
    const versions = Array.from({ length: 1000 }, () => newVersion(nowUs()));
    expect(new Set(versions).size).toBe(1000);
    expect([...versions].sort()).toEqual(versions);
    for (const version of versions) expect(version).toMatch(/^[0-9a-v]{16}$/);
    expect(String(new Tag("a", versions[0]))).toBe(`a:${versions[0]}`);
  });

  it("holds the time until 2112", () => {
    const last = Date.UTC(2112, 0) * 1000;
    expect(newVersion(last) > newVersion(last - 1)).toBe(true);
    expect(newVersion(last)).toHaveLength(16);
  });
});

describe("a creation time", () => {
  it("is read as written, to the microsecond", () => {
    const timeUs = 1_795_258_015_473_356;
    expect(isoTime(timeUs)).toBe("2026-11-21T10:46:55.473356+00:00");
    for (const us of [timeUs, timeUs + 1, 0, 999_999, nowUs()]) expect(parseIsoTime(isoTime(us))).toBe(us);
  });

  it("may be another form of ISO time", () => {
    expect(parseIsoTime("2026-11-21T10:46:55Z")).toBe(1_795_258_015_000_000);
    expect(parseIsoTime("2026-11-21T11:46:55.5+01:00")).toBe(1_795_258_015_500_000);
    expect(parseIsoTime("yesterday")).toBeNaN();
  });
});
