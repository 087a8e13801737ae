/**
 * A peer in a process of its own that times its calls itself when asked (native/protocol.h), so that its rounds alternate
 * with the others'. Inputs and outputs pass through raw files.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { arrays, typedArray } from "./arrays.mjs";
import { buildFolder, quiet } from "./toolchain.mjs";

class LineProcess {
  constructor([program, ...args], environment = {}) {
    this.complaint = "";
    this.child = spawn(program, args, { env: { ...process.env, ...quiet, ...environment } });
    // Then its output ends at once, which `ask` reports.
    for (const source of [this.child, this.child.stdin]) source.on("error", () => undefined);
    this.child.stderr.on("data", (text) => {
      this.complaint = `${this.complaint}${text}`.slice(-2000);
    });
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  async ask(...fields) {
    this.child.stdin.write(`${fields.join("\t")}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`its process ended: ${this.complaint.trim().split("\n").at(-1)}`);
    const [kind, text] = value.split("\t");
    if (kind !== "ok") throw new Error(text);
    return text;
  }

  end() {
    this.child.stdin.end();
  }
}

/**
 * `command(model, batch)` gives the program and its arguments: the same process for as long as they stay the same.
 * `graph(model)` is what it opens, `name(value)` what it calls an input or output of the model.
 */
export function processPeer({ command, graph, name, ...rest }) {
  let key;
  let running;
  let files;
  const end = () => {
    running?.end();
    running = undefined;
  };
  const processOf = (program) => {
    if (running && key === program.join("\t")) return running;
    end();
    key = program.join("\t");
    running = new LineProcess(program);
    return running;
  };
  const send = async (peer, model, inputs, outputs) => {
    await peer.ask("open", graph(model));
    for (const [i, input] of inputs.entries()) {
      const file = join(files, `input${i}`);
      writeFileSync(file, typedArray(input));
      await peer.ask("in", name(input, model), input.dtype, input.shape.join(",") || "-", file);
    }
    for (const output of outputs)
      await peer.ask("out", name(output, model), output.values.length * bytesOf(output));
  };
  return {
    ...rest,
    async open(model, { batch, inputs, outputs }) {
      files ??= mkdtempSync(join(buildFolder(), "values-"));
      const program = await command(model, batch);
      const peer = processOf(program);
      try {
        await send(peer, model, inputs, outputs);
      } catch (error) {
        end();
        throw error;
      }
      return {
        time: async (count) => Number(await peer.ask("time", count)),
        flops: async () => {
          // In a process of its own: oneDNN's fusions hide operations, and it is on or off for a whole process.
          const counting = new LineProcess(program, { TF_ENABLE_ONEDNN_OPTS: "0" });
          try {
            await send(counting, model, inputs, outputs);
            return Number(await counting.ask("flops"));
          } finally {
            counting.end();
          }
        },
        outputs: async () => {
          const file = join(files, "outputs");
          await peer.ask("run", file);
          return parse(readFileSync(file), outputs);
        },
      };
    },
    end() {
      end();
      if (files) rmSync(files, { recursive: true, force: true });
    },
  };
}

const bytesOf = ({ dtype }) => arrays[dtype].BYTES_PER_ELEMENT;

/** The outputs that follow one another in a file. */
function parse(bytes, outputs) {
  let offset = 0;
  return outputs.map((output) => {
    const size = output.values.length * bytesOf(output);
    const own = new Uint8Array(bytes.subarray(offset, offset + size));
    offset += size;
    return [...new arrays[output.dtype](own.buffer)];
  });
}
