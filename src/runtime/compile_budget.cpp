#include "runtime/compile_budget.h"

#include <algorithm>

namespace pyston::runtime {
namespace {

// The first milliseconds are free, so that one hot loop need not wait.
constexpr uint64_t kFree = 4'000;
// During the first second the share grows up to the whole: most programs that have run for a short
// time end soon. What is still not compiled after it is not what the program spends its time on:
// half the share from then on.
constexpr uint64_t kWholeShareAt = 1'000'000;

// Before anything was compiled: so much for so many units. (12 us a unit: the compiler itself is in
// no cache then. Later it is half of that.)
constexpr uint64_t kAssumedUnits = 500;
constexpr uint64_t kAssumedMicroseconds = 6'000;

} // namespace

bool CompileBudget::allows(uint64_t predicted, uint64_t used, uint64_t percent) const {
    if (percent >= 100)
        return true;
    const uint64_t counted = used < kWholeShareAt
                                 ? used * used / kWholeShareAt * used / kWholeShareAt
                                 : (used + kWholeShareAt) / 2;
    return spent_ + predicted <= std::max(kFree, counted * percent / 100);
}

uint64_t CompileBudget::predict(size_t units) const {
    return units * (spent_ + kAssumedMicroseconds) / (units_ + kAssumedUnits);
}

void CompileBudget::spend(size_t units, uint64_t microseconds) {
    units_ += units;
    spent_ += microseconds;
}

} // namespace pyston::runtime
