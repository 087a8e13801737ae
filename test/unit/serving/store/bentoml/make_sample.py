"""Makes row_times_five.tar.gz beside this file: a model that BentoML itself has saved and exported.

    pip install bentoml==1.4.39 tensorflow-cpu==2.15.1
    python make_sample.py

The sample that is there was made by BentoML 1.1.11 (with 'setuptools<80' and 'numpy<2'). Arguments are other files to
export it to, each in the form that its ending says; without an ending it is a folder.

The model is this file's, under the licence of this repository; nothing of BentoML or TensorFlow is in the archive.
"""

import os
import sys
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
os.environ["BENTOML_HOME"] = tempfile.mkdtemp()
os.environ["BENTOML_DO_NOT_TRACK"] = "True"

import bentoml
import tensorflow as tf


class RowTimesFive(tf.Module):
    """ones(5) gives 15."""

    def __init__(self):
        super().__init__()
        self.weights = tf.Variable([[1.0], [2.0], [3.0], [4.0], [5.0]], dtype=tf.float64, name="weights")

    @tf.function(input_signature=[tf.TensorSpec([None, 5], tf.float64, name="inputs")])
    def __call__(self, inputs):
        return tf.matmul(inputs, self.weights)


model = bentoml.tensorflow.save_model(
    "row_times_five:sample",
    RowTimesFive(),
    signatures={"__call__": {"batchable": True, "batch_dim": 0}},
    labels={"owner": "test", "stage": "sample"},
    metadata={"weights": [1, 2, 3, 4, 5], "note": "float64", "nested": {"a": True}},
    custom_objects={"scale": 2.0},
)
for path in sys.argv[1:] or [os.path.join(here, "row_times_five.tar.gz")]:
    output_format = None if os.path.splitext(path)[1] else "folder"
    bentoml.models.export_model(model.tag, path, output_format)
