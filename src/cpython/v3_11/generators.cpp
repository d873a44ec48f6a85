#include "cpython/v3_11/generators.h"

#include "cpython/v3_11/frames.h"
#include "cpython/v3_11/free_lists.h"

#include "pycore_genobject.h"
#include "pycore_pyerrors.h"

#include <utility>

namespace pyston::host {
namespace {

constexpr int kGeneratorKinds = CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR;
constexpr int kUnit = sizeof(_Py_CODEUNIT);

PyTypeObject* generatorType(const PyCodeObject* code) {
    switch (code->co_flags & kGeneratorKinds) {
    case CO_GENERATOR:
        return &PyGen_Type;
    case CO_COROUTINE:
        return &PyCoro_Type;
    case CO_ASYNC_GENERATOR:
        return &PyAsyncGen_Type;
    default:
        return nullptr;
    }
}

// What the instructions before RETURN_GENERATOR do. False with an exception set.
bool makeCells(Frame* frame, const GeneratorStart& start) {
    PyCodeObject* code = frame->f_code;
    PyObject** slots = frame->localsplus;
    if (start.copiesFreeVars) {
        PyObject* closure = frame->f_func->func_closure;
        PyObject** free = slots + code->co_nlocalsplus - code->co_nfreevars;
        for (int i = 0; i < code->co_nfreevars; ++i)
            free[i] = Py_NewRef(PyTuple_GET_ITEM(closure, i));
    }
    for (int slot : start.cells) {
        PyObject* cell = PyCell_New(slots[slot]);
        if (cell == nullptr)
            return false;
        Py_XSETREF(slots[slot], cell);
    }
    return true;
}

} // namespace

void findGeneratorStart(HostCode* data) {
    auto* code = reinterpret_cast<PyCodeObject*>(data->code);
    if (!hasSimpleParameters(code) || generatorType(code) == nullptr)
        return;
    GeneratorStart start;
    for (Py_ssize_t i = 0; i < Py_SIZE(code); ++i) {
        _Py_CODEUNIT unit = _PyCode_CODE(code)[i];
        switch (_Py_OPCODE(unit)) {
        case COPY_FREE_VARS:
            if (_Py_OPARG(unit) != code->co_nfreevars)
                return;
            start.copiesFreeVars = true;
            break;
        case MAKE_CELL:
            start.cells.push_back(_Py_OPARG(unit));
            break;
        case RETURN_GENERATOR:
            start.offset = static_cast<int32_t>(i) * kUnit;
            data->generatorStart = std::move(start);
            return;
        default:
            return;
        }
    }
}

PyObject* makeGenerator(PyThreadState* tstate, const HostCode* data, PyFunctionObject* function,
                        PyObject* const* args, Py_ssize_t count) {
    auto* code = reinterpret_cast<PyCodeObject*>(data->code);
    // The frame counts as a level of recursion while it makes the generator; the origin of a
    // coroutine is found by the interpreter.
    if (tstate->recursion_remaining <= 0 || tstate->cframe->use_tracing ||
        tstate->coroutine_origin_tracking_depth != 0)
        return nullptr;
    auto* generator =
        newGeneratorObject(tstate, generatorType(code), code->co_nlocalsplus + code->co_stacksize);
    if (generator == nullptr) {
        _PyErr_Clear(tstate);
        return nullptr;
    }
    generator->gi_code = reinterpret_cast<PyCodeObject*>(Py_NewRef(data->code));
    generator->gi_weakreflist = nullptr;
    generator->gi_name = Py_NewRef(function->func_name);
    generator->gi_qualname = Py_NewRef(function->func_qualname);
    generator->gi_exc_state.exc_value = nullptr;
    generator->gi_exc_state.previous_item = nullptr;
    generator->gi_origin_or_finalizer = nullptr;
    generator->gi_hooks_inited = 0;
    generator->gi_closed = 0;
    generator->gi_running_async = 0;
    generator->gi_frame_state = FRAME_CREATED;

    auto* frame = reinterpret_cast<Frame*>(generator->gi_iframe);
    Py_INCREF(function);
    _PyFrame_InitializeSpecials(frame, function, nullptr, code->co_nlocalsplus);
    frame->previous = nullptr;
    frame->is_entry = false;
    frame->owner = FRAME_OWNED_BY_GENERATOR;
    frame->prev_instr = unitAt(code, data->generatorStart.offset);
    PyObject** slots = frame->localsplus;
    for (Py_ssize_t i = 0; i < count; ++i)
        slots[i] = args[i];
    for (Py_ssize_t i = count; i < code->co_nlocalsplus; ++i)
        slots[i] = nullptr;
    const GeneratorStart& start = data->generatorStart;
    if ((start.copiesFreeVars || !start.cells.empty()) && !makeCells(frame, start)) {
        // The caller tries again, with the arguments: they go back to it.
        _PyErr_Clear(tstate);
        for (Py_ssize_t i = 0; i < count; ++i)
            Py_INCREF(args[i]);
        _PyObject_GC_TRACK(generator);
        Py_DECREF(generator);
        return nullptr;
    }
    _PyObject_GC_TRACK(generator);
    return reinterpret_cast<PyObject*>(generator);
}

PyObject* resumeNative(PyThreadState* tstate, const HostCode* data, Frame* frame,
                       const void* entry) {
    passResume(frame);
    ++runtime::statistics().resumeEntries;
    return enterNative(tstate, frame, data->nativeResume, entry);
}

bool findResumePoint(PyThreadState* tstate, const Frame* frame, runtime::ResumePoint* point) {
    const HostCode* data = findHostCode(frame->f_code);
    const void* entry = resumeEntry(tstate, data, frame);
    if (entry == nullptr)
        return false;
    point->at = frame->prev_instr;
    point->native = {data->nativeResume, entry};
    point->withNone = point->native;
    if (isDelegating(frame))
        point->withNone.function = reinterpret_cast<const void*>(&resumeDelegating);
    return true;
}

// gen_send_ex2() in genobject.c, after the frame has run.
Sent finishGenerator(PyThreadState* tstate, PyGenObject* generator, PyObject* result) {
    bool failed = result == nullptr;
    generator->gi_frame_state = FRAME_COMPLETED;
    if (failed) {
        const char* kind = PyCoro_CheckExact(generator)       ? "coroutine"
                           : PyAsyncGen_CheckExact(generator) ? "async generator"
                                                              : "generator";
        if (_PyErr_ExceptionMatches(tstate, PyExc_StopIteration))
            _PyErr_FormatFromCause(PyExc_RuntimeError, "%s raised StopIteration", kind);
        else if (PyAsyncGen_CheckExact(generator) &&
                 _PyErr_ExceptionMatches(tstate, PyExc_StopAsyncIteration))
            _PyErr_FormatFromCause(PyExc_RuntimeError, "%s raised StopAsyncIteration", kind);
    }
    Py_CLEAR(generator->gi_exc_state.exc_value);
    generator->gi_frame_state = FRAME_CLEARED;
    clearFrame(tstate, reinterpret_cast<Frame*>(generator->gi_iframe));
    return failed ? Sent::kRaised : Sent::kReturned;
}

namespace {

// What is there after the frame has run and `result` is what it gave.
inline Sent sentWith(PyThreadState* tstate, PyGenObject* generator, PyObject* result) {
    endRunning(tstate, generator);
    if (result != nullptr && generator->gi_frame_state == FRAME_SUSPENDED) [[likely]]
        return Sent::kYielded;
    return finishGenerator(tstate, generator, result);
}

// In the interpreter, whose business the resume is (see mayRunIdle()).
[[gnu::noinline]] Sent sendIdle(PyThreadState* tstate, PyGenObject* generator, PyObject* value,
                                PyObject** result) {
    auto* frame = reinterpret_cast<Frame*>(generator->gi_iframe);
    _PyFrame_StackPush(frame, Py_NewRef(value));
    beginRunning(tstate, generator);
    *result = runIdleCall(tstate, frame);
    return sentWith(tstate, generator, *result);
}

inline Sent send(PyThreadState* tstate, PyGenObject* generator, PyObject* value,
                 PyObject** result) {
    auto* frame = reinterpret_cast<Frame*>(generator->gi_iframe);
    if (!isResumable(generator, value))
        return Sent::kNot;
    if (runtime::resumePointFor(frame->prev_instr).at != frame->prev_instr &&
        mayRunIdle(frame->f_code) && !tstate->cframe->use_tracing)
        return sendIdle(tstate, generator, value, result);
    const runtime::NativeEntry* native = prepareResume(tstate, generator, value);
    if (native == nullptr)
        return Sent::kNot;
    *result = callNative(tstate, frame, *native);
    return sentWith(tstate, generator, *result);
}

PyCodeObject* codeOf(PyObject* generator) {
    return reinterpret_cast<PyGenObject*>(generator)->gi_code;
}

iternextfunc originalNext = nullptr;
sendfunc originalSend = nullptr;

// The interpreter is about to resume what is not compiled. Without the hook, that it may is found
// out here, or that the hook has to see it.
void noticeResume(PyThreadState* tstate, PyObject* generator) {
    if (tstate->interp != unhookedInterpreter)
        return;
    HostCode* data = hostCodeIfWarm(tstate, codeOf(generator));
    if (data == nullptr || data->nativeResume != nullptr)
        return;
    if (runtime::isDue(data))
        interruptLastingRun(tstate);
    else
        letIdle(data);
}

PyObject* nextOfGenerator(PyObject* self) {
    if (isInterpreters(codeOf(self)))
        return originalNext(self);
    PyThreadState* tstate = _PyThreadState_GET();
    if (!isInCharge(tstate)) // there is no hook in a subinterpreter
        return originalNext(self);
    PyObject* result;
    switch (send(tstate, reinterpret_cast<PyGenObject*>(self), Py_None, &result)) {
    case Sent::kNot:
        noticeResume(tstate, self);
        return originalNext(self);
    case Sent::kReturned:
        if (result != Py_None)
            _PyGen_SetStopIterationValue(result);
        Py_DECREF(result);
        return nullptr;
    case Sent::kYielded:
    case Sent::kRaised:
        break;
    }
    return result;
}

PySendResult sendToGenerator(PyObject* self, PyObject* value, PyObject** result) {
    if (isInterpreters(codeOf(self)))
        return originalSend(self, value, result);
    PyThreadState* tstate = _PyThreadState_GET();
    if (!isInCharge(tstate))
        return originalSend(self, value, result);
    switch (send(tstate, reinterpret_cast<PyGenObject*>(self), value, result)) {
    case Sent::kYielded:
        return PYGEN_NEXT;
    case Sent::kReturned:
        return PYGEN_RETURN;
    case Sent::kRaised:
        return PYGEN_ERROR;
    case Sent::kNot:
        noticeResume(tstate, self);
        break;
    }
    return originalSend(self, value, result);
}

} // namespace

Sent sendNative(PyThreadState* tstate, PyGenObject* generator, PyObject* value, PyObject** result) {
    return send(tstate, generator, value, result);
}

void takeGeneratorSlots() {
    if (PyGen_Type.tp_iternext == nextOfGenerator)
        return;
    originalNext = PyGen_Type.tp_iternext;
    originalSend = PyGen_Type.tp_as_async->am_send;
    PyGen_Type.tp_iternext = nextOfGenerator;
    for (PyTypeObject* type : {&PyGen_Type, &PyCoro_Type, &PyAsyncGen_Type})
        if (type->tp_as_async->am_send == originalSend)
            type->tp_as_async->am_send = sendToGenerator;
}

void giveBackGeneratorSlots() {
    if (PyGen_Type.tp_iternext != nextOfGenerator)
        return;
    PyGen_Type.tp_iternext = originalNext;
    for (PyTypeObject* type : {&PyGen_Type, &PyCoro_Type, &PyAsyncGen_Type})
        if (type->tp_as_async->am_send == sendToGenerator)
            type->tp_as_async->am_send = originalSend;
}

} // namespace pyston::host
