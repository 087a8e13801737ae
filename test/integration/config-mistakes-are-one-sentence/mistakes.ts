/** Configs with one mistake each, and what cmsrun says: `<--` marks the line that the message must name. */
export interface Mistake {
  readonly name: string;
  /** Lines between the process with its source and the export. */
  readonly lines: string;
  readonly category: string;
  readonly message: string;
  /** As the shell sees it. */
  readonly code: number;
  readonly contexts?: readonly string[];
}

const constructing = ["Constructing the EventProcessor"];
const reading = ["Processing the configuration file named job_cfg.ts"];

const myPlugin = (...lines: string[]) =>
  [
    'process.scores = cms.EDProducer("MyPlugin", {',
    '  graphPath: cms.FileInPath("job_cfg.ts"),',
    ...lines,
    "});",
    "process.p = cms.Path(process.scores);",
  ].join("\n");

export const mistakes: readonly Mistake[] = [
  {
    name: "an unknown plugin",
    lines: '\nprocess.scores = cms.EDProducer("MyPlugn"); // <--\nprocess.p = cms.Path(process.scores);',
    category: "PluginNotFound",
    message: "EDProducer 'scores': unknown plugin 'MyPlugn'; did you mean 'MyPlugin'? (job_cfg.ts:LINE)",
    code: 8001,
    contexts: constructing,
  },
  {
    name: "a plugin of another kind",
    lines: 'process.scores = cms.EDAnalyzer("MyPlugin"); // <--\nprocess.p = cms.Path(process.scores);',
    category: "Configuration",
    message:
      "EDAnalyzer 'scores': plugin 'MyPlugin' is a EDProducer; write cms.EDProducer(\"MyPlugin\", …) (job_cfg.ts:LINE)",
    code: 8009,
    contexts: constructing,
  },
  {
    name: "a misspelt parameter",
    lines: myPlugin(
      '  inputTensorName: cms.string("input"),',
      '  outputTensorNme: cms.string("output"), // <--',
    ),
    category: "Configuration",
    message:
      "module 'scores' (MyPlugin): unknown parameter 'outputTensorNme'; did you mean 'outputTensorName'? (job_cfg.ts:LINE)",
    code: 8009,
  },
  {
    name: "a misspelt parameter that is assigned later",
    lines: `${myPlugin()}\nprocess.scores.jts = cms.InputTag("Jet"); // <--`,
    category: "Configuration",
    message: "module 'scores' (MyPlugin): unknown parameter 'jts'; did you mean 'jets'? (job_cfg.ts:LINE)",
    code: 8009,
  },
  {
    name: "a misspelt parameter of a module that is cloned",
    lines:
      'const first = cms.EDProducer("MyPlugin", {\n  graphPth: cms.FileInPath("job_cfg.ts"), // <--\n});\nprocess.scores = first.clone({\n  jets: cms.InputTag("b"),\n});\nprocess.p = cms.Path(process.scores);',
    category: "Configuration",
    message:
      "module 'scores' (MyPlugin): unknown parameter 'graphPth'; did you mean 'graphPath'? (job_cfg.ts:LINE)",
    code: 8009,
  },
  {
    name: "a plain value for a name that is not there",
    lines: `${myPlugin("  jets: cms.InputTag('Jet'),")}\nprocess.scores.jts = "Jet"; // <--`,
    category: "Configuration",
    message:
      "EDProducer 'MyPlugin': 'jts' does not already exist, so it can only be set to a cms type; did you mean 'jets'? (job_cfg.ts:LINE)",
    code: 8009,
    contexts: reading,
  },
  {
    name: "a parameter of the wrong type",
    lines: myPlugin("  inputTensorName: cms.int32(3), // <--"),
    category: "Configuration",
    message:
      "module 'scores' (MyPlugin): parameter 'inputTensorName' has the wrong type: it is cms.int32; use cms.string(…) (job_cfg.ts:LINE)",
    code: 8009,
  },
  {
    name: "a parameter that should be untracked",
    lines: myPlugin('  modelPolicy: cms.string("perInstance"), // <--'),
    category: "Configuration",
    message:
      "parameter 'modelPolicy' has the wrong tracked-ness: it is cms.string; use cms.untracked.string(…) (job_cfg.ts:LINE)",
    code: 8009,
  },
  {
    name: "a value that is not allowed",
    lines: myPlugin('  modelPolicy: cms.untracked.string("globalCach"), // <--'),
    category: "Configuration",
    message:
      'parameter \'modelPolicy\' is "globalCach"; did you mean \'globalCache\'? Allowed: "globalCache", "perInstance" (job_cfg.ts:LINE)',
    code: 8009,
  },
  {
    name: "a missing parameter",
    lines:
      'process.scores = cms.EDProducer("MyPlugin", { // <--\n  jets: cms.InputTag("Jet"),\n});\nprocess.p = cms.Path(process.scores);',
    category: "Configuration",
    message:
      "module 'scores' (MyPlugin): missing required parameter 'graphPath' (cms.FileInPath); add graphPath: cms.FileInPath(…) (job_cfg.ts:LINE)",
    code: 8009,
  },
  {
    name: "a file that is not there",
    lines:
      'process.scores = cms.EDProducer("MyPlugin", {\n  graphPath: cms.FileInPath("no/graph.pb"), // <--\n});\nprocess.p = cms.Path(process.scores);',
    category: "FileInPathError",
    message:
      "module 'scores' (MyPlugin): parameter 'graphPath': cms.FileInPath: file 'no/graph.pb' not found. Looked in:",
    code: 8019,
  },
  {
    name: "a value that is none of its kind",
    lines: "process.maxEvents.input = cms.untracked.int32(0.5); // <--",
    category: "Configuration",
    message:
      "cms.untracked.int32: 0.5 is not a int32 (a whole number from -2147483648 to 2147483647) (job_cfg.ts:LINE)",
    code: 8009,
    contexts: reading,
  },
  {
    name: "a plain value as a parameter",
    lines: 'process.scores = cms.EDProducer("MyPlugin", { graphPath: "x" }); // <--',
    category: "Configuration",
    message:
      'parameter \'graphPath\' must be a cms type, got "x"; write for example graphPath: cms.string("x") (job_cfg.ts:LINE)',
    code: 8009,
    contexts: reading,
  },
  {
    name: "an unknown option",
    lines: "process.options = cms.untracked.PSet({\n  wantSumary: cms.untracked.bool(true), // <--\n});",
    category: "Configuration",
    message: "process.options: unknown parameter 'wantSumary'; did you mean 'wantSummary'? (job_cfg.ts:LINE)",
    code: 8009,
    contexts: [...reading, "Validating top level 'options' ParameterSet for process 'TEST'"],
  },
  {
    name: "an unknown label",
    lines: `${myPlugin()}\nprocess.q = cms.Path(process.score); // <--`,
    category: "Configuration",
    message: "process 'TEST' has no 'score'; did you mean 'scores'? (job_cfg.ts:LINE)",
    code: 8009,
    contexts: reading,
  },
  {
    name: "something on a path that is no module",
    lines: `${myPlugin()}\nprocess.q = cms.Path( // <--\n  process.scores + process.scores,\n);`,
    category: "Configuration",
    message:
      "cms.Path takes modules, sequences and tasks, not a sum or product of modules; separate them with commas: cms.Path(process.a, process.b) (job_cfg.ts:LINE)",
    code: 8009,
    contexts: reading,
  },
  {
    name: "a sequence in itself",
    lines: "process.s = cms.Sequence();\nprocess.s.add(process.s); // <--",
    category: "Configuration",
    message:
      "cyclic dependency in the config: a cms.Sequence would contain itself; leave it out of its own items (job_cfg.ts:LINE)",
    code: 8009,
    contexts: reading,
  },
  {
    name: "a module that is on a path and not attached",
    lines: 'process.p = cms.Path(\n  cms.EDAnalyzer("JetScorePrinter"), // <--\n);',
    category: "Configuration",
    message:
      "EDAnalyzer 'JetScorePrinter' is used on path 'p' but is not attached to the process; attach it first: process.label = cms.EDAnalyzer(\"JetScorePrinter\", …) (job_cfg.ts:LINE)",
    code: 8009,
    contexts: reading,
  },
  {
    name: "a path in the schedule that is not attached",
    lines: "process.schedule = cms.Schedule(cms.Path()); // <--",
    category: "Configuration",
    message:
      "The path at index 0 in the Schedule was not attached to the process. Attach it first: process.name = cms.Path(…) (job_cfg.ts:LINE)",
    code: 8009,
    contexts: reading,
  },
  {
    name: "a syntax error",
    lines: "process.p = cms.Path(;  // <--",
    category: "ConfigFileReadError",
    message: 'job_cfg.ts:LINE: Unexpected ";"',
    code: 7002,
    contexts: reading,
  },
  {
    name: "an error that the config throws",
    lines: "\nconst nothing: any = undefined;\nnothing.x(); // <--",
    category: "ConfigFileReadError",
    message: "TypeError: Cannot read properties of undefined (reading 'x') (job_cfg.ts:LINE)",
    code: 7002,
    contexts: reading,
  },
  {
    name: "a framework exception that the config throws",
    lines: 'throw new cms.Exception("UnavailableAccelerator", "no GPU here"); // <--',
    category: "UnavailableAccelerator",
    message: "no GPU here (job_cfg.ts:LINE)",
    code: 8035,
    contexts: reading,
  },
  {
    name: "an import that is not there",
    lines: 'require("./nowhere.js"); // <--',
    category: "ConfigFileReadError",
    message: "no such file",
    code: 7002,
    contexts: reading,
  },
  {
    name: "a fragment that is not there",
    lines: 'process.load("nowhere_cfi"); // <--',
    category: "ConfigFileReadError",
    message: 'process.load("nowhere_cfi"): no such fragment. Looked for ',
    code: 7002,
    contexts: reading,
  },
  {
    name: "an option of the command line that is not registered",
    lines: 'new VarParsing("analysis").parseArguments(["maxEvnts=3"]); // <--',
    category: "ConfigFileReadError",
    message: "VarParsing: option 'maxEvnts' is not registered; did you mean 'maxEvents'? (job_cfg.ts:LINE)",
    code: 7002,
    contexts: reading,
  },
];
