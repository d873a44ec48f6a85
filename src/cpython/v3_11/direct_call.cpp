#include "cpython/v3_11/direct_call.h"

#include "cpython/v3_11/call_arguments.h"
#include "cpython/v3_11/call_binding.h"
#include "cpython/v3_11/frame_eval.h"
#include "cpython/v3_11/frames.h"
#include "cpython/v3_11/generators.h"
#include "cpython/v3_11/quicken.h"
#include "cpython/v3_11/stack_segments.h"

#include <algorithm>
#include <utility>

namespace pyston::host {
namespace {

// A call at its start that is the interpreter's business, see mayRunIdle(). What it does without a
// hook is not counted.
[[gnu::always_inline]] inline PyObject* runIdle(PyThreadState* tstate, Frame* frame) {
    return tstate->interp == unhookedInterpreter ? _PyEval_EvalFrameDefault(tstate, frame, 0)
                                                 : runIdleCall(tstate, frame);
}

// A complete frame at its function's start: runs it and clears it. (`data` may be null if
// mayRunIdle(), and of code that is run for the first few times.)
PyObject* runAndClear(PyThreadState* tstate, HostCode* data, Frame* frame) {
    PyObject* result;
    if (mayRunIdle(frame->f_code)) {
        result = runIdle(tstate, frame);
    } else {
        if (data != nullptr)
            patchEntryLater(data);
        if (data != nullptr && mayEnter(tstate, data)) [[likely]] {
            result = enterAtStart(tstate, data, frame);
        } else if (isInCharge(tstate)) {
            result = evalWithStack(tstate, frame, 0);
        } else {
            result = _PyEval_EvalFrame(tstate, frame, 0);
        }
    }
    clearAndPopFrame(tstate, frame);
    return result;
}

// What a call takes that is made without the interpreter's argument processing: where that is
// simple enough, and not traced.
struct Callee {
    bool isSimple;
    HostCode* data; // may be null, unless it makes a generator
};
Callee calleeOf(PyThreadState* tstate, const PyCodeObject* code) {
    if (mayRunIdle(code) && !isGeneratorCode(code))
        return {hasSimpleParameters(code), nullptr};
    HostCode* data = findHostCode(code);
    const bool isSimple =
        isGeneratorCode(code) ? data != nullptr && data->simpleCalls : hasSimpleParameters(code);
    return {isSimple && !tstate->cframe->use_tracing, data};
}

// Are the arguments the interpreter's own references, in its frame? They are if it is executing the
// CALL of just this callable: that lies before the arguments, which are all of the call's. See
// call_arguments.h.
[[gnu::always_inline]] inline bool areInterpreters(PyThreadState* tstate, PyObject* callable,
                                                   PyObject* const* args, size_t count) {
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

// May the references be taken from `args`?
[[gnu::always_inline]] inline bool mayTakeArguments(PyThreadState* tstate, PyObject* callable,
                                                    PyObject* const* args, size_t count) {
    return count != 0 && (takeOffer(callable, args).first != nullptr ||
                          areInterpreters(tstate, callable, args, count));
}

// New references, or the caller's; each of those becomes one to takenArgument.
[[gnu::always_inline]] inline void moveArguments(PyObject** slots, PyObject* const* args,
                                                 size_t count, bool mayTake) {
    if (mayTake) {
        auto** taken = const_cast<PyObject**>(args);
        for (size_t i = 0; i < count; ++i)
            slots[i] = std::exchange(taken[i], &takenArgument);
        takenArgument.ob_refcnt += static_cast<Py_ssize_t>(count);
    } else {
        for (size_t i = 0; i < count; ++i)
            slots[i] = Py_NewRef(args[i]);
    }
}

// Few, so that a call of memset() would take longer.
inline void clearSlots(PyObject** begin, PyObject** end) {
    for (; begin < end; ++begin) {
        *begin = nullptr;
        asm volatile("" ::: "memory"); // not a loop that the compiler knows better
    }
}

// Leaves takenArgument for each of the caller's references.
void giveUp(PyObject* const* args, size_t count) {
    auto** taken = const_cast<PyObject**>(args);
    for (size_t i = 0; i < count; ++i)
        Py_DECREF(std::exchange(taken[i], Py_NewRef(&takenArgument)));
}

// New references to the values of the parameters that are not given.
void bindDefaults(PyObject** slots, PyFunctionObject* function, size_t given, size_t wanted) {
    if (given == wanted)
        return;
    PyObject* defaults = function->func_defaults;
    size_t first = wanted - static_cast<size_t>(PyTuple_GET_SIZE(defaults));
    for (size_t i = given; i < wanted; ++i)
        slots[i] = Py_NewRef(PyTuple_GET_ITEM(defaults, static_cast<Py_ssize_t>(i - first)));
}

// A frame's slots at its start.
void fillSlots(Frame* frame, PyFunctionObject* function, PyObject* const* args, size_t given,
               bool mayTake) {
    PyObject** slots = frame->localsplus;
    const auto* code = reinterpret_cast<const PyCodeObject*>(function->func_code);
    const auto wanted = static_cast<size_t>(code->co_argcount);
    moveArguments(slots, args, given, mayTake);
    bindDefaults(slots, function, given, wanted);
    clearSlots(slots + wanted, slots + code->co_nlocalsplus);
}

// A call of a generator function with all arguments that it needs; the rest is the interpreter's.
constexpr size_t kMaxGeneratorArguments = 16;

PyObject* callGeneratorFunction(PyThreadState* tstate, HostCode* data, PyFunctionObject* function,
                                PyObject* const* args, size_t given, size_t wanted) {
    auto* callable = reinterpret_cast<PyObject*>(function);
    PyObject* withDefaults[kMaxGeneratorArguments];
    PyObject* const* all = args;
    for (size_t i = 0; i < given; ++i)
        Py_INCREF(args[i]);
    if (given < wanted) {
        std::copy(args, args + given, withDefaults);
        bindDefaults(withDefaults, function, given, wanted);
        all = withDefaults;
    }
    PyObject* generator =
        makeGenerator(tstate, data, function, all, static_cast<Py_ssize_t>(wanted));
    if (generator == nullptr) {
        std::for_each(all, all + wanted, [](PyObject* argument) { Py_DECREF(argument); });
        return nullptr;
    }
    if (mayTakeArguments(tstate, callable, args, given))
        giveUp(args, given);
    return generator;
}

} // namespace

// A call that is the interpreter's business, without a hook: the function gets its own vectorcall
// back, until it is called under the hook again.
static PyObject* giveBack(PyObject* callable, PyObject* const* args, size_t nargsf,
                          PyObject* kwnames) {
    reinterpret_cast<PyFunctionObject*>(callable)->vectorcall = _PyFunction_Vectorcall;
    return _PyFunction_Vectorcall(callable, args, nargsf, kwnames);
}

// With the interpreter's own argument processing. The hook then drops what the caller holds; it is
// told here what that is, rather than to find out.
PyObject* vectorcallAny(PyObject* callable, PyObject* const* args, size_t nargsf,
                        PyObject* kwnames) {
    PyThreadState* tstate = _PyThreadState_GET();
    auto* function = reinterpret_cast<PyFunctionObject*>(callable);
    if (currentOffer.function != callable &&
        isInterpreters(reinterpret_cast<PyCodeObject*>(function->func_code)))
        return giveBack(callable, args, nargsf, kwnames);
    auto count = static_cast<size_t>(PyVectorcall_NARGS(nargsf));
    if (kwnames != nullptr)
        count += static_cast<size_t>(PyTuple_GET_SIZE(kwnames));
    if (count == 0 || currentOffer.function == callable ||
        tstate->interp->eval_frame != evalFrame || !areInterpreters(tstate, callable, args, count))
        return _PyFunction_Vectorcall(callable, args, nargsf, kwnames);
    OfferedArguments offer(callable, const_cast<PyObject**>(args), static_cast<int64_t>(count));
    return _PyFunction_Vectorcall(callable, args, nargsf, kwnames);
}

// Moves positional arguments and defaults to their places; the rest is the interpreter's.
[[gnu::noinline]] static PyObject* vectorcallSlowly(PyThreadState* tstate,
                                                    PyFunctionObject* function,
                                                    PyObject* const* args, size_t nargsf,
                                                    PyObject* kwnames) {
    auto* callable = reinterpret_cast<PyObject*>(function);
    auto* code = reinterpret_cast<PyCodeObject*>(function->func_code);
    auto given = static_cast<size_t>(PyVectorcall_NARGS(nargsf));
    auto wanted = static_cast<size_t>(code->co_argcount);
    size_t defaults = 0;
    if (given < wanted && function->func_defaults != nullptr)
        defaults = static_cast<size_t>(PyTuple_GET_SIZE(function->func_defaults));
    if (!hasSimpleParameters(code) || given > wanted || given + defaults < wanted ||
        (kwnames != nullptr && PyTuple_GET_SIZE(kwnames) != 0) || !isInCharge(tstate))
        return vectorcallAny(callable, args, nargsf, kwnames);
    const Callee callee = calleeOf(tstate, code);
    if (!callee.isSimple)
        return vectorcallAny(callable, args, nargsf, kwnames);
    if (callee.data != nullptr && callee.data->isGenerator) {
        PyObject* generator = nullptr;
        if (wanted <= kMaxGeneratorArguments)
            generator = callGeneratorFunction(tstate, callee.data, function, args, given, wanted);
        return generator != nullptr ? generator : vectorcallAny(callable, args, nargsf, kwnames);
    }
    Frame* frame = pushFrame(tstate, function);
    if (frame == nullptr)
        return PyErr_NoMemory();
    fillSlots(frame, function, args, given, mayTakeArguments(tstate, callable, args, given));
    return runAndClear(tstate, callee.data, frame);
}

PyObject* vectorcallFunction(PyObject* callable, PyObject* const* args, size_t nargsf,
                             PyObject* kwnames) {
    PyThreadState* tstate = _PyThreadState_GET();
    auto* function = reinterpret_cast<PyFunctionObject*>(callable);
    auto* code = reinterpret_cast<PyCodeObject*>(function->func_code);
    if (isInterpreters(code) && currentOffer.function != callable)
        return giveBack(callable, args, nargsf, kwnames);
    auto given = static_cast<size_t>(PyVectorcall_NARGS(nargsf));
    HostCode* data = findHostCode(code);
    const bool isPlain = given == static_cast<size_t>(code->co_argcount) && kwnames == nullptr &&
                         data != nullptr && data->simpleCalls && !data->isGenerator &&
                         !tstate->cframe->use_tracing && isInCharge(tstate);
    if (!isPlain) [[unlikely]]
        return vectorcallSlowly(tstate, function, args, nargsf, kwnames);
    Frame* frame = pushFrame(tstate, function);
    if (frame == nullptr) [[unlikely]]
        return PyErr_NoMemory();
    moveArguments(frame->localsplus, args, given, mayTakeArguments(tstate, callable, args, given));
    clearSlots(frame->localsplus + given, frame->localsplus + code->co_nlocalsplus);
    return runAndClear(tstate, data, frame);
}

bool tryCallStealing(PyThreadState* tstate, PyObject* callable, PyObject** args, int64_t count,
                     PyObject* kwnames, PyObject** result) {
    auto* function = reinterpret_cast<PyFunctionObject*>(callable);
    auto* code = reinterpret_cast<PyCodeObject*>(function->func_code);
    const bool isOurs = function->vectorcall == vectorcallFunction ||
                        function->vectorcall == _PyFunction_Vectorcall;
    if (!isOurs || !isInCharge(tstate))
        return false;
    const Callee callee = calleeOf(tstate, code);
    if (!callee.isSimple)
        return false;
    HostCode* data = callee.data;
    bool allGiven = count == code->co_argcount && kwnames == nullptr;
    if (data != nullptr && data->isGenerator) {
        if (allGiven)
            *result = makeGenerator(tstate, data, function, args, count);
        return allGiven && *result != nullptr;
    }
    Matched matched;
    if (!allGiven && !matchArguments(function, count, kwnames, &matched))
        return false;
    Frame* frame = pushFrame(tstate, function);
    if (frame == nullptr)
        return false;
    PyObject** slots = frame->localsplus;
    int wanted = code->co_argcount;
    if (allGiven) {
        for (int i = 0; i < wanted; ++i)
            slots[i] = args[i];
    } else {
        int first = wanted;
        if (function->func_defaults != nullptr)
            first -= static_cast<int>(PyTuple_GET_SIZE(function->func_defaults));
        for (int i = 0; i < wanted; ++i) {
            int argument = matched.argument[i];
            slots[i] = argument >= 0
                           ? args[argument]
                           : Py_NewRef(PyTuple_GET_ITEM(function->func_defaults, i - first));
        }
    }
    for (int i = wanted; i < code->co_nlocalsplus; ++i)
        slots[i] = nullptr;
    *result = runAndClear(tstate, data, frame);
    return true;
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

} // namespace pyston::host
