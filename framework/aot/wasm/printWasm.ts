/**
 * Prints a program of the kernel IR as a WebAssembly module: one function a kernel, all of them with the arena's address
 * as first parameter. The module imports its memory and where its constants lie in it, and exports `run(arena)`.
 */
import { Exception } from "../../base/errors.js";
import { type Kernel, kernelsOf, type Program } from "../kernel/ir.js";
import { ByteWriter } from "./ByteWriter.js";
import { FunctionCode } from "./FunctionCode.js";
import { valueTypes } from "./opcodes.js";
import { printStatements } from "./printStatements.js";
import { memoryLimits } from "./WebAssembly.js";

const sections = { custom: 0, type: 1, import: 2, function: 3, export: 7, code: 10 } as const;
const external = { function: 0, memory: 2, global: 3 } as const;
const magicAndVersion = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

/** @throws LogicError when the program is not for this target */
export function printWasm(program: Program): Uint8Array {
  const { target, main, constants } = program;
  if (target.lanes !== 4)
    throw new Exception("LogicError", `kernel IR: vectors of ${target.lanes} in WebAssembly, which has 4.`);
  const kernels = kernelsOf(main);
  const indices = new Map(kernels.map((kernel, index) => [kernel, index]));
  const arities = [...new Set(kernels.map((kernel) => kernel.params.length))];
  const module = new ByteWriter();
  const section = (id: number, write: (writer: ByteWriter) => void) => {
    const content = new ByteWriter();
    write(content);
    module.u8(id);
    module.sized(content.bytes());
  };
  module.append(magicAndVersion);
  section(sections.type, (writer) => vector(writer, arities, (arity) => writeType(writer, arity)));
  section(sections.import, (writer) => writeImports(writer, constants.length));
  section(sections.function, (writer) =>
    vector(writer, kernels, (kernel) => writer.u32(arities.indexOf(kernel.params.length))),
  );
  section(sections.export, (writer) => {
    writer.u32(1);
    writer.text("run");
    writer.u8(external.function);
    writer.u32(indices.get(main)!);
  });
  section(sections.code, (writer) =>
    vector(writer, kernels, (kernel) => {
      const code = new FunctionCode(kernel);
      printStatements(code, kernel.body, (called) => indices.get(called)!);
      writer.sized(code.body());
    }),
  );
  section(sections.custom, (writer) => writeNames(writer, kernels));
  return module.bytes().slice();
}

function vector<T>(writer: ByteWriter, items: readonly T[], write: (item: T) => void): void {
  writer.u32(items.length);
  for (const item of items) write(item);
}

/** (arena: i32, …arity times i32) → nothing. */
function writeType(writer: ByteWriter, arity: number): void {
  writer.u8(0x60);
  writer.u32(1 + arity);
  for (let index = 0; index <= arity; index++) writer.u8(valueTypes.i32);
  writer.u32(0);
}

function writeImports(writer: ByteWriter, constantCount: number): void {
  const hasMaximumAndIsShared = 3;
  writer.u32(1 + constantCount);
  writer.text("env");
  writer.text("memory");
  writer.u8(external.memory);
  writer.u8(hasMaximumAndIsShared);
  writer.u32(memoryLimits.initial);
  writer.u32(memoryLimits.maximum);
  for (let index = 0; index < constantCount; index++) {
    writer.text("constant");
    writer.text(`${index}`);
    writer.u8(external.global);
    writer.u8(valueTypes.i32);
    writer.u8(0); // immutable
  }
}

/** The functions' names, for profiles and stack traces. */
function writeNames(writer: ByteWriter, kernels: readonly Kernel[]): void {
  const functionNames = 1;
  const names = new ByteWriter();
  vector(names, [...kernels.entries()], ([index, kernel]) => {
    names.u32(index);
    names.text(kernel.name);
  });
  writer.text("name");
  writer.u8(functionNames);
  writer.sized(names.bytes());
}
