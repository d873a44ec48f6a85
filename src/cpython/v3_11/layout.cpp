#include "cpython/v3_11/layout.h"

#include "cpython/api.h"
#include "cpython/v3_11/interpreter.h"
#include "cpython/v3_11/stack_segments.h"

#include <bit>
#include <cstddef>

namespace pyston::host {
namespace {

template<class T> constexpr int narrow(T offset) {
    return static_cast<int>(offset);
}

Layout makeLayout() {
    Layout l{};
    l.refcount = narrow(offsetof(PyObject, ob_refcnt));
    l.type = narrow(offsetof(PyObject, ob_type));
    l.tpDealloc = narrow(offsetof(PyTypeObject, tp_dealloc));
    l.tpVersionTag = narrow(offsetof(PyTypeObject, tp_version_tag));
    l.tpDictOffset = narrow(offsetof(PyTypeObject, tp_dictoffset));
    l.tpHeapCachedKeys = narrow(offsetof(PyHeapTypeObject, ht_cached_keys));
    l.varSize = narrow(offsetof(PyVarObject, ob_size));
    l.intDigits = narrow(offsetof(PyLongObject, ob_digit));
    l.floatValue = narrow(offsetof(PyFloatObject, ob_fval));
    l.listItems = narrow(offsetof(PyListObject, ob_item));
    l.listAllocated = narrow(offsetof(PyListObject, allocated));
    l.tupleItems = narrow(offsetof(PyTupleObject, ob_item));
    l.arrayItems = narrow(offsetof(ArrayObject, items));
    l.arrayDescriptor = narrow(offsetof(ArrayObject, descriptor));
    l.byteArrayStart = narrow(offsetof(PyByteArrayObject, ob_start));
    l.bytesItems = narrow(offsetof(PyBytesObject, ob_sval));
    l.cellContents = narrow(offsetof(PyCellObject, ob_ref));
    l.dictVersionTag = narrow(offsetof(PyDictObject, ma_version_tag));
    l.gcNext = narrow(offsetof(PyGC_Head, _gc_next)) - narrow(sizeof(PyGC_Head));
    l.dictKeys = narrow(offsetof(PyDictObject, ma_keys));
    l.dictValues = narrow(offsetof(PyDictObject, ma_values));
    l.keysVersion = narrow(offsetof(PyDictKeysObject, dk_version));
    l.keysEntries = narrow(offsetof(PyDictKeysObject, dk_nentries));
    l.keysKind = narrow(offsetof(PyDictKeysObject, dk_kind));
    l.keysKindUnicode = DICT_KEYS_UNICODE;
    l.keysLog2IndexBytes = narrow(offsetof(PyDictKeysObject, dk_log2_index_bytes));
    l.keysIndices = narrow(offsetof(PyDictKeysObject, dk_indices));
    l.unicodeEntrySize = narrow(sizeof(PyDictUnicodeEntry));
    l.unicodeEntryValue = narrow(offsetof(PyDictUnicodeEntry, me_value));
    l.instanceValues = -4 * narrow(sizeof(PyObject*)); // _PyObject_ValuesPointer
    l.instanceDict = MANAGED_DICT_OFFSET;
    l.valuesFirst = narrow(offsetof(PyDictValues, values));
    l.methodFunction = narrow(offsetof(PyMethodObject, im_func));
    l.methodSelf = narrow(offsetof(PyMethodObject, im_self));
    l.functionCode = narrow(offsetof(PyFunctionObject, func_code));
    l.functionGlobals = narrow(offsetof(PyFunctionObject, func_globals));
    l.functionClosure = narrow(offsetof(PyFunctionObject, func_closure));
    l.functionBuiltins = narrow(offsetof(PyFunctionObject, func_builtins));
    l.functionVersion = narrow(offsetof(PyFunctionObject, func_version));
    l.codeInstructions = narrow(offsetof(PyCodeObject, co_code_adaptive));
    l.rangeIndex = narrow(offsetof(RangeIterator, index));
    l.rangeStart = narrow(offsetof(RangeIterator, start));
    l.rangeStep = narrow(offsetof(RangeIterator, step));
    l.rangeLength = narrow(offsetof(RangeIterator, length));
    l.listIterIndex = narrow(offsetof(SequenceIterator, index));
    l.listIterSequence = narrow(offsetof(SequenceIterator, sequence));
    l.tupleIterIndex = l.listIterIndex;
    l.tupleIterSequence = l.listIterSequence;
    l.frameFunction = narrow(offsetof(Frame, f_func));
    l.frameGlobals = narrow(offsetof(Frame, f_globals));
    l.frameBuiltins = narrow(offsetof(Frame, f_builtins));
    l.frameLocalsDict = narrow(offsetof(Frame, f_locals));
    l.frameCode = narrow(offsetof(Frame, f_code));
    l.frameObject = narrow(offsetof(Frame, frame_obj));
    l.frameObjectTrace = narrow(offsetof(PyFrameObject, f_trace));
    l.framePrevious = narrow(offsetof(Frame, previous));
    l.framePrevInstr = narrow(offsetof(Frame, prev_instr));
    l.frameStackTop = narrow(offsetof(Frame, stacktop));
    l.frameIsEntry = narrow(offsetof(Frame, is_entry));
    l.frameOwner = narrow(offsetof(Frame, owner));
    l.frameSlots = narrow(offsetof(Frame, localsplus));
    l.generatorFrameState =
        narrow(offsetof(PyGenObject, gi_frame_state)) - narrow(offsetof(PyGenObject, gi_iframe));
    l.generatorFrame = narrow(offsetof(PyGenObject, gi_iframe));
    l.generatorPreviousExcInfo = narrow(offsetof(PyGenObject, gi_exc_state.previous_item));
    l.threadExcInfo = narrow(offsetof(PyThreadState, exc_info));
    l.stackLimit = narrow(reinterpret_cast<intptr_t>(&threadStack.limit) -
                          reinterpret_cast<intptr_t>(__builtin_thread_pointer()));
    l.threadCframe = narrow(offsetof(PyThreadState, cframe));
    l.threadRecursionRemaining = narrow(offsetof(PyThreadState, recursion_remaining));
    l.threadDataStackTop = narrow(offsetof(PyThreadState, datastack_top));
    l.threadDataStackLimit = narrow(offsetof(PyThreadState, datastack_limit));
    l.cframeCurrentFrame = narrow(offsetof(_PyCFrame, current_frame));
    l.cframeUseTracing = narrow(offsetof(_PyCFrame, use_tracing));
    l.evalBreakerAddress =
        reinterpret_cast<uint64_t>(&PyInterpreterState_Main()->ceval.eval_breaker);
    // They may be linked into another image than the running one: as the interpreter sees them.
    PyObject* zero = PyLong_FromLong(0);
    constexpr int kBytes = sizeof(PyLongObject);
    static_assert(std::has_single_bit(unsigned{kBytes}));
    l.log2SmallIntBytes = std::countr_zero(unsigned{kBytes});
    l.smallIntsBelowZero = _PY_NSMALLNEGINTS;
    l.smallIntsCount = _PY_NSMALLNEGINTS + _PY_NSMALLPOSINTS;
    l.smallIntsAddress = reinterpret_cast<uint64_t>(zero) - kBytes * _PY_NSMALLNEGINTS;
    Py_DECREF(zero);
    l.freeFloatsAddress =
        reinterpret_cast<uint64_t>(&PyInterpreterState_Main()->float_state.free_list);
    l.freeFloatCountAddress =
        reinterpret_cast<uint64_t>(&PyInterpreterState_Main()->float_state.numfree);
    return l;
}

} // namespace

const Layout& layout() {
    static const Layout instance = makeLayout();
    return instance;
}

} // namespace pyston::host
