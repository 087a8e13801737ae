/** The bytes do not depend on the order in which a message was made. */
import { describe, expect, it } from "vitest";
import { graphDefType } from "../../../../framework/tensorflow/proto/graphDefSchema.js";
import { serializeDeterministic } from "../../../../framework/tensorflow/proto/serializeDeterministic.js";

const serialize = (message: object) => Buffer.from(serializeDeterministic(graphDefType(), message));

describe("serializeDeterministic", () => {
  it("sorts maps by their keys' bytes and fields by their numbers", () => {
    const attr = { b: { i: 1 }, a: { type: 1 }, é: { b: true }, z: { f: 0.5 } };
    const turned = { z: { f: 0.5 }, é: { b: true }, a: { type: 1 }, b: { i: 1 } };
    const first = serialize({ node: [{ name: "x", op: "Y", attr }] });
    expect(serialize({ node: [{ attr: turned, op: "Y", name: "x" }] })).toEqual(first);
    const order = [...(graphDefType().decode(first) as unknown as { node: { attr: object }[] }).node].flatMap(
      (node) => Object.keys(node.attr),
    );
    expect(order).toEqual(["a", "b", "z", "é"]);
  });

  it("leaves out what has its default value, but not in a oneof and not a message", () => {
    expect(serialize({ node: [], library: undefined, version: 0 }).length).toBe(0);
    expect(serialize({ library: {}, versions: {} })).toEqual(Buffer.from([0x12, 0, 0x22, 0]));
    const zero = serialize({ node: [{ name: "", op: "", input: [], attr: { a: { i: 0 } } }] });
    expect(zero).toEqual(Buffer.from([0x0a, 9, 0x2a, 7, 0x0a, 1, 0x61, 0x12, 2, 0x18, 0]));
  });

  it("packs numbers, and takes 64 bits as bigint or in halves", () => {
    const list = (i: readonly unknown[]) => serialize({ node: [{ attr: { a: { list: { i } } } }] });
    expect(list([300n, -1n])).toEqual(
      list([
        { low: 300, high: 0 },
        { low: -1, high: -1 },
      ]),
    );
    const decoded = graphDefType().decode(list([300n, 2n ** 40n])) as unknown as {
      node: { attr: { a: { list: { i: unknown[] } } } }[];
    };
    expect(decoded.node[0]?.attr.a.list.i.map(String)).toEqual(["300", "1099511627776"]);
  });

  it("gives what protobufjs decodes to the same message", () => {
    const message = {
      node: [{ name: "c", op: "Const", attr: { value: { tensor: { dtype: 1, float_val: [1.5, -0] } } } }],
      versions: { producer: 561 },
    };
    const type = graphDefType();
    const plain = type.fromObject(message);
    expect(type.toObject(type.decode(serialize(plain)))).toEqual(type.toObject(plain));
  });
});
