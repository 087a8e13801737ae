"""The jet_btag network in numpy's float32, for Triton's python backend; weights.npz holds the constants of graph.pb."""

import json
import os
import time

import numpy as np
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def initialize(self, args):
        folder = os.path.join(args["model_repository"], args["model_version"])
        self.weights = np.load(os.path.join(folder, "weights.npz"))
        parameters = json.loads(args["model_config"])["parameters"]
        self.delay_s = float(parameters["delay_ms"]["string_value"]) / 1000

    def dense(self, x, name):
        kernel = self.weights[f"jet_btag/{name}/MatMul/ReadVariableOp/resource"]
        return x @ kernel + self.weights[f"jet_btag/{name}/BiasAdd/ReadVariableOp/resource"]

    def score(self, x):
        w = self.weights
        pt = np.maximum(x[:, 0:1], w["Maximum/y"])
        mass = np.maximum(x[:, 3:4], w["Maximum_1/y"])
        features = np.concatenate([np.log(pt), np.abs(x[:, 1:2]), x[:, 2:3], mass / pt, x[:, 4:5]], axis=1)
        h = (features - w["sub/y"]) * w["ConstantFolding/truediv_1_recip"]
        h = np.maximum(self.dense(h, "dense1"), np.float32(0))
        h = h * w["jet_btag/norm/batchnorm/mul"] + w["jet_btag/norm/batchnorm/sub"]
        h = np.maximum(self.dense(h, "dense2"), np.float32(0))
        return (1 / (1 + np.exp(-self.dense(h, "logit")))).astype(np.float32)

    def execute(self, requests):
        time.sleep(self.delay_s)
        responses = []
        for request in requests:
            x = pb_utils.get_input_tensor_by_name(request, "input").as_numpy()
            responses.append(pb_utils.InferenceResponse([pb_utils.Tensor("output", self.score(x))]))
        return responses
