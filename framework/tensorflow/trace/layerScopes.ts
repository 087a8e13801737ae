/** Layers of tfjs during a trace: each works in a scope of its own name, as Keras' do, and none as in training. */
import { Exception } from "../../base/errors.js";
import type { Names } from "./Names.js";
import { replaceMembers } from "./replaceMembers.js";

/** A tf.layers.Layer, of whichever copy of tfjs-layers. */
export interface LayerLike {
  readonly name: string;
  readonly stateful?: boolean;
  /** Of models. */
  readonly layers?: readonly LayerLike[];
  /** Of TimeDistributed, Bidirectional and recurrent layers. */
  readonly layer?: LayerLike;
  readonly forwardLayer?: LayerLike;
  readonly backwardLayer?: LayerLike;
  readonly cell?: LayerLike;
  readonly cells?: readonly LayerLike[];
  /** Its calls when the model was put together, with the shapes of what it took. */
  readonly inboundNodes?: readonly { readonly inputShapes?: readonly unknown[] }[];
  call(inputs: unknown, kwargs: unknown): unknown;
}

/** What recurrent cells keep from one call to the next. */
const cellMembers = { dropout: 0, recurrentDropout: 0, dropoutMask: null, recurrentDropoutMask: null };

/** All layers below a model, at any depth, each once. */
export function layersBelow(model: LayerLike): LayerLike[] {
  const found = new Set<LayerLike>();
  const open: (LayerLike | undefined)[] = [...(model.layers ?? [])];
  for (let layer = open.shift(); open.length > 0 || layer; layer = open.shift()) {
    if (!layer || found.has(layer)) continue;
    found.add(layer);
    open.push(...(layer.layers ?? []), ...(layer.cells ?? []));
    open.push(layer.layer, layer.forwardLayer, layer.backwardLayer, layer.cell);
  }
  return [...found];
}

/** Calls `work` while every layer opens its scope in `scopes`; the layers are afterwards as they were. */
export function inLayerScopes<T>(model: LayerLike, scopes: Pick<Names, "inScope">, work: () => T): T {
  const restores: (() => void)[] = [];
  const isCell = new Set(layersBelow(model).flatMap(({ cell, cells }) => [cell, ...(cells ?? [])]));
  try {
    for (const layer of layersBelow(model)) {
      if (isCell.has(layer)) restores.push(replaceMembers(layer, presentMembers(layer)));
      else restores.push(replaceMembers(layer, { call: scopedCall(layer, scopes) }));
    }
    return work();
  } finally {
    for (const restore of restores.reverse()) restore();
  }
}

/** @throws InvalidFunction for a layer that cannot become part of a graph */
export function checkLayers(model: LayerLike): void {
  for (const layer of layersBelow(model)) {
    if (!layer.stateful || layer.layers) continue;
    throw new Exception(
      "InvalidFunction",
      `layer '${layer.name}' of model '${model.name}' is stateful: it keeps a state from call to call, which a graph ` +
        "without variables that change cannot; build the model with stateful: false and feed the state as an input.",
    );
  }
}

function scopedCall(layer: LayerLike, scopes: Pick<Names, "inScope">): LayerLike["call"] {
  const { call } = layer;
  return (inputs, kwargs) => scopes.inScope(layer.name, () => call.call(layer, inputs, kwargs));
}

function presentMembers(cell: LayerLike): Record<string, unknown> {
  return Object.fromEntries(Object.entries(cellMembers).filter(([name]) => name in cell));
}
