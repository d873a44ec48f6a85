#include "runtime/call_sample.h"

#include "runtime/options.h"
#include "runtime/policy.h"
#include "support/clocks.h"

#include <algorithm>
#include <utility>

namespace pyston::runtime {
namespace {

constexpr uint32_t kMostOftenSampled = 16;
constexpr uint32_t kMostRarelySampled = 128;
constexpr uint32_t kSamplesInVain = 256;
// It ends after so many calls, if not with the call that began it.
constexpr uint32_t kCalls = 1000;

constexpr uint32_t kCallsInTime = 300;
constexpr uint32_t kCallsUnderStress = 10;
constexpr uint64_t kNanosecondsOfCall = 500; // before there was a sample
constexpr uint64_t kHeaviestCall = 512;

uint32_t callsLeft = 0;
uint32_t interval = kMostOftenSampled;
uint64_t lastTook = 0;
uint64_t began = 0; // nanoseconds; 0: it does not stand for some time
uint64_t nanosecondsOfCall = kNanosecondsOfCall;

void adjustInterval() {
    static uint64_t compilations = 0;
    static uint32_t inVain = 0;
    const uint64_t now = statistics().compilations;
    if (std::exchange(compilations, now) != now) {
        inVain = 0;
        interval = kMostOftenSampled;
    } else if (++inVain == kSamplesInVain) {
        inVain = 0;
        interval = std::min(2 * interval, kMostRarelySampled);
    }
}

uint32_t callsInTime() {
    return options().stressTicks ? kCallsUnderStress : kCallsInTime;
}

} // namespace

uint32_t callWeight = 1;

bool isInCallSample() {
    if (callsLeft == 0) [[likely]]
        return false;
    if (--callsLeft == 0)
        endCallSample();
    return true;
}

bool beginsCallSample() {
    static uint32_t left = kMostOftenSampled;
    static uint32_t random = 1;
    if (--left != 0)
        return false;
    adjustInterval();
    random = random * 1664525 + 1013904223; // Numerical Recipes
    left = 1 + (random >> 16) % (2 * interval - 1);
    callsLeft = kCalls;
    began = 0;
    callWeight = interval;
    return true;
}

void beginCallSample(uint64_t nanoseconds) {
    callsLeft = callsInTime();
    began = monotonicNanoseconds();
    const uint64_t usual = callsLeft * nanosecondsOfCall;
    callWeight = static_cast<uint32_t>(std::clamp<uint64_t>(nanoseconds / usual, 1, kHeaviestCall));
}

void endLongCallSample() {
    if (began == 0)
        return;
    endCallSample();
    lastTook = 0; // in which there were few calls
}

void endCallSample() {
    if (began != 0) {
        const uint64_t took = lastTook = monotonicNanoseconds() - began;
        const uint32_t calls = std::max(callsInTime() - callsLeft, 1u);
        nanosecondsOfCall = (nanosecondsOfCall + took / calls) / 2 + 1;
    }
    callsLeft = 0;
    began = 0;
    callWeight = 1;
}

uint64_t lengthOfCallSample() {
    return lastTook;
}

} // namespace pyston::runtime
