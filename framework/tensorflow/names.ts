/** TensorFlow's tensor names: "x" and "x:0" are output 0 of node x, "x:2" its third, "^x" means "after x has run". */

export interface TensorName {
  readonly node: string;
  readonly port: number;
  /** "^node": an order, not a value; its port means nothing. */
  readonly isControl: boolean;
}

export function parseTensorName(name: string): TensorName {
  if (name.startsWith("^")) return { node: name.slice(1), port: 0, isControl: true };
  const match = /^(.*):(\d+)$/s.exec(name);
  if (!match) return { node: name, port: 0, isControl: false };
  return { node: match[1] as string, port: Number(match[2]), isControl: false };
}

/** The full form, "node:port": the key under which tensors are kept. */
export function tensorKey({ node, port }: TensorName): string {
  return `${node}:${port}`;
}
