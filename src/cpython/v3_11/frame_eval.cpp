#include "cpython/v3_11/frame_eval.h"

#include "cpython/api.h"
#include "cpython/v3_11/call_arguments.h"
#include "cpython/v3_11/code_views.h"
#include "cpython/v3_11/direct_call.h"
#include "cpython/v3_11/frames.h"
#include "cpython/v3_11/generators.h"
#include "cpython/v3_11/helpers.h"
#include "cpython/v3_11/osr.h"
#include "cpython/v3_11/stack_segments.h"
#include "cpython/v3_11/tracing.h"
#include "runtime/policy.h"

#include <algorithm>
#include <utility>

namespace pyston::host {
namespace {

PyObject* evalFrame(PyThreadState* tstate, Frame* frame, int throwflag);
PyObject* vectorcallFunction(PyObject* callable, PyObject* const* args, size_t nargsf,
                             PyObject* kwnames);

bool hookIsSet(PyThreadState* tstate) {
    return tstate->interp->eval_frame == evalFrame;
}

// How many calls run in the interpreter without the hook, for want of C stack.
int unhookedDepth = 0;

// With greenlets about there is no other stack to go to; the interpreter alone needs none. Loops
// are not watched from then on, since frames now exist that we cannot see.
PyObject* evalUnhooked(PyThreadState* tstate, Frame* frame, int throwflag) {
    if (unhookedDepth++ == 0) {
        forbidWatching();
        _PyInterpreterState_SetEvalFrameFunc(tstate->interp, _PyEval_EvalFrameDefault);
    }
    PyObject* result = _PyEval_EvalFrameDefault(tstate, frame, throwflag);
    if (--unhookedDepth == 0)
        _PyInterpreterState_SetEvalFrameFunc(tstate->interp, evalFrame);
    return result;
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

PyObject* evalFrameHere(PyThreadState* tstate, Frame* frame, int throwflag) {
    if (tracingSeen)
        noticeEndOfTracing();
    HostCode* data = hostCode(frame->f_code);
    if (throwflag || tstate->cframe->use_tracing || data == nullptr || !runtime::isActive())
        return continueFrame(tstate, frame, throwflag);

    bool resumed = frame->owner == FRAME_OWNED_BY_GENERATOR;
    int offset = nextOffset(frame);
    if (!resumed && offset == 0) {
        PyFunctionObject* function = frame->f_func;
        if (data->simpleCalls && function->vectorcall == _PyFunction_Vectorcall)
            function->vectorcall = vectorcallFunction;
    }
    // A frame that neither starts nor resumes (evaluated through an old API), or that is about to
    // make its generator, is the interpreter's.
    if (resumed || (offset == 0 && !data->isGenerator)) {
        if (const void* entry = entryFor(data, frame, offset)) {
            if (resumed)
                return resumeNative(tstate, data, frame, entry);
            ++runtime::statistics().nativeEntries;
            return enterNative(tstate, frame, data->current->base, entry);
        }
    }
    watchLoops(data);
    return continueFrame(tstate, frame, 0);
}

PyObject* evalWithStack(PyThreadState* tstate, Frame* frame, int throwflag) {
    if (!stackMayBeLow()) [[likely]]
        return evalFrameHere(tstate, frame, throwflag);
    switch (examineStack()) {
    case LowStack::kSegment:
        return callOnSegment(evalFrameHere, tstate, frame, throwflag);
    case LowStack::kUnhooked:
        return evalUnhooked(tstate, frame, throwflag);
    case LowStack::kFine:
        break;
    }
    return evalFrameHere(tstate, frame, throwflag);
}

PyObject* evalFrame(PyThreadState* tstate, Frame* frame, int throwflag) {
    if (frame->owner == FRAME_OWNED_BY_GENERATOR) {
        const HostCode* data = findHostCode(frame->f_code);
        const void* entry =
            throwflag || stackMayBeLow() ? nullptr : resumeEntry(tstate, data, frame);
        if (entry != nullptr) [[likely]]
            return resumeNative(tstate, data, frame, entry);
    } else if (frame->owner == FRAME_OWNED_BY_THREAD && nextOffset(frame) == 0) {
        dropCallerArguments(tstate, frame);
    }
    return evalWithStack(tstate, frame, throwflag);
}

// A complete frame at its function's start: runs it and clears it.
PyObject* runAndClear(PyThreadState* tstate, HostCode* data, Frame* frame) {
    PyObject* result;
    if (data->nativeFunction != nullptr && !tstate->cframe->use_tracing && !stackMayBeLow())
        [[likely]]
        result = enterNative(tstate, frame, data->nativeFunction, data->nativeEntry);
    else if (hookIsSet(tstate))
        result = evalWithStack(tstate, frame, 0);
    else
        result = _PyEval_EvalFrame(tstate, frame, 0);
    clearAndPopFrame(tstate, frame);
    return result;
}

// May the references be taken from `args`? They are the interpreter's if it is executing the CALL
// of just this callable: that lies before the arguments, which are all of the call's. See
// call_arguments.h.
bool mayTakeArguments(PyThreadState* tstate, PyObject* callable, PyObject* const* args,
                      size_t count) {
    Frame* caller = tstate->cframe->current_frame;
    if (caller == nullptr || caller->stacktop != -1 || args == nullptr)
        return false;
    PyCodeObject* code = caller->f_code;
    PyObject** stack = caller->localsplus + code->co_nlocalsplus;
    if (args <= stack || args + count > stack + code->co_stacksize || args[-1] != callable)
        return false;
    _Py_CODEUNIT unit = *caller->prev_instr;
    if (_PyOpcode_Deopt[_Py_OPCODE(unit)] != CALL)
        return false;
    size_t stated = _Py_OPARG(unit); // more than 255 would need a prefix
    return count == stated || count == stated + 1;
}

// Leaves None for each of the caller's references.
void giveUp(PyObject* const* args, size_t count) {
    auto** taken = const_cast<PyObject**>(args);
    for (size_t i = 0; i < count; ++i)
        Py_DECREF(std::exchange(taken[i], Py_NewRef(Py_None)));
}

// New references to all parameters' values: what is given, then defaults.
void bindArguments(PyObject** slots, PyFunctionObject* function, PyObject* const* args,
                   size_t given, size_t wanted) {
    for (size_t i = 0; i < given; ++i)
        slots[i] = Py_NewRef(args[i]);
    if (given == wanted)
        return;
    PyObject* defaults = function->func_defaults;
    size_t first = wanted - static_cast<size_t>(PyTuple_GET_SIZE(defaults));
    for (size_t i = given; i < wanted; ++i)
        slots[i] = Py_NewRef(PyTuple_GET_ITEM(defaults, static_cast<Py_ssize_t>(i - first)));
}

// They are moved into the generator once it has been made.
constexpr size_t kMaxGeneratorArguments = 16;

PyObject* callGeneratorFunction(PyThreadState* tstate, HostCode* data, PyFunctionObject* function,
                                PyObject* const* args, size_t given, size_t wanted) {
    PyObject* slots[kMaxGeneratorArguments] = {};
    bindArguments(slots, function, args, given, wanted);
    PyObject* generator =
        makeGenerator(tstate, data, function, slots, static_cast<Py_ssize_t>(wanted));
    if (generator == nullptr)
        std::for_each(slots, slots + wanted, [](PyObject* argument) { Py_DECREF(argument); });
    return generator;
}

// Calls with positional arguments only; the rest is _PyFunction_Vectorcall's.
PyObject* vectorcallFunction(PyObject* callable, PyObject* const* args, size_t nargsf,
                             PyObject* kwnames) {
    PyThreadState* tstate = _PyThreadState_GET();
    auto* function = reinterpret_cast<PyFunctionObject*>(callable);
    auto* code = reinterpret_cast<PyCodeObject*>(function->func_code);
    HostCode* data = findHostCode(code);
    auto given = static_cast<size_t>(PyVectorcall_NARGS(nargsf));
    auto wanted = static_cast<size_t>(code->co_argcount);
    size_t defaults = 0;
    if (function->func_defaults != nullptr)
        defaults = static_cast<size_t>(PyTuple_GET_SIZE(function->func_defaults));
    bool simple = data != nullptr && data->simpleCalls && given <= wanted &&
                  given + defaults >= wanted &&
                  (kwnames == nullptr || PyTuple_GET_SIZE(kwnames) == 0);
    if (!simple || !hookIsSet(tstate) || tstate->cframe->use_tracing ||
        (data->isGenerator && wanted > kMaxGeneratorArguments))
        return _PyFunction_Vectorcall(callable, args, nargsf, kwnames);

    PyObject* generator = nullptr;
    if (data->isGenerator) {
        generator = callGeneratorFunction(tstate, data, function, args, given, wanted);
        if (generator == nullptr)
            return _PyFunction_Vectorcall(callable, args, nargsf, kwnames);
    }
    const auto mayTake = [&] {
        return given > 0 && (takeOffer(callable, args).first != nullptr ||
                             mayTakeArguments(tstate, callable, args, given));
    };
    if (generator != nullptr) {
        if (mayTake())
            giveUp(args, given);
        return generator;
    }
    Frame* frame = pushFrame(tstate, function);
    if (frame == nullptr)
        return PyErr_NoMemory();
    PyObject** slots = frame->localsplus;
    bindArguments(slots, function, args, given, wanted);
    if (mayTake())
        giveUp(args, given);
    std::fill(slots + wanted, slots + code->co_nlocalsplus, nullptr);
    return runAndClear(tstate, data, frame);
}

} // namespace

PyObject* continueFrame(PyThreadState* tstate, Frame* frame, int throwflag) {
    for (;;) {
        PyObject* result = _PyEval_EvalFrameDefault(tstate, frame, throwflag);
        LoopEdge* edge = edgeStoppedAt(tstate, frame);
        if (edge == nullptr) [[likely]]
            return result;
        EdgeOutcome outcome = passEdge(tstate, frame, findHostCode(frame->f_code), edge);
        switch (outcome.what) {
        case EdgeOutcome::kInterpret:
            throwflag = 0;
            break;
        case EdgeOutcome::kReturn:
            return nullptr;
        case EdgeOutcome::kEnter:
            return enterNative(tstate, frame, outcome.blob->base, outcome.entry);
        }
    }
}

Object* callDirect(ThreadState* tstate, runtime::CodeData* data, Object* function,
                   Object** stolenArgs, int64_t count) {
    auto* functionObject = reinterpret_cast<PyFunctionObject*>(function);
    auto* hostData = static_cast<HostCode*>(data);
    const auto callAndRelease = [&] {
        PyObject* result =
            PyObject_Vectorcall(function, stolenArgs, static_cast<size_t>(count), nullptr);
        std::for_each(stolenArgs, stolenArgs + count,
                      [](Object* argument) { Py_DECREF(argument); });
        return result;
    };
    // The guard was on the function's identity; its __code__ may have been replaced since.
    if (!PyFunction_Check(function) || functionObject->func_code != data->code) [[unlikely]]
        return callAndRelease();
    if (hostData->isGenerator) {
        PyObject* generator = nullptr;
        if (hostData->generatorStart.offset >= 0)
            generator = makeGenerator(tstate, hostData, functionObject, stolenArgs, count);
        return generator != nullptr ? generator : callAndRelease();
    }
    Frame* frame = pushFrame(tstate, functionObject);
    if (frame == nullptr) {
        std::for_each(stolenArgs, stolenArgs + count,
                      [](Object* argument) { Py_DECREF(argument); });
        return PyErr_NoMemory();
    }
    std::copy(stolenArgs, stolenArgs + count, frame->localsplus);
    std::fill(frame->localsplus + count, frame->localsplus + frame->f_code->co_nlocalsplus,
              nullptr);
    return runAndClear(tstate, hostData, frame);
}

bool install() {
    PyInterpreterState* interp = PyInterpreterState_Get();
    if (isInstalled())
        return true;
    // Another frame evaluator (a debugger, another compiler) is left alone.
    if (interp != PyInterpreterState_Main() || interp->eval_frame != nullptr)
        return false;
    if (!prepareCodeData() || !prepareTracing()) {
        PyErr_Clear();
        return false;
    }
    registerHelpers();
    hidePatches();
    markUnseenFrames();
    _PyInterpreterState_SetEvalFrameFunc(interp, evalFrame);
    return true;
}

void uninstall() {
    if (!isInstalled())
        return;
    unwatchAllLoops();
    _PyInterpreterState_SetEvalFrameFunc(PyInterpreterState_Get(), _PyEval_EvalFrameDefault);
}

bool isInstalled() {
    return PyInterpreterState_Get()->eval_frame == evalFrame;
}

} // namespace pyston::host
