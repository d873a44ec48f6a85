#include "cpython/v3_11/unhooked.h"

#include "cpython/api.h"
#include "cpython/v3_11/call_arguments.h"
#include "cpython/v3_11/entry_patch.h"
#include "cpython/v3_11/frame_eval.h"
#include "cpython/v3_11/greenlets.h"
#include "cpython/v3_11/method_rows.h"
#include "cpython/v3_11/osr.h"
#include "cpython/v3_11/ticks.h"
#include "runtime/call_sample.h"
#include "runtime/options.h"
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

// Of this thread, of those that have not returned.
[[gnu::tls_model("initial-exec")]] constinit thread_local Activation* innermostActivation = nullptr;

// Of the innermost frames of a lasting run, so many functions have their loops watched in their
// next call.
constexpr int kAwaitedFunctions = 2;
// After a run that was interrupted so many calls of its function run with the hook, after the next
// one twice as many, and so on.
constexpr uint32_t kHookedAfterLong = 512;
constexpr uint32_t kMostDoublings = 16;

bool isOnlyThread(const PyThreadState* tstate) {
    return tstate->next == nullptr && tstate->interp->threads.head == tstate;
}

// --- runs

uint32_t lastRun = 0;
// The frame under the run's own ones, if any.
const Frame* runBase = nullptr;
bool runLasts = false;
// That were interrupted, and have not ended.
std::vector<uint32_t> interrupted;

bool isInterrupted(uint32_t run) {
    return std::ranges::find(interrupted, run) != interrupted.end();
}

void takeHookAway(PyThreadState* tstate, uint32_t run, const Frame* base, bool lasts) {
    ++runtime::statistics().unhookedCalls;
    liftLoopPatches(tstate);
    currentRun = run;
    runBase = base;
    runLasts = lasts;
    unhookedInterpreter = tstate->interp;
    tstate->interp->eval_frame = nullptr;
}

uint32_t newRun() {
    if (++lastRun == 0)
        ++lastRun;
    return lastRun;
}

// Unless someone else came.
void putHookBack(PyThreadState* tstate) {
    currentRun = 0;
    runLasts = false;
    if (!isOnlyThread(tstate))
        markFramesOfOthers(tstate);
    PyInterpreterState* interp = tstate->interp;
    if (std::exchange(unhookedInterpreter, nullptr) != interp ||
        (interp->eval_frame != nullptr && !hasHookForOffer(interp)))
        return;
    interp->eval_frame = evalFrame;
    putLoopPatches();
    if (looksAtLoopsNext) [[unlikely]]
        lookAtLoops(tstate);
}

// Are the frames of the run on this thread's chain, down to the one under them?
bool seesRun(const PyThreadState* tstate) {
    const Frame* frame = tstate->cframe->current_frame;
    while (frame != nullptr && frame != runBase)
        frame = frame->previous;
    return frame == runBase;
}

// Would it take long to mark the run's frames?
bool isDeep(const PyThreadState* tstate) {
    constexpr int kFrames = 1000;
    const Frame* frame = tstate->cframe->current_frame;
    int left = kFrames;
    for (; frame != nullptr && frame != runBase && left != 0; frame = frame->previous)
        --left;
    return left == 0;
}

bool beganInRun(const HostCode* data) {
    return data->unseenInRun != 0 &&
           (data->unseenInRun == currentRun || isInterrupted(data->unseenInRun));
}

void markForRun(const Frame* frame, uint32_t run) {
    HostCode* data = hostCode(frame->f_code);
    if (data == nullptr)
        return;
    if (!beganInRun(data)) // or else in one that this one is a part of
        data->unseenInRun = run;
    unwatchLoops(data);
    wake(data);
    // What takes long has loops that do. They are watched in the next call (see awaitCalls()).
    if (!runLasts)
        runtime::watchLoopsNext(data);
}

// The greenlet package may have come, and have switched unnoticed, and not back.
void forbidWatchingAfterSwitch(PyThreadState* tstate) {
    if (!noticesSwitches(tstate) && otherGreenletsExist(tstate))
        forbidWatching();
}

void interruptRun(PyThreadState* tstate) {
    const bool seesAll = seesRun(tstate);
    if (!seesAll || greenletIsLoaded()) {
        markFramesOf(tstate, seesAll ? runBase : nullptr);
        forbidWatchingAfterSwitch(tstate);
    } else {
        interrupted.push_back(currentRun);
        const Activation* activation = innermostActivation;
        for (const Frame* frame = tstate->cframe->current_frame; frame != runBase;
             frame = frame->previous) {
            // What was left by compiled code, or adopted, is seen also in a run.
            bool isSeen = frame->stacktop == kInNative;
            for (; activation != nullptr && activation->frame == frame; isSeen = true)
                activation = activation->outer;
            if (!isSeen)
                markForRun(frame, currentRun);
        }
    }
    putHookBack(tstate);
}

// The functions whose loops are run just now will have them watched in their next iteration, or
// else in their next call, wherever that comes from.
void awaitCalls(const PyThreadState* tstate, const Frame* base) {
    withdrawAllAdoptions();
    if (greenletIsLoaded())
        return;
    int functions = 0;
    for (const Frame* frame = tstate->cframe->current_frame;
         frame != base && functions < kAwaitedFunctions; frame = frame->previous) {
        HostCode* data = findHostCode(frame->f_code);
        if (data == nullptr || frame->stacktop == kInNative || !data->hasLoops ||
            data->isGenerator || !runtime::mayCompile(data))
            continue;
        ++functions;
        if (adoptAtLoopHead(frame, data) || data->nativeFunction != nullptr)
            continue;
        data->isCallAwaited = true;
        patchEntry(data);
    }
}

bool hasActivation(const PyThreadState* tstate, const HostCode* data, const Frame* except) {
    for (const Frame* frame = tstate->cframe->current_frame; frame; frame = frame->previous)
        if (frame != except && reinterpret_cast<const Object*>(frame->f_code) == data->code)
            return true;
    return false;
}

// --- runs that last

bool noticesThreads = false;

// Then activations do not end in the order in which they begin.
bool knowsGreenlets = false;

bool mayLast(PyThreadState* tstate) {
    knowsGreenlets = knowsGreenlets || greenletIsLoaded();
    return innermostActivation != nullptr && noticesThreads && !knowsGreenlets &&
           samplesLoopsOf(tstate) && watchesNothingElse(tstate);
}

// Begins one, or resumes that of the same activation.
void beginLastingRun(PyThreadState* tstate) {
    Activation* activation = innermostActivation;
    if (activation->run == 0)
        activation->run = newRun();
    else
        std::erase(interrupted, activation->run);
    takeHookAway(tstate, activation->run, activation->frame, true);
}

// The activation that it had returns (or stands at a loop edge): all its frames have.
[[gnu::noinline, gnu::cold]] void endLastingRun(PyThreadState* tstate, uint32_t run) {
    if (currentRun == run) {
        forbidWatchingAfterSwitch(tstate);
        putHookBack(tstate);
    } else {
        std::erase(interrupted, run);
    }
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

// The new thread is to be under the hook. (This one may wait for it, where no tick is served.)
PyCFunction originalStartThread = nullptr;
PyObject* startThread(PyObject* module, PyObject* args) {
    PyThreadState* tstate = _PyThreadState_GET();
    if (currentRun != 0 && tstate->interp == unhookedInterpreter)
        interruptRun(tstate);
    return originalStartThread(module, args);
}

void noticeThreads() {
    PyMethodDef* const rows[] = {builtinRow("_thread", "start_new_thread", METH_VARARGS),
                                 builtinRow("_thread", "start_new", METH_VARARGS)};
    noticesThreads = std::ranges::none_of(rows, [](auto* row) { return row == nullptr; });
    if (!noticesThreads)
        return;
    originalStartThread = rows[0]->ml_meth;
    for (PyMethodDef* row : rows)
        row->ml_meth = startThread;
}

// In a frame that is about to be interpreted by us.
void watchLoopsOf(PyThreadState* tstate, HostCode* data, const Frame* adopted) {
    if (currentRun != 0 && !interruptLastingRun(tstate))
        return;
    if (isOnlyThread(tstate) && !greenletIsLoaded() && !hasActivation(tstate, data, adopted))
        data->unseenInRun = 0;
    runtime::beginLook();
    sampleLoops(data, timeAdoptedFor());
}

} // namespace

void prepareUnhookedRuns() {
    static bool prepared = false;
    if (std::exchange(prepared, true))
        return;
    pthread_atfork(nullptr, nullptr, afterForkInChild);
    noticeThreads();
}

PyObject* runUnhooked(PyThreadState* tstate, Frame* frame) {
    if (runtime::isInCallSample() || tstate->interp->eval_frame != evalFrame ||
        !isOnlyThread(tstate) || !noticesSwitches(tstate) || !wantTicks())
        return continueFrame(tstate, frame, 0);
    if (mayLast(tstate)) {
        beginLastingRun(tstate);
        return interpretFrame(tstate, frame, 0);
    }
    if (runtime::beginsCallSample()) {
        PyObject* result = continueFrame(tstate, frame, 0);
        runtime::endCallSample();
        return result;
    }
    const uint32_t run = newRun();
    takeHookAway(tstate, run, tstate->cframe->current_frame, false);
    PyCodeObject* code = frame->f_code; // the frame has it until our caller clears it
    PyObject* result = interpretFrame(tstate, frame, 0);
    if (currentRun == run) [[likely]] {
        forbidWatchingAfterSwitch(tstate);
        putHookBack(tstate);
    } else if (isInterrupted(run)) {
        noteInterrupted(code, run);
    }
    return result;
}

PyObject* runUnseen(PyThreadState* tstate, Frame* frame) {
    if (tstate->interp->eval_frame != evalFrame || runtime::options().unhookAfterCalls == 0 ||
        !isOnlyThread(tstate) || !noticesSwitches(tstate) || !wantTicks() || !mayLast(tstate))
        return continueFrame(tstate, frame, 0);
    beginLastingRun(tstate);
    return interpretFrame(tstate, frame, 0);
}

Interpreted interpretSeen(PyThreadState* tstate, Frame* frame, int throwflag) {
    Activation activation{frame, innermostActivation};
    innermostActivation = &activation;
    PyObject* result = isIdle(frame->f_code) // not patched
                           ? _PyEval_EvalFrameDefault(tstate, frame, throwflag)
                           : interpretFrame(tstate, frame, throwflag);
    innermostActivation = activation.outer;
    // (Before the loop may be unwatched.)
    LoopEdge* const edge = isIdle(frame->f_code) ? nullptr : edgeStoppedAt(tstate, frame);
    if (activation.run != 0) [[unlikely]]
        endLastingRun(tstate, activation.run);
    return {result, edge};
}

void noticeSwitch() {
    knowsGreenlets = true;
    runtime::endCallSample();
    PyThreadState* tstate = _PyThreadState_GET();
    keepUnpatched(tstate);
    withdrawAllAdoptions();
    if (unhookedInterpreter != tstate->interp)
        return;
    const bool seesAll = seesRun(tstate);
    markFramesOf(tstate, seesAll ? runBase : nullptr);
    // A greenlet that dies is switched to, and we are not told.
    if (!seesAll)
        forbidWatching();
    putHookBack(tstate);
}

bool seesActivations(const HostCode* data) {
    const EntryPatch& patch = data->entryPatch;
    const bool seesThisRuns = currentRun == 0 || (patch.stands() && patch.putInRun != currentRun);
    return seesThisRuns && !data->neverPatch && !beganInRun(data);
}

void forgetUnhookedRun() {
    currentRun = 0;
    runLasts = false;
    unhookedInterpreter = nullptr;
}

bool interruptLastingRun(PyThreadState* tstate) {
    if (!runLasts || tstate->interp != unhookedInterpreter || isDeep(tstate))
        return false;
    const Frame* base = runBase;
    interruptRun(tstate);
    awaitCalls(tstate, base);
    return true;
}

void awaitLoops(PyThreadState* tstate) {
    if (runLasts && tstate->interp == unhookedInterpreter && !isDeep(tstate) && seesRun(tstate))
        awaitCalls(tstate, runBase);
}

void noticeAwaitedCall(PyThreadState* tstate, HostCode* data) {
    data->isCallAwaited = false;
    if (data->nativeFunction == nullptr)
        unpatchEntry(data);
    watchLoopsOf(tstate, data, nullptr);
}

void noticeAdopted(PyThreadState* tstate, HostCode* data) {
    watchLoopsOf(tstate, data, tstate->cframe->current_frame);
}

bool interruptLongRun(PyThreadState* tstate) {
    static uint32_t seen = 0;
    const bool isLong = std::exchange(seen, currentRun) == currentRun && currentRun != 0 &&
                        !runLasts && tstate->interp == unhookedInterpreter;
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
    withdrawAllAdoptions();
    const bool wasOff = std::exchange(hookIsOffForStack, true);
    interp->eval_frame = nullptr;
    PyObject* result = _PyEval_EvalFrameDefault(tstate, frame, throwflag);
    hookIsOffForStack = wasOff;
    if (wasHooked && interp->eval_frame == nullptr && isInstalled())
        interp->eval_frame = evalFrame;
    return result;
}

} // namespace pyston::host
