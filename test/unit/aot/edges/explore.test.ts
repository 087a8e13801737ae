import { readFileSync, writeFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { it } from "vitest";
import { parseGraphDef } from "../../../../framework/tensorflow/GraphDef.js";
import { createSession } from "../../../../framework/tensorflow/Session.js";
import { toTensor } from "../../tensorflow/goldens.js";
import { compiledSession, withReasons } from "../models/targets.js";
it("x", { timeout: 600000 }, () => {
  let out = "";
  const engines = (process.env.ENGINES ?? "reference,wasm").split(",");
  for (const c of JSON.parse(readFileSync(new URL("./edge_goldens.json", import.meta.url), "utf8")).cases) {
    const g = parseGraphDef(inflateSync(Buffer.from(c.graph, "base64")), c.name);
    for (const engine of engines) {
      try {
        const s = engine === "reference" ? createSession(g, { engine }) : compiledSession(g, engine as never);
        const { result, reasons } = withReasons(() => s.run(Object.entries(c.inputs).map(([k, v]) => [k, toTensor(v as never)]) as never, Object.keys(c.outputs)));
        if (reasons.length) out += `${c.name} ${engine} REASONS ${reasons}\n`;
        Object.entries(c.outputs).forEach(([name, plain]: [string, any], at) => {
          const expected = toTensor(plain).data as any, got = result[at]!.data as any;
          const bad: string[] = [];
          for (let i = 0; i < expected.length; i++) {
            const [a, b] = [Number(got[i]), Number(expected[i])];
            const ok = Object.is(a, b) || (a !== 0 && b !== 0 && Math.abs(a - b) <= 2e-6 * Math.max(Math.abs(b), 1e-38));
            const ins = Object.values(c.inputs).map((v: any) => v.shape.length === 1 && v.data.length === expected.length ? v.data[i] : "").join(",");
            if (!ok) bad.push(`[${i}](${ins}) ${Object.is(a, -0) ? "-0" : a} not ${Object.is(b, -0) ? "-0" : b}`);
          }
          if (bad.length) out += `${c.name} | ${engine} | ${name}: ${bad.length}/${expected.length}: ${bad.slice(0, 8).join("; ")}\n`;
        });
      } catch (e) { out += `${c.name} ${engine} THROWS ${e}\n`; }
    }
  }
  writeFileSync("/tmp/explore.txt", out);
});
