#include "cpython/v3_11/frame_eval.h"

#include "cpython/api.h"
#include "cpython/v3_11/call_arguments.h"
#include "cpython/v3_11/code_references.h"
#include "cpython/v3_11/code_views.h"
#include "cpython/v3_11/direct_call.h"
#include "cpython/v3_11/free_lists.h"
#include "cpython/v3_11/generators.h"
#include "cpython/v3_11/getitem_inlining.h"
#include "cpython/v3_11/handlers.h"
#include "cpython/v3_11/helpers.h"
#include "cpython/v3_11/osr.h"
#include "cpython/v3_11/pending.h"
#include "cpython/v3_11/quicken.h"
#include "cpython/v3_11/quiet_death.h"
#include "cpython/v3_11/running_generators.h"
#include "cpython/v3_11/stack_segments.h"
#include "cpython/v3_11/ticks.h"
#include "cpython/v3_11/traced_positions.h"
#include "cpython/v3_11/tracing.h"
#include "runtime/call_sample.h"
#include "runtime/compile_thread.h"
#include "runtime/policy.h"

#include <utility>

namespace pyston::host {
namespace {

void takeVectorcall(PyFunctionObject* function) {
    if (function->vectorcall != _PyFunction_Vectorcall)
        return;
    const auto* code = reinterpret_cast<PyCodeObject*>(function->func_code);
    function->vectorcall = hasSimpleParameters(code) ? vectorcallFunction : vectorcallAny;
}

// The entry for a frame at its function's start or at a resume point; compiles if it is time to.
const void* entryFor(HostCode* data, const Frame* frame, int offset) {
    if (!data->current || data->current->coldStart) {
        if (!runtime::shouldCompileAtCall(data))
            return nullptr;
        auto why = data->isGenerator ? runtime::CompileWhy::kResume : runtime::CompileWhy::kCalls;
        if (!compileForFrame(data, frame, why))
            return nullptr;
    }
    return data->current->entryAt(offset);
}

// (The code of a module is run once, and its loops better seen.)
bool isFunction(const PyCodeObject* code) {
    return (code->co_flags & CO_OPTIMIZED) != 0;
}

PyObject* evalFrameHere(PyThreadState* tstate, Frame* frame, int throwflag) {
    if (tracingSeen)
        noticeEndOfTracing();
    else if (tstate->cframe->use_tracing)
        noticeTracing();
    if (runtime::hasFinishedJobs())
        runtime::installFinishedCode();
    HostCode* data = hostCodeIfWarm(tstate, frame->f_code);
    if (throwflag && mayThrowInto(tstate, data, frame))
        return throwInto(tstate, data, frame);
    if (throwflag || !runtime::isActive())
        return continueFrame(tstate, frame, throwflag);
    bool resumed = frame->owner == FRAME_OWNED_BY_GENERATOR;
    int offset = nextOffset(frame);
    if (!resumed && offset == 0)
        takeVectorcall(frame->f_func);
    const bool isSampled = runtime::isInCallSample();
    const bool mayBeginRun = !isSampled && !resumed && offset == 0 && isFunction(frame->f_code);
    if (data == nullptr || tstate->cframe->use_tracing)
        return mayBeginRun ? runUnseen(tstate, frame) : continueFrame(tstate, frame, 0);

    wake(data);
    // A frame that neither starts nor resumes (evaluated through an old API), or that is about to
    // make its generator, is the interpreter's.
    if (resumed || (offset == 0 && !data->isGenerator)) {
        if (const void* entry = entryFor(data, frame, offset)) {
            if (resumed)
                return resumeNative(tstate, data, frame, entry);
            ++runtime::statistics().nativeEntries;
            warmUp(frame->f_code);
            return enterNative(tstate, frame, data->current->base, entry);
        }
    }
    if (data->isCallAwaited) [[unlikely]]
        noticeAwaitedCall(tstate, data);
    const bool areSampled = data->hasLoops && samplesLoopsOf(tstate);
    if (seesActivations(data) && runtime::watchesLoopsNow(data, areSampled))
        watchLoops(data);
    else
        unwatchLoops(data);
    if (resumed || offset == 0)
        letIdle(data); // if nothing is watched
    return mayBeginRun && !data->loopsPatched ? runUnseen(tstate, frame)
                                              : continueFrame(tstate, frame, 0);
}

} // namespace

PyObject* evalFrame(PyThreadState* tstate, Frame* frame, int throwflag) {
    PyCodeObject* code = frame->f_code;
    if (frame->owner == FRAME_OWNED_BY_GENERATOR) {
        if (throwflag == 0 && mayRunIdle(code)) {
            return runIdleCall(tstate, frame);
        }
        const HostCode* data = findHostCode(code);
        const void* entry =
            throwflag || stackMayBeLow() ? nullptr : resumeEntry(tstate, data, frame);
        if (entry != nullptr) [[likely]]
            return resumeNative(tstate, data, frame, entry);
    } else if (frame->owner == FRAME_OWNED_BY_THREAD && nextOffset(frame) == 0) {
        dropCallerArguments(tstate, frame);
        if (throwflag == 0 && mayRunIdle(code)) {
            takeVectorcall(frame->f_func);
            return runIdleCall(tstate, frame);
        }
        HostCode* data = findHostCode(code);
        if (data != nullptr)
            patchEntryLater(data);
        if (throwflag == 0 && data != nullptr && mayEnter(tstate, data)) {
            takeVectorcall(frame->f_func);
            ++runtime::statistics().nativeEntries;
            return enterAtStart(tstate, data, frame);
        }
    }
    return evalWithStack(tstate, frame, throwflag);
}

PyObject* evalWithStack(PyThreadState* tstate, Frame* frame, int throwflag) {
    if (!stackMayBeLow()) [[likely]]
        return evalFrameHere(tstate, frame, throwflag);
    switch (examineStack()) {
    case LowStack::kSegment:
        return callOnSegment(evalFrameHere, tstate, frame, throwflag);
    case LowStack::kNoSegment:
        return runOnLowStack(tstate, frame, throwflag);
    case LowStack::kFine:
        break;
    }
    return evalFrameHere(tstate, frame, throwflag);
}

PyObject* continueStopped(PyThreadState* tstate, Frame* frame, LoopEdge* edge) {
    for (;;) {
        const EdgeOutcome outcome = passEdge(tstate, frame, findHostCode(frame->f_code), edge);
        if (outcome.blob != nullptr)
            return enterNative(tstate, frame, outcome.blob->base, outcome.entry);
        if (outcome.entry == raisingAtEdge().entry)
            return continueRaising(tstate, frame);
        if (outcome.entry != nullptr)
            return nullptr;
        const Interpreted interpreted = interpretSeen(tstate, frame, 0);
        if (interpreted.edge == nullptr) [[likely]]
            return interpreted.result;
        edge = interpreted.edge;
    }
}

static PyInterpreterState* installedIn = nullptr;
static bool mayHaveCode = false;

void noticeCompilation() {
    if (installedIn == nullptr || std::exchange(mayHaveCode, true))
        return;
    takeDeallocs();
    takeFunctionTraversal();
}

bool install() {
    PyInterpreterState* interp = PyInterpreterState_Get();
    if (isInstalled())
        return true;
    // Another frame evaluator (a debugger, another compiler) is left alone.
    if (interp != PyInterpreterState_Main() || interp->eval_frame != nullptr)
        return false;
    if (!prepareCodeData() || !prepareTakenFrames() || !prepareQuietDeaths()) {
        PyErr_Clear();
        return false;
    }
    prepareTracing();
    registerHelpers();
    hidePatches();
    markUnseenFrames();
    preparePendingCalls();
    prepareUnhookedRuns();
    prepareTicks();
    preventGetItemInlining();
    prepareRunningGenerators();
    installedIn = interp;
    if (runtime::statistics().compilations > 0) // before it was uninstalled
        noticeCompilation();
    _PyInterpreterState_SetEvalFrameFunc(interp, evalFrame);
    return true;
}

void uninstall() {
    if (!isInstalled())
        return;
    unwatchAllLoops();
    unpatchAllEntries();
    withdrawAllAdoptions();
    forgetUnhookedRun();
    installedIn = nullptr;
    giveBackGeneratorSlots();
    if (std::exchange(mayHaveCode, false)) {
        giveBackDeallocs();
        giveBackFunctionTraversal();
    }
    _PyInterpreterState_SetEvalFrameFunc(PyInterpreterState_Get(), _PyEval_EvalFrameDefault);
}

bool isInstalled() {
    const PyThreadState* tstate = PyThreadState_Get();
    return tstate->interp == installedIn &&
           (isInCharge(tstate) || (hookIsOffForStack && tstate->interp->eval_frame == nullptr));
}

} // namespace pyston::host
