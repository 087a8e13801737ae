import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { ConfigExit, VarParsing } from "../../../framework/config/VarParsing.js";

const { singleton, list } = VarParsing.multiplicity;
const { int, float, bool, string } = VarParsing.varType;
const directory = mkdtempSync(join(tmpdir(), "varparsing-"));
afterAll(() => rmSync(directory, { recursive: true }));

function options(kind?: "analysis" | "standard" | "python") {
  const made = new VarParsing(kind);
  made.register("count", 1, singleton, int, "how many");
  made.register("ratio", 0.5, singleton, float);
  made.register("verbose", false, singleton, bool);
  made.register("names", ["x"], list, string);
  made.register("sizes", [], list, int);
  return made;
}

describe("VarParsing", () => {
  it("registers CMSSW's names: analysis and python alike, standard its own", () => {
    for (const kind of ["analysis", "python"] as const) {
      const {
        maxEvents,
        inputFiles,
        secondaryInputFiles,
        outputFile,
        secondaryOutputFile,
        totalSections,
        section,
      } = new VarParsing(kind);
      expect([
        maxEvents,
        inputFiles,
        secondaryInputFiles,
        outputFile,
        secondaryOutputFile,
        totalSections,
        section,
      ]).toEqual([-1, [], [], "output.edm", "", 0, 0]);
    }
    const standard = new VarParsing("standard").parseArguments([
      "files=/store/a,b",
      "storePrepend=root://x/",
    ]);
    expect([standard.files, standard.secondaryFiles, standard.output, standard.secondaryOutput]).toEqual([
      ["root://x//store/a", "b"],
      [],
      "output.edm",
      "",
    ]);
    expect(() => standard.inputFiles).toThrow("option 'inputFiles' is not registered");
  });

  it.each([
    ["count=0x1F", "count", 31],
    ["count=-0b11", "count", -3],
    ["count=+0o17", "count", 15],
    ["count=007", "count", 7],
    ["ratio=1e-3", "ratio", 0.001],
    ["ratio=-inf", "ratio", Number.NEGATIVE_INFINITY],
    ["ratio=nan", "ratio", Number.NaN],
    ["verbose=True", "verbose", true],
    ["verbose=on", "verbose", true],
    ["verbose=1", "verbose", true],
    ["verbose=f", "verbose", false],
    ["verbose=no", "verbose", false],
    ["names=a,b", "names", ["a", "b"]],
    ["names=a=b", "names", ["a=b"]],
    ["names=", "names", []],
    ["sizes=1,0x2", "sizes", [1, 2]],
    ["names_clear", "names", []],
  ])("reads %s", (argument, name, value) => {
    expect(options().parseArguments([argument])[name]).toEqual(value);
  });

  it("lets the command line replace a list's default once, then accumulate", () => {
    const parsed = options()
      .setDefault("inputFiles", "d1", "d2")
      .parseArguments(["inputFiles=a,b", "inputFiles=c"]);
    expect(parsed.inputFiles).toEqual(["a", "b", "c"]);
    expect(options().setDefault("inputFiles", ["d1", "d2"]).parseArguments([]).inputFiles).toEqual([
      "d1",
      "d2",
    ]);
    expect(options().setNoDefaultClear("names").parseArguments(["names=y"]).names).toEqual(["x", "y"]);
    expect(options().setNoCommaSplit("names").parseArguments(["names=a,b"]).names).toEqual(["a,b"]);
    expect(options().clearList("names").names).toEqual([]);
  });

  it("loads a list from a file, comments left out", () => {
    const file = join(directory, "files.txt");
    writeFileSync(file, "# all of them\na.root\n\n  b.root # good\nc.root,d.root\n");
    expect(options().parseArguments([`inputFiles_load=${file}`, "inputFiles=e"]).inputFiles).toEqual([
      "a.root",
      "b.root",
      "c.root",
      "d.root",
      "e",
    ]);
  });

  it("cuts the input files into sections that together are all of them", () => {
    const files = ["a", "b", "c", "d", "e"];
    const sections = [1, 2, 3].map(
      (section) =>
        options().parseArguments([`inputFiles=${files}`, "totalSections=3", `section=${section}`]).inputFiles,
    );
    expect(sections.flat()).toEqual(files);
    expect(sections.map((part) => part.length)).toEqual([1, 2, 2]);
  });

  it("tags an output name that is not given on the command line", () => {
    const output = (...args: string[]) => options().parseArguments(args).outputFile;
    expect(output("maxEvents=10")).toBe("output_numEvent10.edm");
    expect(output()).toBe("output.edm");
    expect(output("maxEvents=10", "outputFile=mine.edm")).toBe("mine.edm");
    const tagged = options().setDefault("outputFile", "dir.d/out").setDefault("maxEvents", 3);
    tagged.setupTags({ tag: "verbose", ifCond: ({ verbose }) => verbose });
    tagged.setupTags({ tag: "n%d", ifCond: () => true, tagArg: "count" });
    expect(tagged.parseArguments(["verbose=1"]).outputFile).toBe("dir.d/out_numEvent3_verbose_n1");
    expect(options().secondaryOutputFile).toBe("");
  });

  it("takes assigned values, checked by their type", () => {
    const parsed = options().parseArguments([]);
    parsed.maxEvents = 7;
    parsed.names = ["a", "b"];
    expect([parsed.maxEvents, parsed.names]).toEqual([7, ["a", "b"]]);
    expect(() => {
      parsed.maxEvents = "many" as never;
    }).toThrow("option 'maxEvents' is a whole number, not 'many'");
    expect(() => {
      parsed.maxEvent = 7;
    }).toThrow("option 'maxEvent' is not registered; did you mean 'maxEvents'?");
  });

  it("prints the options: help ends the job, print does not, noprint undoes it", () => {
    expect(() => options().parseArguments(["count=3", "help"])).toThrow(ConfigExit);
    expect(() => options().parseArguments(["help"])).toThrow(
      /maxEvents +int +number of events.*names +string list +\[x\]/s,
    );
    const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
    expect(options().parseArguments(["print", "count=3"]).count).toBe(3);
    expect(write.mock.calls.join()).toMatch(/count +int +how many \[3\]/);
    write.mockClear();
    options().parseArguments(["print", "noprint"]);
    expect(write).not.toHaveBeenCalled();
    write.mockRestore();
  });

  it.each<[string, string[], string]>([
    ["an unknown name", ["maxEvnts=3"], "option 'maxEvnts' is not registered; did you mean 'maxEvents'?"],
    ["a dashed name", ["--maxEvents=3"], "did you mean 'maxEvents'?"],
    ["an unknown name to clear", ["nmes_clear"], "option 'nmes' is not registered; did you mean 'names'?"],
    ["an unknown name to load", ["nmes_load=x"], "option 'nmes' is not registered; did you mean 'names'?"],
    ["a file to load that is not there", ["names_load=/none"], "names_load: file '/none' is not there"],
    ["clearing what is no list", ["count_clear"], "option 'count' is no list"],
    ["a word", ["hlep"], "'hlep' is not name=value; did you mean 'help'?"],
    ["a singleton twice", ["count=1", "count=2"], "option 'count' is assigned multiple times"],
    ["an int of another kind", ["count=1.5"], "option 'count' is a whole number, not '1.5'"],
    ["an int in exponent form", ["count=1e3"], "option 'count' is a whole number, not '1e3'"],
    ["an empty int", ["count="], "option 'count' is a whole number, not ''"],
    ["a float of another kind", ["ratio=x"], "option 'ratio' is a number, not 'x'"],
    ["a bool of another kind", ["verbose=maybe"], "option 'verbose' is true or false, not 'maybe'"],
    ["a list element of another kind", ["sizes=1,x"], "option 'sizes' is a whole number, not 'x'"],
    [
      "a section out of range",
      ["totalSections=2", "section=3"],
      "section=3 must lie between 1 and totalSections=2",
    ],
    ["a section of none", ["section=3"], "section=3 must lie between 1 and totalSections=0"],
  ])("refuses %s", (_, args, message) => {
    expect(() => options().parseArguments(args)).toThrow(
      expect.objectContaining({
        category: "ConfigFileReadError",
        message: expect.stringContaining(`VarParsing: ${message.startsWith("did") ? "" : message}`),
      }),
    );
    expect(() => options().parseArguments(args)).toThrow(message);
  });

  it("refuses wrong registrations and defaults", () => {
    expect(() => options().register("my_name", 1)).toThrow(
      "option name 'my_name' must be letters and digits",
    );
    expect(() => options().register("count", 1)).toThrow(
      "option 'count' is registered already; change it with setDefault",
    );
    expect(() => options().register("register", 1)).toThrow("is a method of VarParsing");
    expect(() => options().register("size", "x", singleton, int)).toThrow(
      "option 'size' is a whole number, not 'x'",
    );
    expect(() => options().setDefault("count", "x")).toThrow("option 'count' is a whole number, not 'x'");
    expect(() => options().setDefault("count", 1, 2)).toThrow("option 'count' takes one value, not 2");
    expect(() => options().setDefault("cuont", 1)).toThrow("did you mean 'count'?");
  });
});
