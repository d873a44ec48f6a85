// What the verifier asks of one instruction by itself: immediates in range, results of a type that
// the operation can have.
#include "hir/verify_instr.h"

#include "hir/hir.h"

#include <cstdint>
#include <limits>

namespace pyston::hir {
namespace {

// Entries, items and slots are found at a displacement of 32 bits.
constexpr int64_t kMaxIndex = 1 << 24;

bool isBetween(int64_t n, int64_t least, int64_t most) {
    return least <= n && n <= most;
}

bool isInt32(int64_t n) {
    return n == static_cast<int32_t>(n);
}

std::string_view checkInt(const Instr& instr) {
    const int64_t imm = instr.imm();
    switch (instr.opcode()) {
    case Opcode::kConstBool:
        return isBetween(imm, 0, 1) ? "" : "a truth value is 0 or 1";
    case Opcode::kLoadInstanceValue:
    case Opcode::kStoreInstanceValue:
    case Opcode::kLoadSharedValue:
    case Opcode::kFindSharedValue:
    case Opcode::kTupleItem:
    case Opcode::kItemAt:
        return isBetween(imm, 0, kMaxIndex) ? "" : "index out of range";
    case Opcode::kSequenceItems:
        return isBetween(imm, 1, kMaxIndex) ? "" : "a sequence of that length is not looked at";
    case Opcode::kGuardInstanceKeysCount:
    case Opcode::kGuardRecursion:
        return isBetween(imm, 0, INT32_MAX) ? "" : "count out of range";
    case Opcode::kSetPrevInstr:
        return isInt32(imm) ? "" : "offset out of range";
    default: // numbers and addresses
        return "";
    }
}

std::string_view checkClass(const Instr& instr) {
    if (!isBetween(instr.imm(), 0, static_cast<int64_t>(kNumExactClasses) - 1)) {
        return "no such class";
    }
    const ExactClass c = instr.immClass();
    const bool isSequenceIterator =
        c == ExactClass::kListIterator || c == ExactClass::kTupleIterator;
    switch (instr.opcode()) {
    case Opcode::kArrayGet:
        return holdsRawNumbers(c) ? "" : "not a class of unboxed numbers";
    case Opcode::kArraySet:
        return holdsRawNumbers(c) && c != ExactClass::kBytes ? "" : "not a class of such variables";
    case Opcode::kIterLeft:
        return isSequenceIterator || c == ExactClass::kRangeIterator ? "" : "not such an iterator";
    case Opcode::kSequenceIterNext:
        return isSequenceIterator ? "" : "not such an iterator";
    default:
        return c != ExactClass::kUnknown ? "" : "needs a class";
    }
}

std::string_view checkImmediate(const Function& fn, const Instr& instr) {
    const int64_t imm = instr.imm();
    switch (instr.info().imm) {
    case Imm::kInt:
        return checkInt(instr);
    case Imm::kSlot: {
        const bool mayBeStack = instr.opcode() == Opcode::kLoadFrameSlot;
        const int64_t end = int64_t{fn.numSlots} + (mayBeStack ? fn.stackSize : 0);
        return isBetween(imm, 0, end - 1) ? "" : "no such slot";
    }
    case Imm::kOffset:
        return isInt32(imm) ? "" : "offset out of range";
    case Imm::kVersion:
        return isBetween(imm, 0, std::numeric_limits<uint32_t>::max()) ? "" : "no such version";
    case Imm::kClass:
        return checkClass(instr);
    case Imm::kCc:
        return isBetween(imm, 0, static_cast<int64_t>(Condition::kGreaterEqual))
                   ? ""
                   : "no such condition";
    case Imm::kCode:
        return imm != 0 ? "" : "needs a callee";
    case Imm::kNone:
    case Imm::kObject:
    case Imm::kDouble:
    case Imm::kHelper:
        break;
    }
    return "";
}

std::string_view checkSecondImmediate(const Instr& instr) {
    switch (instr.opcode()) {
    case Opcode::kGuardDictEntry:
        return isInt32(instr.imm2()) ? "" : "offset out of range";
    case Opcode::kLoadHintedValue:
    case Opcode::kStoreHintedValue:
    case Opcode::kLoadDictEntry:
        return isBetween(instr.imm2(), 0, kMaxIndex) ? "" : "entry out of range";
    case Opcode::kCallDirect:
        return isBetween(instr.imm2(), 0, kMaxIndex) ? "" : "levels out of range";
    default:
        return "";
    }
}

bool isNumber(Type type) {
    return type.rep == Rep::kInt64 || type.rep == Rep::kDouble;
}

Rep elementRep(ExactClass c) {
    return c == ExactClass::kArrayD ? Rep::kDouble : Rep::kInt64;
}

// Types that the table leaves to the builder of the instruction, and operands of any type.
std::string_view checkTypes(const Instr& instr) {
    const Type type = instr.type();
    switch (instr.opcode()) {
    case Opcode::kLoadFrameSlot: // tests load raw integers
        return type.isCounted() || type.rep == Rep::kInt64 ? "" : "a frame holds objects";
    case Opcode::kConstObject:
    case Opcode::kConstWeak:
    case Opcode::kFrameClosure:
    case Opcode::kLoadField:
    case Opcode::kRefine:
        return type.isCounted() ? "" : "the result is an object";
    case Opcode::kGuardType:
        return isSubtype(exactObject(instr.immClass()), type) ? "" : "not the type that it checks";
    case Opcode::kGuardIs:
    case Opcode::kGuardNotNull:
        return type.isObject() ? "" : "the result is an object";
    case Opcode::kOptional:
        return isNumber(instr.operand(0)->type()) && type == instr.operand(0)->type()
                   ? ""
                   : "is of the type of the number";
    case Opcode::kBoxOptional:
        if (instr.operand(0)->opcode() != Opcode::kOptional) {
            return "boxes an Optional";
        }
        return isSubtype({Rep::kNullable, instr.operand(0)->type().rep == Rep::kDouble
                                              ? ExactClass::kFloat
                                              : ExactClass::kInt},
                         type)
                   ? ""
                   : "not the type of that object";
    case Opcode::kArrayGet:
        return type.rep == elementRep(instr.immClass()) ? "" : "not the type of an element";
    case Opcode::kArraySet:
        return instr.operand(2)->type().rep == elementRep(instr.immClass())
                   ? ""
                   : "not the type of an element";
    default:
        return "";
    }
}

} // namespace

std::string_view checkInstr(const Function& fn, const Instr& instr) {
    if (instr.opcode() != Opcode::kBoxOptional) {
        for (const Instr* operand : instr.operands()) {
            if (operand->opcode() == Opcode::kOptional) {
                return "an Optional is only for frame states and boxes";
            }
        }
    }
    for (const std::string_view wrong :
         {checkImmediate(fn, instr), checkSecondImmediate(instr), checkTypes(instr)}) {
        if (!wrong.empty()) {
            return wrong;
        }
    }
    return "";
}

} // namespace pyston::hir
