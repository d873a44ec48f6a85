// An invented layout of the interpreter's structures, so that tests depend on no interpreter.
#pragma once

#include "cpython/layout.h"

namespace pyston::lower {

constexpr host::Layout makeLayout() {
    host::Layout l{};
    l.refcount = 0;
    l.type = 8;
    l.tpVersionTag = 16;
    l.tpHeapCachedKeys = 24;
    l.varSize = 16;
    l.intDigits = 24;
    l.floatValue = 16;
    l.listItems = 24;
    l.listAllocated = 32;
    l.tupleItems = 24;
    l.arrayItems = 24;
    l.arrayDescriptor = 40;
    l.byteArrayStart = 32;
    l.bytesItems = 32;
    l.cellContents = 16;
    l.dictVersionTag = 24;
    l.gcNext = -16;
    l.dictKeys = 32;
    l.dictValues = 40;
    l.keysVersion = 12;
    l.keysLog2IndexBytes = 9;
    l.keysIndices = 32;
    l.unicodeEntrySize = 16;
    l.unicodeEntryValue = 8;
    l.instanceValues = -32;
    l.instanceDict = -24;
    l.valuesFirst = 0;
    l.functionCode = 48;
    l.functionGlobals = 56;
    l.functionClosure = 72;
    l.functionBuiltins = 64;
    l.functionVersion = 80;
    l.codeInstructions = 176;
    l.rangeIndex = 16;
    l.rangeStart = 24;
    l.rangeStep = 32;
    l.rangeLength = 40;
    l.listIterIndex = 16;
    l.listIterSequence = 24;
    l.tupleIterIndex = 16;
    l.tupleIterSequence = 24;
    l.frameFunction = 0;
    l.frameGlobals = 8;
    l.frameBuiltins = 16;
    l.frameLocalsDict = 24;
    l.frameCode = 32;
    l.frameObject = 40;
    l.frameObjectTrace = 24;
    l.framePrevious = 48;
    l.framePrevInstr = 56;
    l.frameStackTop = 64;
    l.frameIsEntry = 68;
    l.frameOwner = 69;
    l.frameSlots = 72;
    l.generatorFrameState = -8;
    l.generatorFrame = 96;
    l.generatorPreviousExcInfo = 56;
    l.threadExcInfo = 24;
    l.threadCframe = 0;
    l.threadRecursionRemaining = 8;
    l.threadDataStackTop = 32;
    l.threadDataStackLimit = 40;
    l.cframeUseTracing = 0;
    l.cframeCurrentFrame = 8;
    return l;
}

} // namespace pyston::lower
