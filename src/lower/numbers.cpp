// Unboxed integers, doubles and truth values; boxing and unboxing.
#include "lower/lowering.h"

#include <bit>
#include <utility>

namespace pyston::lower {

using lir::Opcode;
using runtime::Helper;

namespace {

// 30-bit digits, see cpython/layout.h.
constexpr int kDigitBits = 30;
constexpr int kDigitBytes = 4;

} // namespace

// The sign of ob_size is the number's, its magnitude the number of digits. At most one digit: size
// * digit (right for zero too, whose digit is not defined). Two digits: out of line.
void Lowering::lowerUnboxInt(const hir::Instr& instr) {
    const VReg object = use(instr.operand(0));
    const VReg size = e_.load64(object, layout_.varSize);
    lir::Block* small = e_.newBlock();
    lir::Block* large = e_.newColdBlock();
    lir::Block* join = e_.newBlock();
    const VReg result = e_.addParam(join, RegClass::kInt);
    const VReg biased = e_.emit(Opcode::kAdd, {Operand::r(size), Operand::i(1)});
    e_.branch(Cc::kULe, biased, Operand::i(2), small, large);

    e_.start(small);
    const VReg digit = e_.load(Opcode::kLoad32U, object, layout_.intDigits);
    e_.jump(join, {e_.emit(Opcode::kMul, {Operand::r(size), Operand::r(digit)})});

    e_.start(large);
    const VReg biased2 = e_.emit(Opcode::kAdd, {Operand::r(size), Operand::i(2)});
    e_.exitIf(Cc::kUGt, biased2, Operand::i(4), guardExit(instr));
    const VReg low = e_.load(Opcode::kLoad32U, object, layout_.intDigits);
    const VReg high = e_.load(Opcode::kLoad32U, object, layout_.intDigits + kDigitBytes);
    const VReg shifted = e_.emit(Opcode::kShl, {Operand::r(high), Operand::i(kDigitBits)});
    const VReg magnitude = e_.emit(Opcode::kOr, {Operand::r(low), Operand::r(shifted)});
    const VReg sign = e_.emit(Opcode::kSar, {Operand::r(size), Operand::i(1)}); // 2 or -2
    e_.jump(join, {e_.emit(Opcode::kMul, {Operand::r(magnitude), Operand::r(sign)})});

    e_.start(join);
    define(instr, result);
}

void Lowering::lowerBoxInt(const hir::Instr& instr) {
    if (layout_.smallIntsAddress == 0) {
        define(instr, callHelper(instr, Helper::kNewInt, std::array{useX(instr.operand(0))}));
        return;
    }
    const VReg value = use(instr.operand(0));
    lir::Block* small = e_.newBlock();
    lir::Block* other = e_.newBlock();
    lir::Block* join = e_.newBlock();
    const VReg result = e_.addParam(join, RegClass::kInt);
    const VReg index =
        e_.emit(Opcode::kAdd, {Operand::r(value), Operand::i(layout_.smallIntsBelowZero)});
    e_.branch(Cc::kULt, index, Operand::i(layout_.smallIntsCount), small, other);
    e_.start(small);
    const VReg offset =
        e_.emit(Opcode::kShl, {Operand::r(index), Operand::i(layout_.log2SmallIntBytes)});
    const VReg first = e_.imm(static_cast<int64_t>(layout_.smallIntsAddress));
    const VReg object = e_.emit(Opcode::kAdd, {Operand::r(first), Operand::r(offset)});
    e_.emit(Opcode::kIncref, {Operand::r(object)});
    e_.jump(join, {object});
    e_.start(other);
    e_.jump(join, {callHelper(instr, Helper::kNewInt, std::array{Operand::r(value)})});
    e_.start(join);
    define(instr, result);
}

void Lowering::lowerBoxDouble(const hir::Instr& instr) {
    const VReg value = use(instr.operand(0));
    if (layout_.freeFloatsAddress == 0) {
        define(instr, callHelper(instr, Helper::kNewFloat, std::array{Operand::r(value)}));
        return;
    }
    // The interpreter's list of free floats first.
    lir::Block* take = e_.newBlock();
    lir::Block* allocate = e_.newColdBlock();
    lir::Block* join = e_.newBlock();
    const VReg result = e_.addParam(join, RegClass::kInt);
    const VReg list = e_.imm(static_cast<int64_t>(layout_.freeFloatsAddress));
    const VReg first = e_.load64(list, 0);
    e_.branch(Cc::kNe, first, Operand::i(0), take, allocate);
    e_.start(allocate);
    e_.jump(join, {callHelper(instr, Helper::kNewFloat, std::array{Operand::r(value)})});
    e_.start(take);
    e_.store64(list, 0, Operand::r(e_.load64(first, layout_.type)));
    const auto countOffset =
        static_cast<int64_t>(layout_.freeFloatCountAddress - layout_.freeFloatsAddress);
    e_.addMem(Opcode::kAddMem32, list, countOffset, -1);
    e_.store64(first, layout_.refcount, Operand::i(1));
    e_.store64(first, layout_.type,
               e_.immOrReg(static_cast<int64_t>(classAddress(hir::ExactClass::kFloat))));
    e_.store(Opcode::kFStore, first, layout_.floatValue, Operand::r(value));
    e_.jump(join, {first});
    e_.start(join);
    define(instr, result);
}

void Lowering::lowerOptional(const hir::Instr&) {}

void Lowering::lowerBoxOptional(const hir::Instr& instr) {
    const hir::Instr* optional = canonical(instr.operand(0));
    const VReg value = use(optional->operand(0));
    const Helper helper = optional->type().isFloatRegister() ? Helper::kNewFloat : Helper::kNewInt;
    lir::Block* some = e_.newBlock();
    lir::Block* none = e_.newColdBlock();
    lir::Block* join = e_.newBlock();
    const VReg result = e_.addParam(join, RegClass::kInt);
    e_.branch(compareOf(optional->operand(1)), some, none);
    e_.start(none);
    e_.jump(join, {e_.imm(0)});
    e_.start(some);
    e_.jump(join, {callHelper(instr, helper, std::array{Operand::r(value)})});
    e_.start(join);
    define(instr, result);
}

void Lowering::lowerUnboxDouble(const hir::Instr& instr) {
    define(instr, e_.load(Opcode::kFLoad, use(instr.operand(0)), layout_.floatValue));
}

void Lowering::lowerUnboxBool(const hir::Instr& instr) {
    defineCompare(instr);
}

void Lowering::lowerBoxBool(const hir::Instr& instr) {
    if (constant(&instr))
        return; // made where it is used
    const Compare compare = compareOf(instr.operand(0));
    const VReg ifTrue = e_.imm(static_cast<int64_t>(context_.trueObject));
    const VReg ifFalse = e_.imm(static_cast<int64_t>(context_.falseObject));
    define(instr, e_.select(compare.cc, compare.a, compare.b, ifTrue, ifFalse));
}

// --- integers

void Lowering::lowerIntAdd(const hir::Instr& instr) {
    const hir::Instr *a = instr.operand(0), *b = instr.operand(1);
    if (constant(a))
        std::swap(a, b);
    const VReg left = use(a);
    const Operand right = useX(b);
    define(instr, e_.emitExit(Opcode::kAddExit, guardExit(instr), {Operand::r(left), right}));
}

void Lowering::lowerIntSub(const hir::Instr& instr) {
    const VReg left = use(instr.operand(0));
    const Operand right = useX(instr.operand(1));
    define(instr, e_.emitExit(Opcode::kSubExit, guardExit(instr), {Operand::r(left), right}));
}

void Lowering::lowerIntMul(const hir::Instr& instr) {
    const hir::Instr *a = instr.operand(0), *b = instr.operand(1);
    if (constant(a))
        std::swap(a, b);
    const VReg left = use(a);
    const Operand right = useX(b);
    define(instr, e_.emitExit(Opcode::kMulExit, guardExit(instr), {Operand::r(left), right}));
}

// Python rounds towards minus infinity: where the signs of remainder and divisor differ, the
// truncated quotient is one too large, and the remainder lacks one divisor.
Lowering::Division Lowering::floorDivision(const hir::Instr& instr) {
    Division d;
    const auto divisor = constant(instr.operand(1));
    d.dividend = use(instr.operand(0));
    d.divisor = use(instr.operand(1));
    if (!divisor || *divisor == 0 || *divisor == -1) {
        const VReg biased = e_.emit(Opcode::kAdd, {Operand::r(d.divisor), Operand::i(1)});
        e_.exitIf(Cc::kULe, biased, Operand::i(1), guardExit(instr));
    }
    d.remainder = e_.emit(Opcode::kSRem, {Operand::r(d.dividend), Operand::r(d.divisor)});
    if (divisor && *divisor > 0) {
        d.adjust = e_.emit(Opcode::kShr, {Operand::r(d.remainder), Operand::i(63)});
        return d;
    }
    const VReg mixed = e_.emit(Opcode::kXor, {Operand::r(d.remainder), Operand::r(d.divisor)});
    const VReg differ = e_.emit(Opcode::kShr, {Operand::r(mixed), Operand::i(63)});
    const VReg inexact = e_.set({false, Cc::kNe, d.remainder, Operand::i(0)});
    d.adjust = e_.emit(Opcode::kAnd, {Operand::r(differ), Operand::r(inexact)});
    return d;
}

void Lowering::lowerIntFloorDiv(const hir::Instr& instr) {
    const auto divisor = constant(instr.operand(1));
    if (divisor && *divisor > 0 && std::has_single_bit(static_cast<uint64_t>(*divisor))) {
        const int shift = std::countr_zero(static_cast<uint64_t>(*divisor));
        define(instr,
               e_.emit(Opcode::kSar, {Operand::r(use(instr.operand(0))), Operand::i(shift)}));
        return;
    }
    const Division d = floorDivision(instr);
    const VReg quotient = e_.emit(Opcode::kSDiv, {Operand::r(d.dividend), Operand::r(d.divisor)});
    define(instr, e_.emit(Opcode::kSub, {Operand::r(quotient), Operand::r(d.adjust)}));
}

void Lowering::lowerIntMod(const hir::Instr& instr) {
    const auto divisor = constant(instr.operand(1));
    if (divisor && *divisor > 0 && std::has_single_bit(static_cast<uint64_t>(*divisor))) {
        const VReg left = use(instr.operand(0));
        const Operand mask = e_.immOrReg(*divisor - 1);
        define(instr, e_.emit(Opcode::kAnd, {Operand::r(left), mask}));
        return;
    }
    const Division d = floorDivision(instr);
    const VReg mask = e_.emit(Opcode::kNeg, {Operand::r(d.adjust)});
    const VReg missing = e_.emit(Opcode::kAnd, {Operand::r(mask), Operand::r(d.divisor)});
    define(instr, e_.emit(Opcode::kAdd, {Operand::r(d.remainder), Operand::r(missing)}));
}

VReg Lowering::binaryInt(const hir::Instr& instr, lir::Opcode op) {
    const hir::Instr *a = instr.operand(0), *b = instr.operand(1);
    if (constant(a))
        std::swap(a, b);
    const VReg left = use(a);
    return e_.emit(op, {Operand::r(left), useX(b)});
}

void Lowering::lowerIntAnd(const hir::Instr& instr) {
    define(instr, binaryInt(instr, Opcode::kAnd));
}
void Lowering::lowerIntOr(const hir::Instr& instr) {
    define(instr, binaryInt(instr, Opcode::kOr));
}
void Lowering::lowerIntXor(const hir::Instr& instr) {
    define(instr, binaryInt(instr, Opcode::kXor));
}

void Lowering::lowerIntShl(const hir::Instr& instr) {
    const auto known = constant(instr.operand(1));
    const VReg value = use(instr.operand(0));
    Operand count;
    if (known && *known >= 0 && *known <= 62) {
        count = Operand::i(*known);
    } else {
        count = Operand::r(use(instr.operand(1)));
        e_.exitIf(Cc::kUGt, count.reg, Operand::i(62), guardExit(instr));
    }
    const VReg shifted = e_.emit(Opcode::kShl, {Operand::r(value), count});
    const VReg back = e_.emit(Opcode::kSar, {Operand::r(shifted), count});
    e_.exitIf(Cc::kNe, back, Operand::r(value), guardExit(instr));
    define(instr, shifted);
}

void Lowering::lowerIntShr(const hir::Instr& instr) {
    const auto known = constant(instr.operand(1));
    const VReg value = use(instr.operand(0));
    Operand count;
    if (known && *known >= 0) {
        count = Operand::i(*known > 63 ? 63 : *known);
    } else {
        const VReg given = use(instr.operand(1));
        e_.exitIf(Cc::kLt, given, Operand::i(0), guardExit(instr));
        const VReg most = e_.imm(63);
        count = Operand::r(e_.select(Cc::kGt, given, Operand::i(63), most, given));
    }
    define(instr, e_.emit(Opcode::kSar, {Operand::r(value), count}));
}

void Lowering::lowerIntNeg(const hir::Instr& instr) {
    const VReg value = use(instr.operand(0));
    define(instr, e_.emitExit(Opcode::kNegExit, guardExit(instr), {Operand::r(value)}));
}

void Lowering::lowerIntInvert(const hir::Instr& instr) {
    define(instr, e_.emit(Opcode::kNot, {Operand::r(use(instr.operand(0)))}));
}

void Lowering::lowerIntCompare(const hir::Instr& instr) {
    defineCompare(instr);
}

void Lowering::lowerIntToDouble(const hir::Instr& instr) {
    define(instr, e_.emit(Opcode::kIntToFloat, {Operand::r(use(instr.operand(0)))}));
}

// --- doubles

VReg Lowering::binaryDouble(const hir::Instr& instr, lir::Opcode op) {
    const VReg left = use(instr.operand(0));
    return e_.emit(op, {Operand::r(left), Operand::r(use(instr.operand(1)))});
}

void Lowering::lowerDoubleAdd(const hir::Instr& instr) {
    define(instr, binaryDouble(instr, Opcode::kFAdd));
}
void Lowering::lowerDoubleSub(const hir::Instr& instr) {
    define(instr, binaryDouble(instr, Opcode::kFSub));
}
void Lowering::lowerDoubleMul(const hir::Instr& instr) {
    define(instr, binaryDouble(instr, Opcode::kFMul));
}

void Lowering::lowerDoubleDiv(const hir::Instr& instr) {
    const hir::Instr* divisor = canonical(instr.operand(1));
    const bool isNonZeroConstant =
        divisor->opcode() == hir::Opcode::kConstDouble && divisor->immDouble() != 0.0;
    const VReg left = use(instr.operand(0));
    const VReg right = use(divisor);
    if (!isNonZeroConstant) {
        const VReg zero = e_.doubleBits(0);
        e_.exitIf(Compare{true, Cc::kEq, right, Operand::r(zero)}, guardExit(instr));
    }
    define(instr, e_.emit(Opcode::kFDiv, {Operand::r(left), Operand::r(right)}));
}

void Lowering::lowerDoubleNeg(const hir::Instr& instr) {
    define(instr, e_.emit(Opcode::kFNeg, {Operand::r(use(instr.operand(0)))}));
}
void Lowering::lowerDoubleAbs(const hir::Instr& instr) {
    define(instr, e_.emit(Opcode::kFAbs, {Operand::r(use(instr.operand(0)))}));
}

// Of a NaN the root is that NaN, of -0.0 it is -0.0: neither is less than zero.
void Lowering::lowerDoubleSqrt(const hir::Instr& instr) {
    const VReg value = use(instr.operand(0));
    const VReg zero = e_.doubleBits(0);
    e_.exitIf(Compare{true, Cc::kLt, value, Operand::r(zero)}, guardExit(instr));
    define(instr, e_.emit(Opcode::kFSqrt, {Operand::r(value)}));
}

void Lowering::lowerCallMath(const hir::Instr& instr) {
    const std::array args{Operand::r(use(instr.operand(0)))};
    define(instr, e_.callDouble(static_cast<uint64_t>(instr.imm()), args));
}

void Lowering::lowerDoubleCompare(const hir::Instr& instr) {
    defineCompare(instr);
}

// --- truth values and identity

void Lowering::lowerBoolNot(const hir::Instr& instr) {
    defineCompare(instr);
}

void Lowering::lowerBoolToInt(const hir::Instr& instr) {
    define(instr, use(instr.operand(0)));
}

void Lowering::lowerObjectIs(const hir::Instr& instr) {
    defineCompare(instr);
}

void Lowering::lowerOwnVersionIs(const hir::Instr& instr) {
    define(instr, e_.load(Opcode::kLoad32U, use(instr.operand(0)), layout_.tpVersionTag));
    defineCompare(instr);
}

void Lowering::lowerFunctionVersionIs(const hir::Instr& instr) {
    define(instr, e_.load(Opcode::kLoad32U, use(instr.operand(0)), layout_.functionVersion));
    defineCompare(instr);
}

void Lowering::lowerIsClass(const hir::Instr& instr) {
    define(instr, objectType(use(instr.operand(0))));
    defineCompare(instr);
}

} // namespace pyston::lower
