#include "cpython/v3_11/ticks.h"

#include "cpython/api.h"
#include "cpython/v3_11/frame_eval.h"
#include "cpython/v3_11/osr.h"
#include "cpython/v3_11/unhooked.h"
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

uint64_t nanosecondsSinceLook() {
    static uint64_t last = 0;
    const uint64_t now = monotonicNanoseconds();
    return std::min(now - std::exchange(last, now), kLongestNanoseconds);
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
    const bool wasLong = interruptLongRun(tstate);
    if (currentRun == 0)
        lookAtLoops(tstate);
    const bool hasCompiled = hasCompiledSince();
    ticker.serve(wasLong || hasCompiled);
    return 0;
}

void afterForkInChild() {
    ticker.forget();
}

} // namespace

void prepareTicks() {
    static bool prepared = false;
    if (!std::exchange(prepared, true))
        pthread_atfork(nullptr, nullptr, afterForkInChild);
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
    const uint64_t nanoseconds = nanosecondsSinceLook();
    if (!samplesLoopsOf(tstate) || tstate->cframe->use_tracing)
        return;
    int frames = 0;
    int loops = 0;
    bool isInnermost = true;
    for (const Frame* frame = tstate->cframe->current_frame;
         frame != nullptr && frames < kFrames && loops < kLoops; frame = frame->previous) {
        ++frames;
        if (frame->stacktop == kInNative)
            continue;
        HostCode* data = findHostCode(frame->f_code);
        if (data != nullptr && sampleLoops(data, nanoseconds, isInnermost))
            ++loops;
        isInnermost = false;
    }
}

void noticeLoopCode() {
    looksAtLoopsNext = true;
    const auto look = [](void*) {
        PyThreadState* tstate = _PyThreadState_GET();
        if (isInCharge(tstate) && currentRun == 0)
            lookAtLoops(tstate);
        return 0;
    };
    callSoon(look, nullptr);
}

void endTicks() {
    ticker.silence();
}

} // namespace pyston::host
