// TensorFlow's C++ session as CMSSW's direct inference runs it: a frozen graph, NoThreadPool, Session::Run.
#include <cstring>
#include <map>
#include <memory>

#include "protocol.h"
#include "tensorflow/core/framework/graph.pb.h"
#include "tensorflow/core/framework/step_stats.pb.h"
#include "tensorflow/core/framework/tensor.h"
#include "tensorflow/core/framework/tensor_description.pb.h"
#include "tensorflow/core/platform/env.h"
#include "tensorflow/core/platform/threadpool_options.h"
#include "tensorflow/core/public/session.h"

namespace {
using namespace tensorflow;

struct NoThreadPool : thread::ThreadPoolInterface {
  void Schedule(std::function<void()> work) override { work(); }
  void ScheduleWithHint(std::function<void()> work, int, int) override { work(); }
  void Cancel() override {}
  int NumThreads() const override { return 1; }
  int CurrentThreadId() const override { return 0; }
};

template <class Status>
void check(const Status& status) {
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

DataType typeOf(const std::string& name) {
  static const std::map<std::string, DataType> types = {{"float32", DT_FLOAT}, {"float64", DT_DOUBLE},
                                                        {"int32", DT_INT32},   {"int64", DT_INT64},
                                                        {"bool", DT_BOOL}};
  return types.at(name);
}

using Shape = std::vector<int64_t>;

int64_t elements(const Shape& shape) {
  int64_t count = 1;
  for (const auto dim : shape) count *= dim;
  return count;
}

/** Every combination of the indices of two operands, as in abc,cd->abd. */
double einsumOperations(const std::string& equation, const std::vector<Shape>& in) {
  if (equation.find('.') != std::string::npos) throw std::runtime_error("cannot count an Einsum with an ellipsis");
  const auto operands = split(equation.substr(0, equation.find('-')), ',');
  std::map<char, int64_t> sizes;
  for (size_t i = 0; i < operands.size(); i++)
    for (size_t k = 0; k < operands[i].size(); k++) sizes[operands[i][k]] = in.at(i).at(k);
  double combinations = 1;
  for (const auto& [label, size] : sizes) combinations *= size;
  return 2 * combinations;
}

/** Multiplications and additions of one execution of a node, from the shapes of its inputs and output. */
double operations(const NodeDef& node, const std::vector<Shape>& in, const Shape& out) {
  const auto& op = node.op();
  if (op == "MatMul") return 2.0 * elements(in[0]) * out.back();
  if (op == "BatchMatMul" || op == "BatchMatMulV2") {
    const bool isTransposed = node.attr().at("adj_x").b();
    return 2.0 * elements(out) * in[0][in[0].size() - (isTransposed ? 2 : 1)];
  }
  if (op == "Einsum") return einsumOperations(node.attr().at("equation").s(), in);
  if (op == "Conv2D") return 2.0 * elements(out) * in[1][0] * in[1][1] * in[1][2];
  if (op == "DepthwiseConv2dNative") return 2.0 * elements(out) * in[1][0] * in[1][1];
  if (op == "Conv2DBackpropInput") return 2.0 * elements(in[2]) * in[1][0] * in[1][1] * in[1][2];
  return 0;
}

class TensorflowSession : public Peer {
 public:
  void open(const std::string& path) override {
    feeds_.clear();
    fetches_.clear();
    if (path == path_ && session_) return;
    session_.reset();
    check(ReadBinaryProto(Env::Default(), path, &graph_));
    session_ = create(true);
    path_ = path;
  }

  void input(const std::string& name, const std::string& dtype, const Shape& dims,
             const std::vector<char>& bytes) override {
    Tensor tensor(typeOf(dtype), TensorShape(dims));
    if (tensor.TotalBytes() != bytes.size()) throw std::runtime_error("input " + name + " has another size");
    std::memcpy(const_cast<char*>(tensor.tensor_data().data()), bytes.data(), bytes.size());
    feeds_.emplace_back(name, tensor);
  }

  void output(const std::string& name, size_t) override { fetches_.push_back(name); }

  void call() override {
    outputs_.clear();
    check(session_->Run(options_, feeds_, fetches_, {}, &outputs_, &metadata_, pools_));
  }

  void write(std::ostream& file) override {
    for (const auto& output : outputs_) file.write(output.tensor_data().data(), output.TotalBytes());
  }

  /**
   * Of one call, loops included: what a session without any optimizer traces. Needs TF_ENABLE_ONEDNN_OPTS=0: oneDNN puts a
   * convolution under the name of the BiasAdd behind it, and it would be lost.
   */
  double flops() override {
    const auto session = create(false);
    RunOptions options;
    options.set_trace_level(RunOptions::FULL_TRACE);
    RunMetadata metadata;
    std::vector<Tensor> outputs;
    check(session->Run(options, feeds_, fetches_, {}, &outputs, &metadata, pools_));
    std::map<std::string, Shape> shapes;
    for (const auto& feed : feeds_) shapes[feed.first] = shapeOf(feed.second.shape().AsProto());
    const auto& devices = metadata.step_stats().dev_stats();
    const auto forEach = [&](auto&& use) {
      for (const auto& device : devices)
        for (const auto& stats : device.node_stats()) use(stats);
    };
    forEach([&](const NodeExecStats& stats) {
      for (const auto& output : stats.output())
        shapes[stats.node_name() + ":" + std::to_string(output.slot())] =
            shapeOf(output.tensor_description().shape());
    });
    std::map<std::string, const NodeDef*> nodes;
    for (const auto& node : graph_.node()) nodes[node.name()] = &node;
    double sum = 0;
    forEach([&](const NodeExecStats& stats) {
      const auto& label = stats.timeline_label();
      for (const auto* fused : {" = _Mkl", " = _Fused"})
        if (label.find(fused) != std::string::npos) throw std::runtime_error("cannot count a fused operation: " + label);
      const auto found = nodes.find(stats.node_name());
      if (found == nodes.end() || stats.output_size() == 0) return;
      std::vector<Shape> in;
      for (const auto& input : found->second->input())
        in.push_back(shapes[input.find(':') == std::string::npos ? input + ":0" : input]);
      sum += operations(*found->second, in, shapes[stats.node_name() + ":0"]);
    });
    return sum;
  }

 private:
  std::unique_ptr<Session> create(bool isOptimized) {
    SessionOptions options;
    options.config.set_intra_op_parallelism_threads(1);
    options.config.set_inter_op_parallelism_threads(1);
    if (!isOptimized) {
      auto* graph = options.config.mutable_graph_options();
      graph->mutable_optimizer_options()->set_opt_level(OptimizerOptions::L0);
      graph->mutable_rewrite_options()->set_disable_meta_optimizer(true);
    }
    std::unique_ptr<Session> session(NewSession(options));
    check(session->Create(graph_));
    return session;
  }

  static Shape shapeOf(const TensorShapeProto& proto) {
    Shape shape;
    for (const auto& dim : proto.dim()) shape.push_back(dim.size());
    return shape;
  }

  std::string path_;
  GraphDef graph_;
  std::unique_ptr<Session> session_;
  NoThreadPool pool_;
  thread::ThreadPoolOptions pools_{&pool_, &pool_};
  RunOptions options_;
  RunMetadata metadata_;
  std::vector<std::pair<std::string, Tensor>> feeds_;
  std::vector<std::string> fetches_;
  std::vector<Tensor> outputs_;
};
}  // namespace

int main() {
  TensorflowSession session;
  return serve(session);
}
