#include "runtime/hotness.h"

#include <algorithm>

namespace pyston::runtime {
namespace {

// 15 calls of 40 units in two milliseconds.
constexpr uint64_t kUnitsPerMillisecond = 300;
// The interpreter executes a unit in 3 to 4 ns, of which compiling saves a third, and half of what
// is compiled early is compiled once more.
constexpr uint64_t kUnitsPerMicrosecond = 1'500;
// In less time than this, what has a small share may run many times. (And where only samples are
// counted, one of them stands for many calls.)
constexpr uint64_t kShortestMilliseconds = 20;
constexpr uint32_t kLongestMilliseconds = 100;
// Of large code, only a part is likely to run each time.
constexpr uint32_t kMostCounted = 256;

} // namespace

bool RunWindow::isDense(uint32_t count, uint32_t units, uint64_t now, uint64_t cost) {
    const uint64_t milliseconds = now / 1'000;
    const uint64_t elapsed = milliseconds - std::min<uint64_t>(since_, milliseconds);
    const uint64_t executed = uint64_t{count - before_} * std::min(units, kMostCounted);
    const uint64_t toPay = kUnitsPerMicrosecond * cost / std::max<uint64_t>(milliseconds, 1);
    if (executed >=
        std::max(elapsed, kShortestMilliseconds) * std::max(kUnitsPerMillisecond, toPay))
        return true;
    if (elapsed > kLongestMilliseconds) {
        before_ += (count - before_) / 2;
        since_ += static_cast<uint32_t>(elapsed / 2);
    }
    return false;
}

} // namespace pyston::runtime
