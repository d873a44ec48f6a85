#include "runtime/stress.h"

#include "runtime/options.h"

#include <random>

namespace pyston::runtime {
namespace {

// Every second compilation is given up, in one of the phases.
constexpr size_t kAbortOneOf = 2 * kNumPhases;

void drawNextExit() {
    static std::minstd_rand random(static_cast<uint32_t>(options().stressExitsSeed));
    guardsUntilExit = static_cast<int64_t>(1 + random() % options().stressExitsEvery);
}

} // namespace

// The first guard leaves, and has the next one drawn.
constinit int64_t guardsUntilExit = 1;

bool stressesExits() {
    return options().stressExitsSeed != 0 || options().stressExitAt != 0;
}

void forceExitAt(uint64_t guard) {
    guardsUntilExit = guard == 0 ? INT64_MAX : static_cast<int64_t>(guard);
}

bool wasExitForced() {
    if (guardsUntilExit > 0)
        return false;
    if (options().stressExitsSeed != 0)
        drawNextExit();
    else
        guardsUntilExit = INT64_MAX;
    return true;
}

std::optional<Phase> drawAbort() {
    const uint64_t seed = options().stressAbortSeed;
    if (seed == 0)
        return {};
    static std::minstd_rand random(static_cast<uint32_t>(seed));
    const size_t phase = random() / 8 % kAbortOneOf; // its lowest bits are the least random
    return phase < kNumPhases ? std::optional(static_cast<Phase>(phase)) : std::nullopt;
}

} // namespace pyston::runtime
