#include "cpython/v3_11/entry_patch.h"

#include "cpython/v3_11/adoption.h"
#include "cpython/v3_11/code_data.h"
#include "cpython/v3_11/frame_eval.h"
#include "cpython/v3_11/generators.h"
#include "cpython/v3_11/osr.h"
#include "cpython/v3_11/stack_depths.h"
#include "runtime/options.h"

#include <algorithm>
#include <utility>

namespace pyston::host {
namespace {

constexpr int kUnit = sizeof(_Py_CODEUNIT);

int forbidden = 0;

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

// --- patching

// `unit` is the one after RESUME.
bool canBePatchedAt(const HostCode* data, int unit) {
    auto* code = reinterpret_cast<PyCodeObject*>(data->code);
    const _Py_CODEUNIT* units = _PyCode_CODE(code);
    if (unit + TakePatch::kUnits > Py_SIZE(code) ||
        _PyOpcode_Deopt[_Py_OPCODE(units[unit - 1])] != RESUME)
        return false;
    // (undoPrologue() does not read prefixes.)
    for (int i = 0; i < unit; ++i)
        if (_PyOpcode_Deopt[_Py_OPCODE(units[i])] == EXTENDED_ARG)
            return false;
    // Whoever jumps there would have the frame begin again: also to the first.
    return !lookAround(data, unit - 1, TakePatch::kUnits + 1).isJumpedInto;
}

void findPlace(HostCode* data) {
    EntryPatch& patch = data->entryPatch;
    auto* code = reinterpret_cast<PyCodeObject*>(data->code);
    constexpr int kFunction = CO_OPTIMIZED | CO_NEWLOCALS;
    const bool isFunction =
        (code->co_flags & kFunction) == kFunction && !isGeneratorCode(code) && !data->isStatic;
    patch.place = EntryPatch::Place::kNone;
    if (!isFunction || !canBePatchedAt(data, code->_co_firsttraceable + 1))
        return;
    patch.unit = code->_co_firsttraceable + 1;
    patch.place = EntryPatch::Place::kFound;
}

bool mayBePatched(const HostCode* data) {
    const runtime::Options& options = runtime::options();
    return !data->entryPatch.stands() && (data->nativeFunction != nullptr || awaitsCall(data)) &&
           forbidden == 0 && isWarm(reinterpret_cast<PyCodeObject*>(data->code)) &&
           options.unhookAfterCalls != 0 && options.compileAfterCalls != 0;
}

void putPatch(HostCode* data) {
    wake(data); // idle calls would meet the patch
    EntryPatch& patch = data->entryPatch;
    patch.patch.put(reinterpret_cast<PyCodeObject*>(data->code), patch.unit);
    patch.putInRun = currentRun;
}

} // namespace

PyObject* enterTaken(PyThreadState* tstate, HostCode* data) {
    auto* code = reinterpret_cast<PyCodeObject*>(data->code);
    _Py_CODEUNIT* const returns = _PyCode_CODE(code) + data->entryPatch.patch.lastUnit();
    undoPrologue(tstate->cframe->current_frame);
    TakenFrame taken(tstate, 0, 0);
    PyObject* result;
    if (mayEnter(tstate, data)) [[likely]] {
        ++runtime::statistics().nativeEntries;
        ++runtime::statistics().inlinedEntries;
        result = enterAtStart(tstate, data, taken.frame());
    } else {
        result = evalWithStack(tstate, taken.frame(), 0);
    }
    return taken.giveBack(result, returns);
}

void patchEntry(HostCode* data) {
    EntryPatch& patch = data->entryPatch;
    auto* code = reinterpret_cast<PyCodeObject*>(data->code);
    if (!mayBePatched(data))
        return;
    if (patch.place == EntryPatch::Place::kUnknown)
        findPlace(data);
    if (patch.place == EntryPatch::Place::kFound && cacheBytes(code) && mayBePatched(data) &&
        !isStoodOn(code, -1, patch.unit + TakePatch::kUnits - 1)) // nor has it yet to get there
        putPatch(data);
}

void unpatchEntry(HostCode* data) {
    if (!data->entryPatch.stands())
        return;
    data->entryPatch.patch.takeAway(reinterpret_cast<PyCodeObject*>(data->code));
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
            _PyInterpreterFrame_LASTI(frame) > code->_co_firsttraceable + TakePatch::kUnits)
            continue;
        HostCode* data = hostCode(code);
        if (data != nullptr && !data->entryPatch.stands())
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

void noticeEntry(runtime::CodeData* data) {
    auto* hostData = static_cast<HostCode*>(data);
    if (data->nativeResume != nullptr)
        takeGeneratorSlots();
    if (data->nativeFunction != nullptr || awaitsCall(hostData))
        patchEntry(hostData);
    else
        unpatchEntry(hostData);
}

_Py_CODEUNIT originalUnit(const HostCode* data, PyCodeObject* code, int offset) {
    const int unit = offset / kUnit;
    if (data != nullptr)
        for (const TakePatch* patch : {&data->entryPatch.patch, &data->adoption.patch})
            if (patch->covers(unit))
                return patch->original(unit);
    return *unitAt(code, offset);
}

OriginalEntry::OriginalEntry(HostCode* data)
    : data_(data != nullptr && data->entryPatch.stands() ? data : nullptr) {
    if (data != nullptr)
        withdrawAdoption(data);
    if (data_ != nullptr)
        unpatchEntry(data_);
}

OriginalEntry::~OriginalEntry() {
    if (data_ != nullptr)
        patchEntry(data_);
}

PyObject* interpretFrame(PyThreadState* tstate, Frame* frame, int throwflag) {
    HostCode* data = findHostCode(frame->f_code);
    if (data == nullptr)
        return _PyEval_EvalFrameDefault(tstate, frame, throwflag);
    const int next = _PyInterpreterFrame_LASTI(frame) + 1;
    if (data->adoption.patch.covers(next) && next != data->adoption.patch.firstUnit())
        withdrawAdoption(data);
    if (!data->entryPatch.stands() || next > data->entryPatch.patch.lastUnit())
        return _PyEval_EvalFrameDefault(tstate, frame, throwflag);
    unpatchEntry(data);
    PyObject* result = _PyEval_EvalFrameDefault(tstate, frame, throwflag);
    patchEntry(data);
    return result;
}

} // namespace pyston::host
