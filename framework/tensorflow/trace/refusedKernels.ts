/** Kernels of tfjs that have no lowering, each with the reason and what to write instead. */

const complex = "complex numbers are not supported; keep real and imaginary parts in tensors of their own";
const gradient = "it belongs to a gradient; trace inference, with towerContext().isTraining false";
const dynamic =
  "how many elements it gives depends on the values, and a traced function has fixed sizes; pad to a fixed size, or " +
  "do it on the result";
const strings = "the reference engine does not compute with strings; do it before the graph";
const ragged = "ragged and sparse tensors are not supported; pad to a dense tensor before the graph";
const picture = "it draws on, or reads from, a page's picture; do it before the graph";
const absent = "the reference engine does not have it";

export const refusedKernels: Readonly<Record<string, string>> = {
  AvgPool3DGrad: gradient,
  AvgPoolGrad: gradient,
  Complex: complex,
  ComplexAbs: complex,
  Conv2DBackpropFilter: gradient,
  Conv3DBackpropFilterV2: gradient,
  DepthwiseConv2dNativeBackpropFilter: gradient,
  DepthwiseConv2dNativeBackpropInput: gradient,
  Dilation2D: `${absent}; write it as a maximum over shifted slices`,
  Dilation2DBackpropFilter: gradient,
  Dilation2DBackpropInput: gradient,
  Draw: picture,
  EluGrad: gradient,
  FFT: complex,
  FromPixels: picture,
  IFFT: complex,
  Imag: complex,
  LRNGrad: gradient,
  MatrixBandPart: "tfjs 4.22 has no kernel of it; tf.linalg.bandPart is made of others",
  MaxPool3DGrad: gradient,
  MaxPoolGrad: gradient,
  MaxPoolWithArgmax: `${absent}; use tf.maxPool`,
  Multinomial: "it draws random numbers, as only training does; make it depend on towerContext().isTraining",
  NonMaxSuppressionV3: dynamic,
  NonMaxSuppressionV4: dynamic,
  NonMaxSuppressionV5: dynamic,
  Pool: "tfjs 4.22 has no kernel of it; tf.pool is made of others",
  RaggedGather: ragged,
  RaggedRange: ragged,
  RaggedTensorToTensor: ragged,
  Real: complex,
  ResizeBilinearGrad: gradient,
  ResizeNearestNeighborGrad: gradient,
  RotateWithOffset: `${absent}; rotate images before the graph`,
  SparseFillEmptyRows: ragged,
  SparseReshape: ragged,
  SparseSegmentMean: `${ragged}, or use tf.unsortedSegmentSum`,
  SparseSegmentSum: `${ragged}, or use tf.unsortedSegmentSum`,
  StaticRegexReplace: strings,
  StringNGrams: strings,
  StringSplit: strings,
  StringToHashBucketFast: strings,
  Transform: `${absent}; transform images before the graph`,
  Unique: dynamic,
};
