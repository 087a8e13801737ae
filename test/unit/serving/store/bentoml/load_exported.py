"""Imports the archives that are its arguments into a BentoML store of its own, runs them, prints what they are as JSON."""

import json
import os
import sys
import tempfile

os.environ["BENTOML_HOME"] = tempfile.mkdtemp()
os.environ["BENTOML_DO_NOT_TRACK"] = "True"

import bentoml
import tensorflow as tf

found = []
for path in sys.argv[1:]:
    model = bentoml.models.import_model(path)
    loaded = bentoml.tensorflow.load_model(model.tag)
    outputs = loaded.signatures["serving_default"](input=tf.ones([2, 5]))
    signatures = {name: [s.batchable, list(s.batch_dim)] for name, s in model.info.signatures.items()}
    found.append(
        {
            "tag": str(model.tag),
            "labels": model.info.labels,
            "metadata": model.info.metadata,
            "signatures": signatures,
            "score": float(outputs["output"][1, 0]),
        }
    )
print(json.dumps(found))
