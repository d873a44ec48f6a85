#include "cpython/v3_11/unhooked.h"

#include "cpython/api.h"
#include "cpython/v3_11/entry_patch.h"
#include "cpython/v3_11/frame_eval.h"
#include "cpython/v3_11/greenlets.h"
#include "cpython/v3_11/osr.h"
#include "cpython/v3_11/ticks.h"
#include "runtime/policy.h"

#include <algorithm>
#include <pthread.h>
#include <utility>
#include <vector>

namespace pyston::host {

PyInterpreterState* unhookedInterpreter = nullptr;
uint32_t currentRun = 0;
bool hookIsOffForStack = false;

namespace {

// One call of so many on average is a sample, and weighs as many: of fewer, the longer samples have
// led to nothing that was compiled.
constexpr uint32_t kMostOftenSampled = 16;
constexpr uint32_t kMostRarelySampled = 128;
constexpr uint32_t kSamplesInVain = 256;
// A sample ends after so many calls, or with the call that began it.
constexpr uint32_t kCallsOfSample = 1000;
// After a run that was interrupted so many calls of its function run with the hook, after the next
// one twice as many, and so on.
constexpr uint32_t kHookedAfterLong = 512;
constexpr uint32_t kMostDoublings = 16;

bool isOnlyThread(const PyThreadState* tstate) {
    return tstate->next == nullptr && tstate->interp->threads.head == tstate;
}

// --- samples

uint32_t sampleLeft = 0; // in idle calls
uint32_t sampleInterval = kMostOftenSampled;

void adjustInterval() {
    static uint64_t compilations = 0;
    static uint32_t inVain = 0;
    const uint64_t now = runtime::statistics().compilations;
    if (std::exchange(compilations, now) != now) {
        inVain = 0;
        sampleInterval = kMostOftenSampled;
    } else if (++inVain == kSamplesInVain) {
        inVain = 0;
        sampleInterval = std::min(2 * sampleInterval, kMostRarelySampled);
    }
}

// At random, so that it does not go in step with the program.
bool isSampled() {
    static uint32_t left = kMostOftenSampled;
    static uint32_t random = 1;
    if (--left != 0)
        return false;
    adjustInterval();
    random = random * 1664525 + 1013904223; // Numerical Recipes
    left = 1 + (random >> 16) % (2 * sampleInterval - 1);
    return true;
}

void endSample() {
    sampleLeft = 0;
    runtime::callWeight = 1;
}

// Counts an idle call: is it a part of a sample?
bool isInSample() {
    if (sampleLeft == 0) [[likely]]
        return false;
    if (--sampleLeft == 0)
        endSample();
    return true;
}

PyObject* runSample(PyThreadState* tstate, Frame* frame) {
    sampleLeft = kCallsOfSample;
    runtime::callWeight = sampleInterval;
    PyObject* result = continueFrame(tstate, frame, 0);
    endSample();
    return result;
}

// --- runs

uint32_t lastRun = 0;
const Frame* outermost = nullptr; // of its frames
// That were interrupted, and have not ended.
std::vector<uint32_t> interrupted;

void takeHookAway(PyThreadState* tstate, const Frame* frame) {
    ++runtime::statistics().unhookedCalls;
    liftLoopPatches(tstate);
    currentRun = lastRun;
    outermost = frame;
    unhookedInterpreter = tstate->interp;
    tstate->interp->eval_frame = nullptr;
}

// Unless someone else came.
void putHookBack(PyThreadState* tstate) {
    currentRun = 0;
    if (!isOnlyThread(tstate))
        markFramesOfOthers(tstate);
    if (std::exchange(unhookedInterpreter, nullptr) != tstate->interp ||
        tstate->interp->eval_frame != nullptr)
        return;
    tstate->interp->eval_frame = evalFrame;
    putLoopPatches();
    if (looksAtLoopsNext) [[unlikely]]
        lookAtLoops(tstate);
}

const Frame* lastOfRun(const PyThreadState* tstate) {
    const Frame* frame = tstate->cframe->current_frame;
    while (frame != nullptr && frame != outermost)
        frame = frame->previous;
    return frame;
}

bool beganInInterruptedRun(const HostCode* data) {
    return data->unseenInRun != 0 &&
           std::ranges::find(interrupted, data->unseenInRun) != interrupted.end();
}

void markForRun(const Frame* frame, uint32_t run) {
    HostCode* data = hostCode(frame->f_code);
    if (data == nullptr)
        return;
    if (!beganInInterruptedRun(data)) // or else in one that this one is a part of
        data->unseenInRun = run;
    unwatchLoops(data);
    // What takes long has loops that do. They are watched in the next call.
    wake(data);
    runtime::watchLoopsNext(data);
}

void interruptRun(PyThreadState* tstate) {
    const Frame* last = lastOfRun(tstate);
    if (last == nullptr || greenletIsLoaded()) {
        markFramesOf(tstate, last);
    } else {
        interrupted.push_back(currentRun);
        for (const Frame* frame = tstate->cframe->current_frame; frame != last->previous;
             frame = frame->previous)
            markForRun(frame, currentRun);
    }
    putHookBack(tstate);
}

void noteInterrupted(PyCodeObject* code, uint32_t run) {
    std::erase(interrupted, run);
    HostCode* data = findHostCode(code);
    wake(data);
    const uint64_t next =
        data->calls + (uint64_t{kHookedAfterLong} << std::min(data->longRuns, kMostDoublings));
    ++data->longRuns;
    data->unhooksAt = static_cast<uint32_t>(std::min<uint64_t>(next, UINT32_MAX));
}

// A run may be the child's whole life, or be of a thread that it does not have. (A thread without
// the interpreter's lock forks in order to execute another program.)
void afterForkInChild() {
    PyThreadState* tstate = _PyThreadState_GET();
    if (tstate != nullptr && unhookedInterpreter == tstate->interp &&
        tstate->thread_id == PyThread_get_thread_ident())
        interruptRun(tstate);
}

} // namespace

void prepareUnhookedRuns() {
    static bool prepared = false;
    if (!std::exchange(prepared, true))
        pthread_atfork(nullptr, nullptr, afterForkInChild);
}

PyObject* runUnhooked(PyThreadState* tstate, Frame* frame) {
    if (isInSample() || tstate->interp->eval_frame != evalFrame || !isOnlyThread(tstate) ||
        !noticesSwitches(tstate) || !wantTicks())
        return continueFrame(tstate, frame, 0);
    if (isSampled())
        return runSample(tstate, frame);
    const uint32_t run = ++lastRun != 0 ? lastRun : ++lastRun;
    takeHookAway(tstate, frame);
    PyCodeObject* code = frame->f_code; // the frame has it until our caller clears it
    PyObject* result = interpretFrame(tstate, frame, 0);
    if (currentRun == run) [[likely]] {
        // The greenlet package may have come, and have switched unnoticed, and not back.
        if (!noticesSwitches(tstate) && otherGreenletsExist(tstate))
            forbidWatching();
        putHookBack(tstate);
    } else if (std::ranges::find(interrupted, run) != interrupted.end()) {
        noteInterrupted(code, run);
    }
    return result;
}

void noticeSwitch() {
    endSample();
    PyThreadState* tstate = _PyThreadState_GET();
    keepUnpatched(tstate);
    if (unhookedInterpreter != tstate->interp)
        return;
    const Frame* last = lastOfRun(tstate);
    markFramesOf(tstate, last);
    // A greenlet that dies is switched to, and we are not told.
    if (last == nullptr)
        forbidWatching();
    putHookBack(tstate);
}

bool seesActivations(const HostCode* data) {
    const EntryPatch& patch = data->entryPatch;
    const bool seesThisRuns = currentRun == 0 || (patch.stands && patch.putInRun != currentRun);
    return seesThisRuns && !data->neverPatch && !beganInInterruptedRun(data);
}

void forgetUnhookedRun() {
    currentRun = 0;
    unhookedInterpreter = nullptr;
}

bool interruptLongRun(PyThreadState* tstate) {
    static uint32_t seen = 0;
    const bool isLong = std::exchange(seen, currentRun) == currentRun && currentRun != 0 &&
                        tstate->interp == unhookedInterpreter;
    if (isLong)
        interruptRun(tstate);
    return isLong;
}

PyObject* runOnLowStack(PyThreadState* tstate, Frame* frame, int throwflag) {
    PyInterpreterState* interp = tstate->interp;
    const bool wasHooked = interp->eval_frame == evalFrame;
    static bool isFirst = true;
    if (std::exchange(isFirst, false)) {
        forbidWatching();
        forbidEntryPatches();
    }
    const bool wasOff = std::exchange(hookIsOffForStack, true);
    interp->eval_frame = nullptr;
    PyObject* result = _PyEval_EvalFrameDefault(tstate, frame, throwflag);
    hookIsOffForStack = wasOff;
    if (wasHooked && interp->eval_frame == nullptr && isInstalled())
        interp->eval_frame = evalFrame;
    return result;
}

} // namespace pyston::host
