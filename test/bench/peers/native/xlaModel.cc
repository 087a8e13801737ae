// A model that XLA compiled ahead of time for one batch size (MODEL_HEADER names its class Model), run as tfaot's wrapper
// runs it: inputs are copied into the function's own buffers, no thread pool.
#include <cstring>

#include "protocol.h"
#include MODEL_HEADER

namespace {
class XlaModel : public Peer {
 public:
  XlaModel() { model_.set_thread_pool(nullptr); }

  void open(const std::string&) override {
    inputs_.clear();
    outputs_.clear();
  }

  void input(const std::string& name, const std::string&, const std::vector<int64_t>&,
             const std::vector<char>& bytes) override {
    const int index = model_.LookupArgIndex("feed_" + name);
    if (index < 0) return;  // The model does not depend on it.
    if (static_cast<size_t>(Model::ArgSize(index)) != bytes.size())
      throw std::runtime_error("input " + name + " has another size");
    inputs_.emplace_back(index, bytes);
  }

  void output(const std::string& name, size_t bytes) override {
    const int index = model_.LookupResultIndex("fetch_" + name);
    if (index < 0) throw std::runtime_error("there is no output " + name);
    outputs_.emplace_back(index, bytes);
  }

  void call() override {
    for (const auto& [index, bytes] : inputs_) std::memcpy(model_.arg_data(index), bytes.data(), bytes.size());
    if (!model_.Run()) throw std::runtime_error("the compiled function reports an error");
  }

  void write(std::ostream& file) override {
    for (const auto& [index, bytes] : outputs_)
      file.write(static_cast<const char*>(model_.result_data(index)), bytes);
  }

 private:
  Model model_;
  std::vector<std::pair<int, std::vector<char>>> inputs_;
  std::vector<std::pair<int, size_t>> outputs_;
};
}  // namespace

int main() {
  XlaModel model;
  return serve(model);
}
