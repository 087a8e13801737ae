/** Event files for TensorBoard: what we write, TensorFlow reads back, and nothing is left where writing fails. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { encodeEvents, writeGraphSummary } from "../../../framework/tensorflow/writeGraphSummary.js";
import { loadGraph } from "../../../framework/tensorflow/savedmodel/SavedModel.js";
import { isPayloadIntact, payloadLength } from "../../../framework/io/tfrecord.js";
import { describeWithPython, runPython } from "../../python.js";

const folder = mkdtempSync(join(tmpdir(), "cmsrun-events-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const model = fileURLToPath(new URL("../../../data/models/jet_btag", import.meta.url));

describe("writeGraphSummary", () => {
  it("frames the version and the graph as records", () => {
    const bytes = encodeEvents(loadGraph(join(model, "graph.pb")), 1.5e9);
    const first = payloadLength(bytes) ?? -1;
    const second = bytes.subarray(first + 16);
    expect(isPayloadIntact(bytes.subarray(0, first + 16))).toBe(true);
    expect(payloadLength(second)).toBe(second.length - 16);
    expect(isPayloadIntact(second)).toBe(true);
    expect(Buffer.from(bytes.subarray(12, 12 + first)).toString("latin1")).toMatch(/brain\.Event:2$/);
  });

  it("takes a path, makes the folder and writes one file a call", () => {
    const logs = join(folder, "new", "logs");
    const paths = [
      writeGraphSummary(join(model, "graph.pb"), logs),
      writeGraphSummary(join(model, "saved_model"), logs),
    ];
    expect(
      readdirSync(logs)
        .sort()
        .map((name) => join(logs, name)),
    ).toEqual([...paths].sort());
    for (const path of paths) expect(path).toContain("events.out.tfevents.");
  });

  it("names what cannot be written", () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    expect(() => writeGraphSummary(join(model, "graph.pb"), file)).toThrow(/cannot be written into .*file/);
    expect(() => writeGraphSummary(join(model, "none.pb"), folder)).toThrow(/no such file/);
  });
});

describeWithPython("TensorFlow", () => {
  it("reads the graphs back", () => {
    const shared = process.env.CMSRUN_SHARED;
    const models = [
      join(model, "graph.pb"),
      ...(shared ? [join(shared, "models/cms/ddx_ddb/graph.pb")] : []),
    ];
    const pairs = models.map((path, i) => [path, writeGraphSummary(path, join(folder, `model${i}`))]);
    const program = `
import json, sys
import tensorflow as tf
for model, events in json.loads(sys.argv[1]):
    read = [e for e in tf.compat.v1.train.summary_iterator(events)]
    graph = tf.compat.v1.GraphDef.FromString(read[1].graph_def)
    wanted = tf.compat.v1.GraphDef.FromString(open(model, "rb").read())
    plain = lambda g: [(n.name, n.op, list(n.input), sorted(n.attr)) for n in g.node]
    consts = lambda g: [tf.make_ndarray(n.attr["value"].tensor).tobytes() for n in g.node if n.op == "Const"]
    assert len(read) == 2 and read[0].file_version == "brain.Event:2", read[0]
    assert plain(graph) == plain(wanted) and consts(graph) == consts(wanted)
    tf.import_graph_def(graph)
    print(len(graph.node))
`;
    const counts = runPython(program, [JSON.stringify(pairs)])
      .trim()
      .split("\n")
      .map(Number);
    expect(counts).toEqual(models.map((path) => loadGraph(path).nodes.length));
  });
});
