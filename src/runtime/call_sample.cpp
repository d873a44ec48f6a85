#include "runtime/call_sample.h"

#include "runtime/options.h"
#include "runtime/policy.h"
#include "support/clocks.h"

#include <algorithm>
#include <utility>

namespace pyston::runtime {

uint32_t callWeight = 1;

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

// Between samples there is so much time, measured by the time that the last one took, and by the
// seconds of processor time for which the program has run: it is taken to go on for as long, and
// what is found late then is late by no more of that. After a compilation there are likely more.
constexpr uint64_t kTimeBetween = 32;
constexpr uint64_t kTimeAfterCompilation = 8;
constexpr uint64_t kMostSeconds = 4;

uint32_t callsLeft = 0;
uint32_t interval = kMostOftenSampled;
uint64_t lastTook = 0; // nanoseconds; 0: it ended for want of calls
uint64_t lastEnded = 0;
uint64_t began = 0; // nanoseconds; 0: it began with one call of 16
bool isLook = false;
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

void begin() {
    callsLeft = callsInTime();
    began = monotonicNanoseconds();
    callWeight = 1;
    isLook = false;
}

} // namespace

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
    begin();
    const uint64_t usual = callsLeft * nanosecondsOfCall;
    callWeight = static_cast<uint32_t>(std::clamp<uint64_t>(nanoseconds / usual, 1, kHeaviestCall));
}

void beginLook() {
    begin();
    isLook = true;
}

void endLook() {
    if (isLook)
        endCallSample();
}

void endLongCallSample() {
    if (began == 0)
        return;
    endCallSample();
    lastTook = 0; // in which there were few calls
}

void endCallSample() {
    if (began != 0) {
        const uint64_t now = monotonicNanoseconds();
        const uint64_t took = lastTook = now - began;
        lastEnded = now;
        const uint32_t calls = std::max(callsInTime() - callsLeft, 1u);
        if (!isLook)
            nanosecondsOfCall = (nanosecondsOfCall + took / calls) / 2 + 1;
    }
    callsLeft = 0;
    began = 0;
    isLook = false;
    callWeight = 1;
}

bool mayBeginCallSample(bool hasCompiled) {
    if (options().stressTicks)
        return true;
    const uint64_t seconds =
        std::clamp<uint64_t>(processCpuMicroseconds() / 1'000'000, 1, kMostSeconds);
    const uint64_t between = seconds * (hasCompiled ? kTimeAfterCompilation : kTimeBetween);
    return monotonicNanoseconds() - lastEnded >= between * lastTook;
}

} // namespace pyston::runtime
