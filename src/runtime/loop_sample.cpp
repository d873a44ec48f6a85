#include "runtime/loop_sample.h"

#include <algorithm>

namespace pyston::runtime {

uint32_t LoopSample::countEdge(uint64_t now) {
    if (edges_ == 0)
        first_ = now;
    if (edges_ < kIterations) {
        ++edges_;
        return 1;
    }
    const uint64_t each = std::max<uint64_t>((now - std::min(now, first_)) / kIterations, 1);
    const uint64_t edges = std::clamp<uint64_t>(interval_ / each, 1, UINT32_MAX);
    end();
    return static_cast<uint32_t>(edges);
}

} // namespace pyston::runtime
