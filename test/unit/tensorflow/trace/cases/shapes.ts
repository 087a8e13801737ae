/** Shapes, parts, joins, positions, resizing, and tensors out of nothing. */
import * as tf from "@tensorflow/tfjs-core";
import { bools, floats, wholes } from "../tfjsKernels.js";
import type { Run } from "./Run.js";

const edges = () => tf.tensor1d([-100, -3.5, -2.5, -1, -0.5, -1e-3, 0, 1e-3, 0.5, 1.5, 2.5, 7, 30]);

export function shapes(): Record<string, Run> {
  const cases: Record<string, Run> = {
    reshape: () => tf.reshape(floats([2, 6]), [3, -1]),
    "reshape flat": () => tf.reshape(floats([2, 6]), [-1]),
    squeeze: () => tf.squeeze(floats([2, 1, 3, 1])),
    expandDims: () => [
      tf.expandDims(floats([2, 3]), 0),
      tf.expandDims(floats([2, 3]), -1),
      tf.expandDims(floats([2, 3]), 1),
    ],
    transpose: () => [
      tf.transpose(floats([2, 3, 4]), [2, 0, 1]),
      tf.transpose(floats([2, 3])),
      tf.transpose(bools([2, 3])),
    ],
    tile: () => [tf.tile(floats([2, 3]), [2, 2]), tf.tile(wholes([3]), [3])],
    broadcastTo: () => tf.broadcastTo(floats([3, 1]), [2, 3, 4]),
    broadcastArgs: () => [
      tf.broadcastArgs(tf.tensor1d([2, 1, 3], "int32"), tf.tensor1d([4, 1], "int32")),
      tf.broadcastArgs(tf.tensor1d([2, 3], "int32"), tf.tensor1d([2, 1], "int32")),
    ],
    reverse: () => [
      tf.reverse(floats([2, 3]), 1),
      tf.reverse(floats([2, 3])),
      tf.reverse(floats([2, 3, 2]), [0, -1]),
      tf.reverse(tf.scalar(1)),
    ],
    flipLeftRight: () => tf.image.flipLeftRight(floats([2, 3, 4, 2]) as tf.Tensor4D),
    concat: () => [
      tf.concat([floats([2, 3]), floats([2, 1], 2)], 1),
      tf.concat([floats([2, 3]), floats([4, 3], 2), floats([1, 3])], 0),
      tf.concat([wholes([2]), wholes([3])]),
    ],
    "concat of one and of none": () => [
      tf.concat([floats([2, 3])], 0),
      tf.concat([floats([0, 3]), floats([2, 3])], 0),
    ],
    stack: () => [
      tf.stack([floats([2, 3]), floats([2, 3], 2)], 1),
      tf.stack([floats([2]), floats([2])], -1),
      tf.stack([tf.scalar(1), tf.scalar(2)]),
    ],
    unstack: () => [...tf.unstack(floats([2, 3]), 1), ...tf.unstack(floats([2, 3]), -2)],
    split: () => [
      ...tf.split(floats([4, 6]), 3, 1),
      ...tf.split(floats([4, 6]), [1, 3], 0),
      ...tf.split(floats([4, 6]), [2, -1], -1),
    ],
    pad: () => [
      tf.pad(floats([2, 3]), [
        [1, 0],
        [2, 1],
      ]),
      tf.pad(
        floats([2, 3]),
        [
          [0, 0],
          [1, 1],
        ],
        3.5,
      ),
      tf.pad(wholes([3]), [[1, 1]], 7),
      tf.pad(bools([3]), [[1, 2]]),
    ],
    mirrorPad: () => [
      tf.mirrorPad(
        floats([3, 4]),
        [
          [1, 1],
          [2, 0],
        ],
        "reflect",
      ),
      tf.mirrorPad(
        floats([3, 4]),
        [
          [1, 2],
          [0, 3],
        ],
        "symmetric",
      ),
    ],
    slice: () => [
      tf.slice(floats([4, 5]), [1, 2], [2, 3]),
      tf.slice(floats([4, 5]), 1),
      tf.slice(floats([4, 5]), [1], 2),
      tf.slice(floats([4, 5]), [0, 1], [-1, 2]),
      tf.slice(wholes([6]), 2, 3),
    ],
    stridedSlice: () => [
      tf.stridedSlice(floats([4, 5]), [0, 1], [4, 5], [2, 3]),
      tf.stridedSlice(floats([4, 5]), [3, 4], [0, -6], [-1, -2]),
      tf.stridedSlice(floats([4, 5]), [1, 0], [3, 0], [1, 1], 2, 2),
      tf.stridedSlice(floats([4, 5, 2]), [0, 1], [0, 2], [1, 1], 0, 0, 1),
      tf.stridedSlice(floats([4, 5]), [1, 0, 0], [2, 1, 5], [1, 1, 1], 0, 0, 0, 2, 1),
      tf.stridedSlice(floats([4, 5]), [1], [3]),
    ],
    gather: () => [
      tf.gather(floats([4, 3]), tf.tensor1d([3, 0, 0], "int32")),
      tf.gather(
        floats([4, 3]),
        tf.tensor2d(
          [
            [1, 2],
            [0, 1],
          ],
          [2, 2],
          "int32",
        ),
        -1,
      ),
      tf.gather(
        floats([2, 3, 4]),
        tf.tensor2d(
          [
            [1, 2],
            [0, 1],
          ],
          [2, 2],
          "int32",
        ),
        1,
        1,
      ),
    ],
    gatherND: () => [
      tf.gatherND(
        floats([3, 4]),
        tf.tensor2d(
          [
            [0, 1],
            [2, 3],
          ],
          [2, 2],
          "int32",
        ),
      ),
      tf.gatherND(floats([3, 4]), tf.tensor2d([[1], [0]], [2, 1], "int32")),
    ],
    scatterND: () => [
      tf.scatterND(tf.tensor2d([[1], [3], [1]], [3, 1], "int32"), floats([3, 2]), [5, 2]),
      tf.scatterND(
        tf.tensor2d(
          [
            [0, 1],
            [2, 3],
          ],
          [2, 2],
          "int32",
        ),
        wholes([2]),
        [3, 4],
      ),
    ],
    sparseToDense: () => [
      tf.sparseToDense(tf.tensor1d([1, 4], "int32"), floats([2]) as tf.Tensor1D, [6], tf.scalar(-1)),
      tf.sparseToDense(
        tf.tensor2d(
          [
            [0, 1],
            [2, 0],
          ],
          [2, 2],
          "int32",
        ),
        tf.scalar(3),
        [3, 2],
      ),
    ],
    tensorScatterUpdate: () =>
      tf.tensorScatterUpdate(floats([4, 3]), tf.tensor2d([[2], [0]], [2, 1], "int32"), floats([2, 3], 6)),
    unsortedSegmentSum: () => [
      tf.unsortedSegmentSum(floats([4, 2]), tf.tensor1d([1, 0, 1, 3], "int32"), 4),
      tf.unsortedSegmentSum(wholes([3]), tf.tensor1d([0, 0, 1], "int32"), 2),
    ],
    topk: () =>
      [
        tf.tensor2d([
          [3, 1, 3, 2],
          [0, -1, 5, 5],
        ]),
        wholes([3, 2, 6], 3),
        floats([5]),
      ].flatMap((x) => {
        const { values, indices } = tf.topk(x, 2);
        return [values, indices];
      }),
    "topk of all": () => tf.topk(floats([3, 4]), 4).values,
    searchSorted: () =>
      (["left", "right"] as const).map((side) =>
        tf.searchSorted(
          tf.tensor2d([
            [1, 2, 2, 5],
            [0, 1, 3, 4],
          ]),
          tf.tensor2d([
            [0, 2, 6],
            [4, 1, 1.5],
          ]),
          side,
        ),
      ),
    bounds: () => [
      tf.lowerBound(tf.tensor1d([1, 3, 5]), tf.tensor1d([3, 0])),
      tf.upperBound(tf.tensor1d([1, 3, 5]), tf.tensor1d([3, 9])),
    ],
    bincount: () => [
      tf.bincount(tf.tensor1d([1, 2, 1, 9], "int32"), tf.tensor1d([]), 4),
      tf.bincount(tf.tensor1d([1, 2, 1], "int32"), tf.tensor1d([0.5, 2, 3]), 3),
    ],
    denseBincount: () =>
      [true, false].flatMap((flag) => [
        tf.denseBincount(
          tf.tensor2d(
            [
              [1, 2, 1],
              [0, 0, 5],
            ],
            [2, 3],
            "int32",
          ),
          tf.tensor2d([], [0, 0]),
          4,
          flag,
        ),
        tf.denseBincount(
          tf.tensor2d(
            [
              [1, 2, 1],
              [0, 0, 5],
            ],
            [2, 3],
            "int32",
          ),
          floats([2, 3]) as tf.Tensor2D,
          4,
          flag,
        ),
      ]),
    diag: () => [tf.diag(floats([3])), tf.diag(floats([2, 2]))],
    eye: () => tf.eye(3),
    bandPart: () => tf.linalg.bandPart(floats([2, 3, 3]), 1, 0),
    cast: () => [
      tf.cast(edges(), "int32"),
      tf.cast(edges(), "bool"),
      tf.cast(wholes([5]), "float32"),
      tf.cast(wholes([5]), "bool"),
      tf.cast(bools([5]), "int32"),
      tf.cast(bools([5]), "float32"),
      tf.cast(edges(), "float32"),
    ],
    fill: () => [
      tf.fill([2, 3], 1.5),
      tf.fill([2], 3, "int32"),
      tf.fill([2], 1, "bool"),
      tf.fill([2], "word"),
    ],
    identity: () => tf.clone(floats([2])),
    range: () => [
      tf.range(0, 5),
      tf.range(5, 0),
      tf.range(1, 8, 3, "int32"),
      tf.range(3, 3),
      tf.range(0, 1, 0.25),
      tf.range(9, 1, -4, "int32"),
    ],
    linspace: () => [tf.linspace(-1, 3, 9), tf.linspace(2, 7, 1)],
    oneHot: () => [
      tf.oneHot(tf.tensor1d([0, 3, 1, -1], "int32"), 3),
      tf.oneHot(
        tf.tensor2d(
          [
            [0, 1],
            [2, 0],
          ],
          [2, 2],
          "int32",
        ),
        4,
        0.5,
        -1,
        "float32",
      ),
      tf.oneHot(tf.tensor1d([1], "int32"), 2, 1, 0, "bool"),
    ],
    meshgrid: () => tf.meshgrid(floats([3]) as tf.Tensor1D, floats([2]) as tf.Tensor1D),
    spaceToBatch: () => [
      tf.spaceToBatchND(
        floats([1, 4, 4, 2]),
        [2, 2],
        [
          [0, 0],
          [2, 0],
        ],
      ),
      tf.spaceToBatchND(floats([2, 5, 3]), [3], [[1, 0]]),
    ],
    batchToSpace: () =>
      tf.batchToSpaceND(
        floats([8, 2, 3, 1]),
        [2, 2],
        [
          [1, 0],
          [0, 2],
        ],
      ),
    depthToSpace: () => tf.depthToSpace(floats([2, 2, 3, 12]) as tf.Tensor4D, 2, "NHWC"),
    "strings pass": () => [
      tf.reshape(tf.tensor1d(["a", "bc", "d", ""]), [2, 2]),
      tf.slice(tf.tensor1d(["a", "bc"]), 1),
    ],
  };
  for (const rank of [2, 3, 4]) {
    const shape = [2, 3, 2, 4].slice(4 - rank);
    const channels = () =>
      [floats([4], 2), tf.abs(floats([4], 3)), floats([4], 4), floats([4], 5)] as tf.Tensor1D[];
    cases[`batchNorm of ${rank} axes`] = () => {
      const [m, v, o, s] = channels();
      return tf.batchNorm(floats(shape), m as tf.Tensor1D, v as tf.Tensor1D, o, s, 0.01);
    };
    cases[`batchNorm of ${rank} axes, moments alone`] = () => {
      const [m, v] = channels();
      return tf.batchNorm(floats(shape), m as tf.Tensor1D, v as tf.Tensor1D);
    };
  }
  cases["batchNorm of each element"] = () =>
    tf.batchNorm(
      floats([2, 3, 2, 4]),
      floats([2, 3, 2, 4], 2),
      tf.abs(floats([2, 3, 2, 4], 3)),
      undefined,
      floats([2, 3, 2, 4], 5),
    );
  for (const size of [
    [3, 3],
    [7, 5],
    [12, 9],
    [1, 1],
    [25, 10],
  ] as [number, number][]) {
    for (const [align, half] of [
      [false, false],
      [true, false],
      [false, true],
    ] as const) {
      cases[`bilinear ${size} ${align} ${half}`] = () =>
        tf.image.resizeBilinear(floats([2, 5, 3, 2]) as tf.Tensor4D, size, align, half);
      cases[`nearest ${size} ${align} ${half}`] = () =>
        tf.image.resizeNearestNeighbor(floats([2, 5, 3, 2]) as tf.Tensor4D, size, align, half);
    }
  }
  cases["bilinear int32"] = () => tf.image.resizeBilinear(wholes([1, 3, 3, 1]) as tf.Tensor4D, [5, 5]);
  cases["nearest int32"] = () => tf.image.resizeNearestNeighbor(wholes([1, 3, 3, 1]) as tf.Tensor4D, [5, 5]);
  const boxes = tf.tensor2d([
    [0, 0, 1, 1],
    [0.1, 0.2, 0.6, 0.9],
    [0.7, 0.9, 0.2, 0.1],
    [-0.3, 0.2, 0.5, 1.4],
  ]);
  const whose = tf.tensor1d([0, 1, 1, 0], "int32");
  for (const method of ["bilinear", "nearest"] as const)
    for (const size of [
      [3, 4],
      [1, 5],
      [7, 1],
    ] as [number, number][])
      cases[`cropAndResize ${method} ${size}`] = () =>
        tf.image.cropAndResize(floats([2, 6, 5, 3]) as tf.Tensor4D, boxes, whose, size, method, -2.5);
  return cases;
}
