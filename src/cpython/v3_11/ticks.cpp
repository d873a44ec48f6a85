#include "cpython/v3_11/ticks.h"

#include "cpython/api.h"
#include "cpython/v3_11/adoption.h"
#include "cpython/v3_11/frame_eval.h"
#include "cpython/v3_11/osr.h"
#include "cpython/v3_11/unhooked.h"
#include "runtime/call_sample.h"
#include "runtime/options.h"
#include "runtime/policy.h"
#include "support/clocks.h"
#include "support/ticker.h"

#include <algorithm>
#include <pthread.h>
#include <utility>

namespace pyston::host {

bool looksAtLoopsNext = false;

namespace {

// Of the innermost frames, so many have their loops watched.
constexpr int kFrames = 64;
constexpr int kLoops = 4;
// More time than this between two looks was not spent in the interpreter.
constexpr uint64_t kLongestNanoseconds = 2'000'000 * uint64_t{support::Ticker::kRareMilliseconds};

int onTick(void*);

support::Ticker ticker([] {
    if (!_Py_IsFinalizing())
        callSoon(onTick, nullptr);
});

// The time since something was done last, as far as it may have been spent in the interpreter.
class Interval {
  public:
    // At each tick, at least.
    void note() {
        const uint64_t now = monotonicNanoseconds();
        length_ += std::min(now - std::exchange(last_, now), kLongestNanoseconds);
    }
    // It is done now.
    uint64_t restart() {
        note();
        return std::exchange(length_, 0);
    }

  private:
    uint64_t last_ = 0;
    uint64_t length_ = 0;
};
Interval looks;
Interval adoptions;
Interval samples;
uint64_t timeOfAdoption = 1;

// After so many samples of runs that last, which led to nothing that was compiled, only each
// second, third, ... tick is for one.
constexpr uint32_t kSamplesInVain = 32;
constexpr uint32_t kMostTicks = 4;

bool isTimeForSample(bool hasCompiled) {
    static uint32_t inVain = 0;
    static uint32_t skipped = 0;
    if (hasCompiled || runtime::options().stressTicks)
        inVain = 0;
    if (++skipped < std::min(1 + inVain / kSamplesInVain, kMostTicks))
        return false;
    skipped = 0;
    ++inVain;
    return true;
}

bool hasCompiledSince() {
    static uint64_t compilations = 0;
    const uint64_t now = runtime::statistics().compilations;
    return std::exchange(compilations, now) != now;
}

// A pending call. Where Pyston was switched off it is not served: then there are no more.
int onTick(void*) {
    PyThreadState* tstate = _PyThreadState_GET();
    if (!isInCharge(tstate))
        return 0;
    looksAtLoopsNext = true;
    const bool hasCompiled = hasCompiledSince();
    runtime::endLongCallSample();
    samples.note();
    adoptions.note();
    if (runtime::mayBeginCallSample(hasCompiled)) {
        timeOfAdoption = adoptions.restart();
        if (isTimeForSample(hasCompiled) && interruptLastingRun(tstate))
            runtime::beginCallSample(samples.restart());
        else
            awaitLoops(tstate);
    }
    const bool wasLong = interruptLongRun(tstate);
    if (currentRun == 0)
        lookAtLoops(tstate);
    ticker.serve(wasLong || hasCompiled);
    return 0;
}

} // namespace

void prepareTicks() {
    static bool prepared = false;
    if (!std::exchange(prepared, true))
        pthread_atfork([] { ticker.beforeFork(); }, [] { ticker.afterForkInParent(); },
                       [] { ticker.afterForkInChild(); });
    if (runtime::options().stressTicks)
        ticker.hurry();
}

bool wantTicks() {
    return ticker.want();
}

// (Pending calls are the main thread's.)
bool samplesLoopsOf(const PyThreadState* tstate) {
    return runtime::samplesLoops() && tstate->thread_id == _PyRuntime.main_thread && wantTicks();
}

void lookAtLoops(PyThreadState* tstate) {
    if (!looksAtLoopsNext || tstate->curexc_type != nullptr)
        return;
    looksAtLoopsNext = false;
    endLoopSamples();
    withdrawAllAdoptions();
    const uint64_t nanoseconds = looks.restart();
    if (!samplesLoopsOf(tstate) || tstate->cframe->use_tracing)
        return;
    int frames = 0;
    int loops = 0;
    for (const Frame* frame = tstate->cframe->current_frame;
         frame != nullptr && frames < kFrames && loops < kLoops; frame = frame->previous) {
        ++frames;
        if (frame->stacktop == kInNative)
            continue;
        HostCode* data = hostCodeIfWarm(tstate, frame->f_code);
        const bool isUnseen = data != nullptr && !seesActivations(data);
        if (isUnseen ? adoptAtLoopHead(frame, data)
                     : data != nullptr && sampleLoops(data, nanoseconds))
            ++loops;
    }
}

void noticeLoopCode() {
    looksAtLoopsNext = true;
    const auto look = [](void*) {
        PyThreadState* tstate = _PyThreadState_GET();
        if (!isInCharge(tstate))
            return 0;
        interruptLastingRun(tstate);
        if (currentRun == 0)
            lookAtLoops(tstate);
        return 0;
    };
    callSoon(look, nullptr);
}

uint64_t timeAdoptedFor() {
    return timeOfAdoption;
}

void endTicks() {
    ticker.silence();
}

} // namespace pyston::host
