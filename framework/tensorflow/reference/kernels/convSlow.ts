/** The readable twin of conv.ts: the definition of a convolution, to the same bits. Only the tests run it. */
import type { NumberArray } from "../../dtypes.js";

/** Sizes of an NHWC convolution; `top` and `left` are the zeros before the first row and column. */
export interface Convolution {
  readonly image: readonly [batch: number, height: number, width: number, channels: number];
  readonly filter: readonly [rows: number, columns: number, depth: number, outputs: number];
  readonly result: readonly [height: number, width: number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly top: number;
  readonly left: number;
}

export function convSlow(x: NumberArray, w: NumberArray, c: Convolution): Float32Array {
  const [batch, height, width, channels] = c.image;
  const [rows, columns, depth, outputs] = c.filter;
  const out = new Float32Array(batch * c.result[0] * c.result[1] * outputs);
  let at = 0;
  for (let image = 0; image < batch; image++) {
    for (let r = 0; r < c.result[0]; r++) {
      for (let k = 0; k < c.result[1]; k++) {
        for (let o = 0; o < outputs; o++) {
          const firstChannel = Math.floor(o / (outputs / (channels / depth))) * depth;
          let sum = 0;
          for (let i = 0; i < rows; i++) {
            for (let j = 0; j < columns; j++) {
              const y = r * c.stride[0] - c.top + i * c.dilation[0];
              const z = k * c.stride[1] - c.left + j * c.dilation[1];
              if (y < 0 || y >= height || z < 0 || z >= width) continue;
              for (let d = 0; d < depth; d++) {
                const pixel = x[((image * height + y) * width + z) * channels + firstChannel + d] as number;
                sum += pixel * (w[((i * columns + j) * depth + d) * outputs + o] as number);
              }
            }
          }
          out[at++] = sum;
        }
      }
    }
  }
  return out;
}
