/**
 * Which loop each node runs in. TensorFlow's old loops are cycles in the graph: Enter brings a value in, Merge holds
 * it, NextIteration hands it on, Exit lets it out. A node belongs to the innermost loop whose Merge it depends on, so
 * what does not change inside a loop is computed before it.
 */
import { Exception } from "../../base/errors.js";
import { stringAttr } from "../attributes.js";
import type { NodeDef } from "../GraphDef.js";
import { type GraphIndex, isBackEdge } from "../GraphIndex.js";
import type { TensorName } from "../names.js";

export class Frame {
  parent: Frame | null = null;

  constructor(readonly name: string) {}

  /** Whether it is `other`, or lies inside it; everything lies inside null, the graph itself. */
  isInside(other: Frame | null): boolean {
    for (let frame: Frame | null = this; frame; frame = frame.parent) if (frame === other) return true;
    return other === null;
  }
}

/** The loop of each node, null outside of all; undefined when the nodes have no loops. */
export type FrameOf = (node: NodeDef) => Frame | null;

/** @throws InvalidSession when loops are not nested in each other. */
export function findFrames(
  index: GraphIndex,
  nodes: readonly NodeDef[],
  isGiven: (tensor: TensorName) => boolean,
): FrameOf | undefined {
  const search = new FrameSearch(index, isGiven);
  if (!nodes.some((node) => search.loopOf(node))) return undefined;
  // A loop's parent is known only when all of its Enters have been seen, hence the rounds.
  for (let round = 0; search.assign(nodes); round++)
    if (round > search.frameCount + 1) throw search.conflict();
  if (search.isConflicting) throw search.conflict();
  return (node) => search.frames.get(node) ?? null;
}

class FrameSearch {
  readonly frames = new Map<NodeDef, Frame | null>();
  isConflicting = false;
  readonly #byName = new Map<string, Frame>();

  constructor(
    readonly index: GraphIndex,
    readonly isGiven: (tensor: TensorName) => boolean,
  ) {}

  get frameCount(): number {
    return this.#byName.size;
  }

  /** The frame whose loop variable this node is. */
  loopOf(node: NodeDef): Frame | undefined {
    const sources = this.#sources(node);
    if (!sources.some((source) => isBackEdge(node, source))) return undefined;
    const all = this.index.inputs(node).flatMap((input) => this.index.node(input.node) ?? []);
    const enter = all.find((source) => source.op === "Enter" || source.op === "RefEnter");
    if (!enter) throw invalid(`loop variable '${node.name}' (${node.op}) has no Enter`);
    return this.#frame(enter);
  }

  /** One round; whether it changed anything. */
  assign(nodes: readonly NodeDef[]): boolean {
    this.isConflicting = false;
    let isChanged = false;
    for (const node of nodes) {
      const frame = this.loopOf(node) ?? this.#innermost(node);
      if (this.frames.get(node) !== frame) isChanged = true;
      this.frames.set(node, frame);
      if (node.op !== "Enter" && node.op !== "RefEnter") continue;
      const entered = this.#frame(node);
      if (frame?.isInside(entered)) throw invalid(`'${node.name}' enters the loop that it is in`);
      const parent = this.#deeper(entered.parent, frame);
      if (parent !== entered.parent) isChanged = true;
      entered.parent = parent;
    }
    return isChanged;
  }

  conflict(): Exception {
    return invalid(
      `the loops ${[...this.#byName.keys()].map((name) => `'${name}'`).join(", ")} are not nested`,
    );
  }

  #frame(enter: NodeDef): Frame {
    const name = stringAttr(enter, "frame_name");
    const frame = this.#byName.get(name) ?? new Frame(name);
    this.#byName.set(name, frame);
    return frame;
  }

  #sources(node: NodeDef): NodeDef[] {
    return this.index
      .inputs(node)
      .flatMap((input) => (this.isGiven(input) ? [] : (this.index.node(input.node) ?? [])));
  }

  #innermost(node: NodeDef): Frame | null {
    let frame: Frame | null = null;
    for (const source of this.#sources(node)) {
      const own = this.frames.get(source) ?? null;
      const isLeft = source.op === "Exit" || source.op === "RefExit";
      frame = this.#deeper(frame, isLeft && own ? own.parent : own);
    }
    return frame;
  }

  #deeper(a: Frame | null, b: Frame | null): Frame | null {
    if (!a || !b) return a ?? b;
    if (a.isInside(b)) return a;
    if (!b.isInside(a)) this.isConflicting = true;
    return b;
  }
}

function invalid(what: string): Exception {
  return new Exception("InvalidSession", `error while attaching graphDef to session: ${what}.`);
}
