#include "cpython/v3_11/entry_patch.h"

#include "cpython/api.h"
#include "cpython/v3_11/code_data.h"
#include "cpython/v3_11/frame_eval.h"
#include "cpython/v3_11/frames.h"
#include "cpython/v3_11/osr.h"
#include "cpython/v3_11/unwind.h"
#include "runtime/options.h"

#include <algorithm>
#include <utility>

namespace pyston::host {
namespace {

constexpr int kUnit = sizeof(_Py_CODEUNIT);
// Of so many frames it is found out whether they stand in what is to be overwritten.
constexpr int kMostFrames = 1000;
constexpr int kMostConstants = UINT8_MAX; // without a prefix to LOAD_CONST

int forbidden = 0;

// --- what the interpreter meets

PyObject* enterFromInterpreter(PyObject*);

PyNumberMethods entryNumber = [] {
    PyNumberMethods methods{};
    methods.nb_positive = enterFromInterpreter;
    return methods;
}();
PyTypeObject entryType = [] {
    PyTypeObject type{};
    type.tp_name = "pyston.entry";
    type.tp_as_number = &entryNumber;
    return type;
}();
// Never dies: each LOAD_CONST counts one reference, and UNARY_POSITIVE takes it back.
PyObject entry = {PY_SSIZE_T_MAX / 2, &entryType};

// What is to be done when the frame that we come back to has returned. It lies in the frame's
// f_locals, which the interpreter drops right after RETURN_VALUE, with nothing else in between, or
// when it unwinds the frame.
struct AfterReturn {
    PyObject head;
    _Py_CODEUNIT* unit; // gets back what it was before it became RETURN_VALUE
    _Py_CODEUNIT original;
    PyThreadState* untraced; // is traced again
};

extern AfterReturn spareAfterReturn;

void endReturn(PyObject* object) {
    auto* after = reinterpret_cast<AfterReturn*>(object);
    if (after->unit != nullptr)
        *after->unit = after->original;
    if (after->untraced != nullptr)
        --after->untraced->tracing;
    if (after != &spareAfterReturn)
        PyObject_Free(after);
}

PyTypeObject afterReturnType = [] {
    PyTypeObject type{};
    type.tp_name = "pyston.after_return";
    type.tp_dealloc = endReturn;
    return type;
}();
AfterReturn spareAfterReturn; // for want of memory

AfterReturn* prepareAfterReturn(Frame* frame) {
    auto* after = static_cast<AfterReturn*>(PyObject_Malloc(sizeof(AfterReturn)));
    if (after == nullptr)
        after = &spareAfterReturn;
    *after = {{1, &afterReturnType}, nullptr, 0, nullptr};
    frame->f_locals = &after->head;
    return after;
}

// What stands before RESUME has been executed, and is a part of what compiled code does.
void undoPrologue(Frame* frame) {
    PyCodeObject* code = frame->f_code;
    for (int i = 0; i < code->_co_firsttraceable; ++i) {
        const _Py_CODEUNIT unit = _PyCode_CODE(code)[i];
        if (_Py_OPCODE(unit) == MAKE_CELL) {
            PyObject*& slot = frame->localsplus[_Py_OPARG(unit)];
            PyObject* value = std::exchange(reinterpret_cast<PyCellObject*>(slot)->ob_ref, nullptr);
            Py_DECREF(std::exchange(slot, value));
        } else if (_Py_OPCODE(unit) == COPY_FREE_VARS) {
            PyObject** end = frame->localsplus + code->co_nlocalsplus;
            for (PyObject** slot = end - _Py_OPARG(unit); slot != end; ++slot)
                Py_CLEAR(*slot);
        }
    }
}

// The interpreter executes UNARY_POSITIVE for the current frame.
PyObject* enterFromInterpreter(PyObject*) {
    PyThreadState* tstate = _PyThreadState_GET();
    Frame* frame = tstate->cframe->current_frame;
    PyCodeObject* code = frame->f_code;
    PyFunctionObject* function = frame->f_func;
    HostCode* data = findHostCode(code);
    const bool isEntry = frame->is_entry;
    Frame* previous = frame->previous;
    _Py_CODEUNIT* const returns = _PyCode_CODE(code) + data->entryPatch.firstUnit + 2;

    undoPrologue(frame);
    // A frame at its start, not linked, and its level of recursion not yet counted.
    frame->prev_instr = _PyCode_CODE(code) - 1;
    frame->stacktop = code->co_nlocalsplus;
    tstate->cframe->current_frame = previous;
    ++tstate->recursion_remaining;
    PyObject* result;
    if (mayEnter(tstate, data)) [[likely]] {
        ++runtime::statistics().nativeEntries;
        ++runtime::statistics().inlinedEntries;
        result = enterAtStart(tstate, data, frame);
    } else {
        result = evalWithStack(tstate, frame, 0);
    }
    --tstate->recursion_remaining;

    // Whatever the frame held is dropped as its caller would do it. What is left for the
    // interpreter to return from is empty, and not begun: so an exception gets no second traceback
    // entry.
    Py_INCREF(function);
    Py_INCREF(code);
    clearFrame(tstate, frame);
    frame->f_func = function;
    frame->f_code = code;
    frame->f_locals = nullptr;
    frame->frame_obj = nullptr;
    std::fill_n(frame->localsplus, code->co_nlocalsplus, nullptr);
    frame->prev_instr = _PyCode_CODE(code) - 1;
    frame->stacktop = -1;
    frame->owner = FRAME_OWNED_BY_THREAD;
    frame->is_entry = isEntry;
    frame->previous = previous;
    tstate->cframe->current_frame = frame;

    const bool isUnpatched = result != nullptr && _Py_OPCODE(*returns) != RETURN_VALUE;
    const bool isTraced = tstate->cframe->use_tracing != 0;
    if (!isUnpatched && !isTraced) [[likely]]
        return result;
    AfterReturn* after = prepareAfterReturn(frame);
    if (isUnpatched) {
        after->unit = returns;
        after->original = *returns;
        _Py_SET_OPCODE(*returns, RETURN_VALUE);
    }
    if (isTraced) { // who traces was told of the return already
        ++tstate->tracing;
        after->untraced = tstate;
    }
    return result;
}

// --- patching

// `unit` is the one after RESUME.
bool canBePatchedAt(PyCodeObject* code, int unit) {
    const _Py_CODEUNIT* units = _PyCode_CODE(code);
    if (unit + EntryPatch::kUnits > Py_SIZE(code) ||
        _PyOpcode_Deopt[_Py_OPCODE(units[unit - 1])] != RESUME)
        return false;
    // (undoPrologue() does not read prefixes.)
    for (int i = 0; i < unit; ++i)
        if (_PyOpcode_Deopt[_Py_OPCODE(units[i])] == EXTENDED_ARG)
            return false;
    // An exception from compiled code has been through the handlers.
    for (int i = 0; i < EntryPatch::kUnits; ++i)
        if (findUnwinding(code, (unit + i) * kUnit).handler >= 0)
            return false;
    // Whoever jumps there would have the frame begin again.
    const build::Bytecode bytecode = decode(reinterpret_cast<Object*>(code));
    return std::none_of(bytecode.instrs.begin(), bytecode.instrs.end(),
                        [&](const build::Instr& instr) {
                            return instr.target >= unit * kUnit &&
                                   instr.target < (unit + EntryPatch::kUnits) * kUnit;
                        });
}

void findPlace(HostCode* data) {
    EntryPatch& patch = data->entryPatch;
    auto* code = reinterpret_cast<PyCodeObject*>(data->code);
    constexpr int kFunction = CO_OPTIMIZED | CO_NEWLOCALS;
    const bool isFunction =
        (code->co_flags & kFunction) == kFunction && !isGeneratorCode(code) && !data->isStatic;
    patch.place = EntryPatch::Place::kNone;
    if (!isFunction || PyTuple_GET_SIZE(code->co_consts) > kMostConstants ||
        !canBePatchedAt(code, code->_co_firsttraceable + 1))
        return;
    patch.firstUnit = code->_co_firsttraceable + 1;
    patch.place = EntryPatch::Place::kFound;
}

// Gives the code the same constants with `entry` behind them, where nobody looks. (Finalizers can
// run, and may do the same.)
bool hideEntry(HostCode* data) {
    auto* code = reinterpret_cast<PyCodeObject*>(data->code);
    if (data->entryPatch.constants != nullptr)
        return true;
    const Py_ssize_t size = PyTuple_GET_SIZE(code->co_consts);
    PyObject* constants = PyTuple_New(size + 1);
    // The bytes that programs see as co_code are made and cached before the code is changed.
    PyObject* visible = constants != nullptr ? PyCode_GetCode(code) : nullptr;
    if (visible == nullptr) {
        Py_XDECREF(constants);
        PyErr_Clear();
        return false;
    }
    Py_DECREF(visible);
    if (data->entryPatch.constants != nullptr) {
        Py_DECREF(constants);
        return true;
    }
    PyObject* old = code->co_consts;
    data->entryPatch.ownsConstants = Py_REFCNT(old) > 1; // someone else has them, too
    for (Py_ssize_t i = 0; i < size; ++i) {
        PyObject* constant = PyTuple_GET_ITEM(old, i);
        PyTuple_SET_ITEM(constants, i, constant);
        if (data->entryPatch.ownsConstants)
            Py_INCREF(constant);
    }
    PyTuple_SET_ITEM(constants, size, &entry);
    Py_SET_SIZE(reinterpret_cast<PyVarObject*>(constants), size);
    // What the garbage collector sees stays the same.
    if (!PyObject_GC_IsTracked(old))
        PyObject_GC_UnTrack(constants);
    else if (!data->entryPatch.ownsConstants)
        PyObject_GC_UnTrack(old);
    data->entryPatch.constants = std::exchange(code->co_consts, constants);
    return true;
}

// Does an activation have yet to execute what is to be overwritten, or could it with the constants
// that it had?
bool isBeingEntered(const HostCode* data) {
    auto* code = reinterpret_cast<PyCodeObject*>(data->code);
    const int last = data->entryPatch.firstUnit + EntryPatch::kUnits - 1;
    int left = kMostFrames;
    for (PyThreadState* thread = PyInterpreterState_ThreadHead(PyInterpreterState_Get());
         thread != nullptr; thread = PyThreadState_Next(thread)) {
        for (Frame* frame = thread->cframe->current_frame; frame; frame = frame->previous) {
            if (--left == 0)
                return true;
            if (frame->f_code == code && frame->stacktop != kInNative &&
                _PyInterpreterFrame_LASTI(frame) <= last)
                return true;
        }
    }
    return false;
}

bool mayBePatched(const HostCode* data) {
    const runtime::Options& options = runtime::options();
    return !data->entryPatch.stands && (data->nativeFunction != nullptr || awaitsCall(data)) &&
           forbidden == 0 && isWarm(reinterpret_cast<PyCodeObject*>(data->code)) &&
           options.unhookAfterCalls != 0 && options.compileAfterCalls != 0;
}

void putPatch(HostCode* data) {
    wake(data); // idle calls would meet the patch
    auto* code = reinterpret_cast<PyCodeObject*>(data->code);
    EntryPatch& patch = data->entryPatch;
    _Py_CODEUNIT* units = _PyCode_CODE(code) + patch.firstUnit;
    std::copy_n(units, EntryPatch::kUnits, patch.original);
    units[0] = _Py_MAKECODEUNIT(LOAD_CONST, static_cast<int>(PyTuple_GET_SIZE(code->co_consts)));
    units[1] = _Py_MAKECODEUNIT(UNARY_POSITIVE, 0);
    units[2] = _Py_MAKECODEUNIT(RETURN_VALUE, 0);
    patch.putInRun = currentRun;
    patch.stands = true;
}

} // namespace

void patchEntry(HostCode* data) {
    EntryPatch& patch = data->entryPatch;
    if (!mayBePatched(data))
        return;
    if (patch.place == EntryPatch::Place::kUnknown)
        findPlace(data);
    if (patch.place == EntryPatch::Place::kFound && hideEntry(data) && mayBePatched(data) &&
        !isBeingEntered(data))
        putPatch(data);
}

void unpatchEntry(HostCode* data) {
    EntryPatch& patch = data->entryPatch;
    if (!std::exchange(patch.stands, false))
        return;
    auto* code = reinterpret_cast<PyCodeObject*>(data->code);
    std::copy_n(patch.original, EntryPatch::kUnits, _PyCode_CODE(code) + patch.firstUnit);
    if (!seesActivations(data))
        unwatchLoops(data);
}

void countRefused(HostCode* data) {
    constexpr uint32_t kCalls = 128;
    EntryPatch& patch = data->entryPatch;
    patch.callsRefused += runtime::callWeight;
    if (patch.callsRefused < kCalls)
        return;
    patch.callsRefused = 0;
    patchEntry(data);
}

void keepUnpatched(const PyThreadState* tstate) {
    for (Frame* frame = tstate->cframe->current_frame; frame; frame = frame->previous) {
        PyCodeObject* code = frame->f_code;
        if (frame->stacktop == kInNative ||
            _PyInterpreterFrame_LASTI(frame) > code->_co_firsttraceable + EntryPatch::kUnits)
            continue;
        HostCode* data = hostCode(code);
        if (data != nullptr && !data->entryPatch.stands)
            data->entryPatch.place = EntryPatch::Place::kNone;
    }
}

void unpatchAllEntries() {
    for (runtime::CodeData* data : runtime::allCode())
        unpatchEntry(static_cast<HostCode*>(data));
}

void forbidEntryPatches() {
    ++forbidden;
    unpatchAllEntries();
}

void allowEntryPatches() {
    if (--forbidden != 0)
        return;
    for (runtime::CodeData* data : runtime::allCode())
        patchEntry(static_cast<HostCode*>(data));
}

void releaseEntryPatch(HostCode* data) {
    unpatchEntry(data);
    EntryPatch& patch = data->entryPatch;
    if (patch.constants != nullptr && !patch.ownsConstants)
        std::fill_n(&PyTuple_GET_ITEM(patch.constants, 0), PyTuple_GET_SIZE(patch.constants),
                    nullptr);
    Py_CLEAR(patch.constants);
}

void noticeEntry(runtime::CodeData* data) {
    auto* hostData = static_cast<HostCode*>(data);
    if (data->nativeFunction != nullptr || awaitsCall(hostData))
        patchEntry(hostData);
    else
        unpatchEntry(hostData);
}

_Py_CODEUNIT originalUnit(const HostCode* data, PyCodeObject* code, int offset) {
    const int unit = offset / kUnit;
    if (data != nullptr && data->entryPatch.covers(unit))
        return data->entryPatch.original[unit - data->entryPatch.firstUnit];
    return *unitAt(code, offset);
}

OriginalEntry::OriginalEntry(HostCode* data)
    : data_(data != nullptr && data->entryPatch.stands ? data : nullptr) {
    if (data_ != nullptr)
        unpatchEntry(data_);
}

OriginalEntry::~OriginalEntry() {
    if (data_ != nullptr)
        patchEntry(data_);
}

PyObject* interpretFrame(PyThreadState* tstate, Frame* frame, int throwflag) {
    HostCode* data = findHostCode(frame->f_code);
    const bool meetsPatch =
        data != nullptr && data->entryPatch.stands &&
        _PyInterpreterFrame_LASTI(frame) + 1 < data->entryPatch.firstUnit + EntryPatch::kUnits;
    if (!meetsPatch)
        return _PyEval_EvalFrameDefault(tstate, frame, throwflag);
    unpatchEntry(data);
    PyObject* result = _PyEval_EvalFrameDefault(tstate, frame, throwflag);
    patchEntry(data);
    return result;
}

} // namespace pyston::host
