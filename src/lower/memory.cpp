// Fields, attributes, dict entries, items, cells.
#include "lower/lowering.h"

#include <cassert>
#include <cstdint>

namespace pyston::lower {

using lir::Opcode;

namespace {

constexpr int kPointerBytes = 8;

// Version tags of dicts that compiled code changed (PEP 509). The interpreter's own counter is not
// reachable; a tag must only be different from every other one, and the interpreter counts up
// from 1.
uint64_t dictVersionCounter = uint64_t{1} << 63;

} // namespace

void Lowering::lowerLoadField(const hir::Instr& instr) {
    define(instr, e_.load64(use(instr.operand(0)), instr.imm()));
}

// The result is the old content, whose reference moves to the caller.
VReg Lowering::swap(VReg base, int64_t disp, const hir::Instr* value) {
    const Operand made = useX(value);
    const VReg old = e_.load64(base, disp);
    e_.store64(base, disp, made);
    return old;
}

void Lowering::lowerStoreField(const hir::Instr& instr) {
    define(instr, swap(use(instr.operand(0)), instr.imm(), instr.operand(1)));
}

void Lowering::lowerCellGet(const hir::Instr& instr) {
    define(instr, e_.load64(use(instr.operand(0)), layout_.cellContents));
}

void Lowering::lowerCellSet(const hir::Instr& instr) {
    define(instr, swap(use(instr.operand(0)), layout_.cellContents, instr.operand(1)));
}

// --- attributes

void Lowering::lowerLoadTypeVersion(const hir::Instr& instr) {
    define(instr,
           e_.load(Opcode::kLoad32U, objectType(use(instr.operand(0))), layout_.tpVersionTag));
}

VReg Lowering::instanceValues(const hir::Instr& instr, VReg object) {
    const VReg values = e_.load64(object, layout_.instanceValues);
    e_.exitIf(Cc::kEq, values, Operand::i(0), guardExit(instr));
    return values;
}

void Lowering::lowerLoadInstanceValue(const hir::Instr& instr) {
    const VReg values = instanceValues(instr, use(instr.operand(0)));
    const VReg value = e_.load64(values, layout_.valuesFirst + kPointerBytes * instr.imm());
    e_.exitIf(Cc::kEq, value, Operand::i(0), guardExit(instr));
    define(instr, value);
}

// The value that goes by the shared keys of the instance's class, inline or in its dict.
// `continueIf` is told what has to hold for it to be there.
VReg Lowering::sharedValue(const hir::Instr& instr, const Requirement& continueIf) {
    const VReg object = use(instr.operand(0));
    lir::Block* inDict = e_.newBlock();
    lir::Block* inlined = e_.newBlock();
    lir::Block* join = e_.newBlock();
    const VReg values = e_.addParam(join, lir::RegClass::kInt);
    const VReg inlineValues = e_.load64(object, layout_.instanceValues);
    e_.branch(Cc::kNe, inlineValues, Operand::i(0), inlined, inDict);
    e_.start(inlined);
    e_.jump(join, {inlineValues});
    e_.start(inDict);
    const VReg dict = e_.load64(object, layout_.instanceDict);
    continueIf({false, Cc::kNe, dict, Operand::i(0)});
    const VReg keys = e_.load64(dict, layout_.dictKeys);
    const VReg shared = e_.load64(objectType(object), layout_.tpHeapCachedKeys);
    continueIf({false, Cc::kEq, keys, Operand::r(shared)});
    e_.jump(join, {e_.load64(dict, layout_.dictValues)});
    e_.start(join);
    return e_.load64(values, layout_.valuesFirst + kPointerBytes * instr.imm());
}

void Lowering::lowerLoadSharedValue(const hir::Instr& instr) {
    const int exit = guardExit(instr);
    define(instr,
           sharedValue(instr, [&](const Compare& compare) { e_.exitIf(negate(compare), exit); }));
}

void Lowering::lowerFindSharedValue(const hir::Instr& instr) {
    lir::Block* elsewhere = e_.newBlock();
    lir::Block* join = e_.newBlock();
    const VReg result = e_.addParam(join, lir::RegClass::kInt);
    const VReg value =
        sharedValue(instr, [&](const Compare& compare) { continueIf(compare, elsewhere, false); });
    e_.jump(join, {value});
    e_.start(elsewhere);
    e_.jump(join, {e_.imm(0)});
    e_.start(join);
    define(instr, result);
}

// The values also record the order in which they were first set, so an unset one is left to the
// interpreter.
void Lowering::lowerStoreInstanceValue(const hir::Instr& instr) {
    const VReg values = instanceValues(instr, use(instr.operand(0)));
    const int64_t disp = layout_.valuesFirst + kPointerBytes * instr.imm();
    const VReg old = e_.load64(values, disp);
    e_.exitIf(Cc::kEq, old, Operand::i(0), guardExit(instr));
    e_.store64(values, disp, useX(instr.operand(1)));
    define(instr, old);
}

// --- dict entries

// Entries follow the hash indices, whose size is a power of two kept in the keys.
Lowering::DictSlot Lowering::dictSlot(const hir::Instr& instr, VReg dict) {
    DictSlot slot;
    slot.keys = e_.load64(dict, layout_.dictKeys);
    e_.exitIfMem(Opcode::kExitIfMem32, Cc::kNe, slot.keys, layout_.keysVersion,
                 Operand::i(static_cast<int32_t>(instr.imm())), guardExit(instr));
    const VReg log2 = e_.load(Opcode::kLoad8U, slot.keys, layout_.keysLog2IndexBytes);
    const VReg one = e_.imm(1);
    slot.indexBytes = e_.emit(Opcode::kShl, {Operand::r(one), Operand::r(log2)});
    slot.disp =
        layout_.keysIndices + instr.imm2() * layout_.unicodeEntrySize + layout_.unicodeEntryValue;
    return slot;
}

void Lowering::lowerLoadDictEntry(const hir::Instr& instr) {
    const DictSlot slot = dictSlot(instr, use(instr.operand(0)));
    const VReg value = e_.loadIndexed(slot.keys, slot.indexBytes, 1, slot.disp);
    e_.exitIf(Cc::kEq, value, Operand::i(0), guardExit(instr));
    define(instr, value);
}

void Lowering::markChanged(VReg dict) {
    const VReg counter = e_.imm(reinterpret_cast<int64_t>(&dictVersionCounter));
    e_.addMem(Opcode::kAddMem64, counter, 0, 1);
    e_.store64(dict, layout_.dictVersionTag, Operand::r(e_.load64(counter, 0)));
}

// Entries of keys that hold nothing but strings. `disp` is that of the value.
Lowering::DictSlot Lowering::hintedSlot(const hir::Instr& instr, VReg dict) {
    const VReg keys = e_.load64(dict, layout_.dictKeys);
    e_.exitIfMem(Opcode::kExitIfMem8, Cc::kNe, keys, layout_.keysKind,
                 Operand::i(layout_.keysKindUnicode), guardExit(instr));
    e_.exitIfMem(Opcode::kExitIfMem64, Cc::kLe, keys, layout_.keysEntries,
                 Operand::i(static_cast<int32_t>(instr.imm2())), guardExit(instr));
    const VReg log2 = e_.load(Opcode::kLoad8U, keys, layout_.keysLog2IndexBytes);
    const VReg one = e_.imm(1);
    const VReg indexBytes = e_.emit(Opcode::kShl, {Operand::r(one), Operand::r(log2)});
    DictSlot slot;
    slot.keys = e_.emit(Opcode::kAdd, {Operand::r(keys), Operand::r(indexBytes)});
    const int64_t entry = layout_.keysIndices + instr.imm2() * layout_.unicodeEntrySize;
    e_.exitIfMem(Opcode::kExitIfMem64, Cc::kNe, slot.keys, entry, e_.immOrReg(instr.imm()),
                 guardExit(instr));
    slot.disp = entry + layout_.unicodeEntryValue;
    return slot;
}

VReg Lowering::ownDict(const hir::Instr& instr, VReg object) {
    e_.exitIfMem(Opcode::kExitIfMem64, Cc::kNe, object, layout_.instanceValues, Operand::i(0),
                 guardExit(instr));
    const VReg dict = e_.load64(object, layout_.instanceDict);
    e_.exitIf(Cc::kEq, dict, Operand::i(0), guardExit(instr));
    return dict;
}

void Lowering::lowerLoadHintedValue(const hir::Instr& instr) {
    const VReg dict = ownDict(instr, use(instr.operand(0)));
    const DictSlot slot = hintedSlot(instr, dict);
    const VReg value = e_.load64(slot.keys, slot.disp);
    e_.exitIf(Cc::kEq, value, Operand::i(0), guardExit(instr));
    define(instr, value);
}

void Lowering::lowerStoreHintedValue(const hir::Instr& instr) {
    const VReg dict = ownDict(instr, use(instr.operand(0)));
    const DictSlot slot = hintedSlot(instr, dict);
    const VReg old = e_.load64(slot.keys, slot.disp);
    e_.exitIf(Cc::kEq, old, Operand::i(0), guardExit(instr));
    e_.exitIfMem(Opcode::kExitIfMem64, Cc::kEq, dict, layout_.gcNext, Operand::i(0),
                 guardExit(instr));
    e_.store64(slot.keys, slot.disp, useX(instr.operand(1)));
    markChanged(dict);
    define(instr, old);
}

// --- lists and tuples

// The index counted from the start; leaves when it is outside. One unsigned comparison: a negative
// index gets the size added and stays negative (huge) if it was too small.
VReg Lowering::boundsChecked(const hir::Instr& instr, VReg sequence) {
    const VReg size = e_.load64(sequence, layout_.varSize);
    const auto known = constant(instr.operand(1));
    VReg index;
    if (known && *known < 0) {
        index = e_.emit(Opcode::kAdd, {Operand::r(size), e_.immOrReg(*known)});
    } else {
        index = use(instr.operand(1));
        if (!known) {
            const VReg sign = e_.emit(Opcode::kSar, {Operand::r(index), Operand::i(63)});
            const VReg wrap = e_.emit(Opcode::kAnd, {Operand::r(sign), Operand::r(size)});
            index = e_.emit(Opcode::kAdd, {Operand::r(index), Operand::r(wrap)});
        }
    }
    e_.exitIf(Cc::kUGe, index, Operand::r(size), guardExit(instr));
    return index;
}

void Lowering::lowerListGet(const hir::Instr& instr) {
    const VReg list = use(instr.operand(0));
    const VReg index = boundsChecked(instr, list);
    const VReg items = e_.load64(list, layout_.listItems);
    define(instr, e_.loadIndexed(items, index, kPointerBytes, 0));
}

void Lowering::lowerListSet(const hir::Instr& instr) {
    const VReg list = use(instr.operand(0));
    const VReg value = use(instr.operand(2));
    const VReg index = boundsChecked(instr, list);
    const VReg items = e_.load64(list, layout_.listItems);
    const VReg old = e_.loadIndexed(items, index, kPointerBytes, 0);
    e_.storeIndexed(items, index, kPointerBytes, 0, value);
    define(instr, old);
}

void Lowering::lowerTupleGet(const hir::Instr& instr) {
    const VReg tuple = use(instr.operand(0));
    const VReg index = boundsChecked(instr, tuple);
    define(instr, e_.loadIndexed(tuple, index, kPointerBytes, layout_.tupleItems));
}

void Lowering::lowerTupleItem(const hir::Instr& instr) {
    define(instr,
           e_.load64(use(instr.operand(0)), layout_.tupleItems + kPointerBytes * instr.imm()));
}

// What class it is costs no branch: items of a tuple, and the pointer to those of a list, stand
// behind the size alike.
void Lowering::lowerSequenceItems(const hir::Instr& instr) {
    const VReg sequence = use(instr.operand(0));
    const int exit = guardExit(instr);
    const hir::ExactClass known = canonical(instr.operand(0))->type().exact;
    const Operand size = e_.immOrReg(instr.imm());
    const auto itemsOfTuple = [&] {
        return e_.emit(Opcode::kAdd, {Operand::r(sequence),
                                      Operand::i(static_cast<int32_t>(layout_.tupleItems))});
    };
    const auto checkSize = [&] {
        e_.exitIfMem(Opcode::kExitIfMem64, Cc::kNe, sequence, layout_.varSize, size, exit);
    };
    if (known == hir::ExactClass::kTuple || known == hir::ExactClass::kList) {
        checkSize();
        return define(instr, known == hir::ExactClass::kTuple
                                 ? itemsOfTuple()
                                 : e_.load64(sequence, layout_.listItems));
    }
    const VReg type = objectType(sequence);
    const Operand list = e_.immOrReg(static_cast<int64_t>(classAddress(hir::ExactClass::kList)));
    const VReg tuple = e_.imm(static_cast<int64_t>(classAddress(hir::ExactClass::kTuple)));
    const VReg expected = e_.select(Cc::kEq, type, list, type, tuple);
    e_.exitIf(Cc::kNe, type, Operand::r(expected), exit);
    checkSize();
    const VReg inTuple = itemsOfTuple();
    const VReg inList = e_.load64(sequence, layout_.listItems);
    define(instr, e_.select(Cc::kEq, type, list, inList, inTuple));
}

void Lowering::lowerItemAt(const hir::Instr& instr) {
    define(instr, e_.load64(use(instr.operand(0)), kPointerBytes * instr.imm()));
}

// --- bytes, bytearray, array.array

// The address of the element, whose size is a power of 2.
Lowering::Element Lowering::arrayElement(const hir::Instr& instr) {
    const hir::ExactClass c = instr.immClass();
    const VReg object = use(instr.operand(0));
    const VReg index = boundsChecked(instr, object);
    Element element;
    int log2Size = 0;
    switch (c) {
    case hir::ExactClass::kArrayD:
        element = {Opcode::kFLoad, Opcode::kFStore, lir::kNoReg, 0};
        log2Size = 3;
        break;
    case hir::ExactClass::kArrayL:
    case hir::ExactClass::kArrayQ:
        element = {Opcode::kLoad64, Opcode::kStore64, lir::kNoReg, 0};
        log2Size = 3;
        break;
    case hir::ExactClass::kArrayI32:
        element = {Opcode::kLoad32S, Opcode::kStore32, lir::kNoReg, 0};
        log2Size = 2;
        break;
    case hir::ExactClass::kArrayU32:
        element = {Opcode::kLoad32U, Opcode::kStore32, lir::kNoReg, 0};
        log2Size = 2;
        break;
    default:
        assert(hir::holdsRawNumbers(c));
        element = {Opcode::kLoad8U, Opcode::kStore8, lir::kNoReg, 0};
        break;
    }
    VReg items = object;
    if (c == hir::ExactClass::kBytes)
        element.disp = layout_.bytesItems;
    else
        items = e_.load64(object, c == hir::ExactClass::kByteArray ? layout_.byteArrayStart
                                                                   : layout_.arrayItems);
    VReg offset = index;
    if (log2Size > 0)
        offset = e_.emit(Opcode::kShl, {Operand::r(index), Operand::i(log2Size)});
    element.base = e_.emit(Opcode::kAdd, {Operand::r(items), Operand::r(offset)});
    return element;
}

void Lowering::lowerArrayGet(const hir::Instr& instr) {
    const Element element = arrayElement(instr);
    define(instr, e_.load(element.load, element.base, element.disp));
}

void Lowering::lowerArraySet(const hir::Instr& instr) {
    const VReg value = use(instr.operand(2));
    if (instr.immClass() == hir::ExactClass::kArrayI32) {
        const VReg high = e_.emit(Opcode::kShl, {Operand::r(value), Operand::i(32)});
        const VReg back = e_.emit(Opcode::kSar, {Operand::r(high), Operand::i(32)});
        e_.exitIf(Cc::kNe, back, Operand::r(value), guardExit(instr));
    } else if (instr.immClass() == hir::ExactClass::kArrayU32) {
        e_.exitIf(Cc::kUGt, value, e_.immOrReg(UINT32_MAX), guardExit(instr));
    } else if (instr.immClass() == hir::ExactClass::kArrayU8 ||
               instr.immClass() == hir::ExactClass::kByteArray) {
        e_.exitIf(Cc::kUGt, value, Operand::i(UINT8_MAX), guardExit(instr));
    }
    const Element element = arrayElement(instr);
    e_.store(element.store, element.base, element.disp, Operand::r(value));
}

void Lowering::lowerListLen(const hir::Instr& instr) {
    define(instr, e_.load64(use(instr.operand(0)), layout_.varSize));
}

void Lowering::lowerTupleLen(const hir::Instr& instr) {
    define(instr, e_.load64(use(instr.operand(0)), layout_.varSize));
}

} // namespace pyston::lower
