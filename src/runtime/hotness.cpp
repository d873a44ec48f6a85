#include "runtime/hotness.h"

#include <algorithm>

namespace pyston::runtime {
namespace {

// 15 calls of small code a millisecond.
constexpr uint64_t kUnitsPerMillisecond = 600;
constexpr uint32_t kSmall = 40;
// Of large code, only a part is likely to run each time.
constexpr uint32_t kMostCounted = 256;

} // namespace

bool isDense(uint32_t count, uint32_t units, uint32_t since, uint64_t now) {
    const uint64_t milliseconds = now / 1'000 - std::min<uint64_t>(since, now / 1'000);
    return uint64_t{count} * std::clamp(units, kSmall, kMostCounted) >=
           kUnitsPerMillisecond * milliseconds;
}

} // namespace pyston::runtime
