// The 128-bit roofline of one core: strict multiplications and additions (never fused) on independent accumulators.
#include <xmmintrin.h>

#include "protocol.h"

namespace {
// With two constants they fill the registers but one, and that is where the rate stops growing.
constexpr int chains = 13;
constexpr int steps = 4096;

class Roofline : public Peer {
 public:
  void open(const std::string&) override {}
  void input(const std::string&, const std::string&, const std::vector<int64_t>&, const std::vector<char>&) override {}
  void output(const std::string&, size_t) override {}
  void write(std::ostream&) override {}

  void call() override {
    const __m128 half = _mm_set1_ps(factor_);
    const __m128 one = _mm_set1_ps(addend_);
    __m128 sums[chains];
    for (auto& sum : sums) sum = one;
    for (int step = 0; step < steps; step++) {
#pragma GCC unroll 13
      for (int i = 0; i < chains; i++) sums[i] = _mm_add_ps(_mm_mul_ps(sums[i], half), one);
    }
    for (const auto& sum : sums) result_ = result_ + _mm_cvtss_f32(sum);
  }

  double flops() override { return 8.0 * chains * steps; }

 private:
  volatile float factor_ = 0.5f;
  volatile float addend_ = 1.0f;
  volatile float result_ = 0;
};
}  // namespace

int main() {
  Roofline roofline;
  return serve(roofline);
}
