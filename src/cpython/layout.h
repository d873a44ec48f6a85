// Where the interpreter's structures have their fields. A header of its own, so that the compiler
// (which only needs offsets) and its tests do without the rest of the interpreter layer.
#pragma once

#include <cstdint>

namespace pyston::host {

// Byte offsets (and sizes) that generated code uses.
struct Layout {
    int refcount, type;                               // PyObject
    int tpDealloc;                                    // PyTypeObject
    int tpVersionTag, tpDictOffset, tpHeapCachedKeys; // PyTypeObject / PyHeapTypeObject
    int varSize;                                      // PyVarObject::ob_size
    int intDigits;             // PyLongObject::ob_digit (30-bit digits, uint32)
    int floatValue;            // PyFloatObject
    int listItems, tupleItems; // pointer to items / first item
    int listAllocated;
    int arrayItems, arrayDescriptor; // array.array
    int byteArrayStart, bytesItems;  // pointer to the first byte / first byte
    int cellContents;
    int dictVersionTag; // PyDictObject::ma_version_tag (PEP 509)
    int gcNext;         // PyGC_Head::_gc_next, negative; 0 there: not tracked
    int dictKeys, dictValues, keysVersion, keysEntries, keysKind, keysKindUnicode,
        keysLog2IndexBytes,
        keysIndices;                                    // PyDictObject, PyDictKeysObject
    int unicodeEntrySize, unicodeEntryValue;            // entries of unicode-only keys
    int instanceValues, instanceDict;                   // managed: negative offsets from the object
    int valuesFirst;                                    // PyDictValues::values
    int methodFunction, methodSelf;                     // PyMethodObject
    int functionCode, functionVersion;                  // PyFunctionObject
    int codeInstructions;                               // PyCodeObject::co_code_adaptive
    int rangeIndex, rangeStart, rangeStep, rangeLength; // the range iterator (C longs)
    int listIterIndex, listIterSequence;
    int tupleIterIndex, tupleIterSequence;
    int functionGlobals, functionBuiltins, functionClosure; // PyFunctionObject
    int frameFunction, frameGlobals, frameBuiltins, frameLocalsDict, frameCode, frameObject;
    int frameObjectTrace; // PyFrameObject::f_trace
    int framePrevious, framePrevInstr, frameStackTop, frameIsEntry, frameOwner, frameSlots;
    int generatorFrameState; // PyGenObject::gi_frame_state, relative to gi_iframe (negative)
    int generatorFrame, generatorPreviousExcInfo; // PyGenObject
    int threadExcInfo;
    int stackLimit; // from the thread pointer: where the native stack is low (see stack_segments.h)
    int threadCframe, threadRecursionRemaining, threadDataStackTop, threadDataStackLimit;
    int cframeCurrentFrame, cframeUseTracing;
    uint64_t evalBreakerAddress; // of the main interpreter: an int32
    // Its ints from -smallIntsBelowZero on, one after the other; 0: not known.
    uint64_t smallIntsAddress = 0;
    int smallIntsBelowZero = 0, smallIntsCount = 0, log2SmallIntBytes = 0;
    // The main interpreter's free floats, linked through their type field: address of the head, and
    // of their int32 count. 0: not known.
    uint64_t freeFloatsAddress = 0, freeFloatCountAddress = 0;
};

} // namespace pyston::host
