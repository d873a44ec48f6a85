// x86-64: one LIR instruction at a time. Everything but call arguments is in registers, and the
// result register differs from every operand's but the first one's (unless it is the same value),
// so that two-address instructions can copy operand 0 to the result first.
#include "cpu/x86_64/emitter.h"

#include <cassert>
#include <cstdio>
#include <cstdlib>

namespace pyston::cpu {

using namespace x64;
using asmjit::imm;
using asmjit::Label;
using lir::Cc;
using lir::Opcode;
using regalloc::Place;
namespace x86 = asmjit::x86;
namespace Inst = x86::Inst;

namespace {

bool fits32(int64_t value) {
    return value == static_cast<int32_t>(value);
}

bool sameRegister(const Place& a, const Place& b) {
    return a.kind == Place::kRegister && a == b;
}

// The same condition for values that are compared as unsigned ones.
Cc asUnsigned(Cc cc) {
    switch (cc) {
    case Cc::kLt:
        return Cc::kULt;
    case Cc::kLe:
        return Cc::kULe;
    case Cc::kGt:
        return Cc::kUGt;
    case Cc::kGe:
        return Cc::kUGe;
    default:
        return cc;
    }
}

} // namespace

X64Emitter::CondCode X64Emitter::condition(Cc cc) {
    switch (cc) {
    case Cc::kEq:
        return CondCode::kE;
    case Cc::kNe:
        return CondCode::kNE;
    case Cc::kLt:
        return CondCode::kL;
    case Cc::kLe:
        return CondCode::kLE;
    case Cc::kGt:
        return CondCode::kG;
    case Cc::kGe:
        return CondCode::kGE;
    case Cc::kULt:
        return CondCode::kB;
    case Cc::kULe:
        return CondCode::kBE;
    case Cc::kUGt:
        return CondCode::kA;
    case Cc::kUGe:
        return CondCode::kAE;
    default:
        break;
    }
    assert(!"a condition for floats");
    return CondCode::kE;
}

// ucomisd sets ZF, PF and CF on unordered operands, so "above" and "above or equal" are false on
// NaN and their negations true; "less" is "above" with the operands exchanged.
X64Emitter::FloatCondition X64Emitter::floatCondition(Cc cc) {
    using F = FloatCondition;
    switch (cc) {
    case Cc::kEq:
        return {false, CondCode::kE, F::kAndOrdered};
    case Cc::kNe:
        return {false, CondCode::kNE, F::kOrUnordered};
    case Cc::kLt:
        return {true, CondCode::kA, F::kNone};
    case Cc::kLe:
        return {true, CondCode::kAE, F::kNone};
    case Cc::kGt:
        return {false, CondCode::kA, F::kNone};
    case Cc::kGe:
        return {false, CondCode::kAE, F::kNone};
    case Cc::kFNotLt:
        return {true, CondCode::kBE, F::kNone};
    case Cc::kFNotLe:
        return {true, CondCode::kB, F::kNone};
    case Cc::kFNotGt:
        return {false, CondCode::kBE, F::kNone};
    case Cc::kFNotGe:
        return {false, CondCode::kB, F::kNone};
    default:
        break;
    }
    assert(!"an unsigned condition on floats");
    return {false, CondCode::kE, F::kNone};
}

X64Emitter::Mem X64Emitter::memory(const Instr& instr, const InstrPlaces& places, int size) {
    return Mem(gp(places.operands[0]), instr.disp, static_cast<uint32_t>(size));
}

X64Emitter::Mem X64Emitter::indexed(const Instr& instr, const InstrPlaces& places) {
    const auto shift = static_cast<uint32_t>(__builtin_ctz(instr.scale));
    return Mem(gp(places.operands[0]), gp(places.operands[1]), shift, instr.disp, 8);
}

void X64Emitter::emitInstr(const Instr& instr, const InstrPlaces& places) {
    if (emitLoadStore(instr, places) || emitArithmetic(instr, places) || emitFloat(instr, places) ||
        emitControl(instr, places) || emitCalls(instr, places))
        return;
    std::fprintf(stderr, "pyston: x86_64 cannot emit %s\n", instr.info().name.data());
    std::abort();
}

// --- loads and stores

void X64Emitter::emitStore(const Instr& instr, const InstrPlaces& places, int size) {
    const Mem to = memory(instr, places, size);
    const Operand& value = instr.operands[1];
    if (value.isImm && (size < 8 || fits32(value.imm))) {
        // Truncated to the width of the store.
        const int64_t bits = size == 1   ? static_cast<int8_t>(value.imm)
                             : size == 4 ? static_cast<int32_t>(value.imm)
                                         : value.imm;
        a_.mov(to, imm(bits));
        return;
    }
    int reg = kRax;
    if (value.isImm)
        emitLoadImm(kRax, static_cast<uint64_t>(value.imm));
    else
        reg = places.operands[1].index;
    const auto id = static_cast<uint32_t>(reg);
    if (size == 8)
        a_.mov(to, x86::gpq(id));
    else if (size == 4)
        a_.mov(to, x86::gpd(id));
    else
        a_.mov(to, x86::gpb(id));
}

void X64Emitter::emitAddMem(const Instr& instr, const InstrPlaces& places, int size) {
    const Mem to = memory(instr, places, size);
    const int64_t value =
        size == 4 ? static_cast<int32_t>(instr.operands[1].imm) : instr.operands[1].imm;
    if (value == 1) {
        a_.inc(to);
    } else if (value == -1) {
        a_.dec(to);
    } else if (fits32(value)) {
        a_.add(to, imm(value));
    } else {
        emitLoadImm(kRax, static_cast<uint64_t>(value));
        a_.add(to, x86::rax);
    }
}

bool X64Emitter::emitLoadStore(const Instr& instr, const InstrPlaces& places) {
    const Place& result = places.result;
    switch (instr.op) {
    case Opcode::kMove:
        emitMoveGp(result.index, places.operands[0].index);
        return true;
    case Opcode::kLoadImm: {
        const auto value = static_cast<uint64_t>(instr.operands[0].imm);
        const Gp low = gp(result).r32();
        value == 0 ? a_.xor_(low, low) : (emitLoadImm(result.index, value), 0);
        return true;
    }
    case Opcode::kFMove:
        emitMoveFp(result.index, places.operands[0].index);
        return true;
    case Opcode::kFLoadImm:
        if (instr.operands[0].imm == 0) {
            a_.xorps(xmm(result), xmm(result));
        } else {
            emitLoadImm(kRax, static_cast<uint64_t>(instr.operands[0].imm));
            a_.movq(xmm(result), x86::rax);
        }
        return true;
    case Opcode::kLoadTstate: // the allocator leaves it in that register
        emitMoveGp(result.index, kThreadState);
        return true;
    case Opcode::kLoadFrame:
        emitMoveGp(result.index, kFrame);
        return true;
    case Opcode::kLoadStackPointer:
        a_.mov(gp(result), x86::rsp);
        return true;
    case Opcode::kLoadThreadLocal: {
        Mem at = x86::qword_ptr(gp(result));
        at.setSegment(x86::fs);
        a_.mov(gp(result), imm(instr.operands[0].imm));
        a_.mov(gp(result), at);
        return true;
    }
    case Opcode::kLoad64:
        a_.mov(gp(result), memory(instr, places, 8));
        return true;
    case Opcode::kLoad32S:
        a_.movsxd(gp(result), memory(instr, places, 4));
        return true;
    case Opcode::kLoad32U:
        a_.mov(gp(result).r32(), memory(instr, places, 4));
        return true;
    case Opcode::kLoad8U:
        a_.movzx(gp(result).r32(), memory(instr, places, 1));
        return true;
    case Opcode::kLoadIdx64:
        a_.mov(gp(result), indexed(instr, places));
        return true;
    case Opcode::kFLoad:
        a_.movsd(xmm(result), memory(instr, places, 8));
        return true;
    case Opcode::kStore64:
        emitStore(instr, places, 8);
        return true;
    case Opcode::kStore32:
        emitStore(instr, places, 4);
        return true;
    case Opcode::kStore8:
        emitStore(instr, places, 1);
        return true;
    case Opcode::kStoreIdx64:
        a_.mov(indexed(instr, places), gp(places.operands[2]));
        return true;
    case Opcode::kFStore:
        a_.movsd(memory(instr, places, 8), xmm(places.operands[1]));
        return true;
    case Opcode::kAddMem64:
        emitAddMem(instr, places, 8);
        return true;
    case Opcode::kAddMem32:
        emitAddMem(instr, places, 4);
        return true;
    case Opcode::kLea:
        if (instr.disp == 0)
            emitMoveGp(result.index, places.operands[0].index);
        else
            a_.lea(gp(result), memory(instr, places, 8));
        return true;
    case Opcode::kStackAddr:
        a_.lea(gp(result), outgoing(instr.operands[0].imm));
        return true;
    case Opcode::kStackStore:
        a_.mov(outgoing(instr.operands[0].imm), gp(places.operands[1]));
        return true;
    case Opcode::kStackLoad:
        a_.mov(gp(result), outgoing(instr.operands[0].imm));
        return true;
    default:
        return false;
    }
}

// --- integers

void X64Emitter::emitAddSub(const Instr& instr, const InstrPlaces& places) {
    const bool isSub = instr.op == Opcode::kSub || instr.op == Opcode::kSubExit;
    const bool needFlags = instr.has(lir::kExit);
    const Gp result = gp(places.result), a = gp(places.operands[0]);
    const Operand& operand = instr.operands[1];
    // Wraps for the smallest immediate, which then does not fit.
    const auto addend =
        static_cast<int64_t>(isSub ? -static_cast<uint64_t>(operand.imm) : operand.imm);
    if (!needFlags && result != a) {
        if (operand.isImm && fits32(addend)) {
            a_.lea(result, x86::ptr(a, static_cast<int32_t>(addend)));
            return;
        }
        if (!operand.isImm && !isSub) {
            a_.lea(result, x86::ptr(a, gp(places.operands[1])));
            return;
        }
    }
    if (operand.isImm && !fits32(operand.imm)) {
        emitLoadImm(kRax, static_cast<uint64_t>(operand.imm));
        emitMoveGp(places.result.index, places.operands[0].index);
        isSub ? a_.sub(result, x86::rax) : a_.add(result, x86::rax);
    } else {
        emitMoveGp(places.result.index, places.operands[0].index);
        if (operand.isImm)
            isSub ? a_.sub(result, imm(operand.imm)) : a_.add(result, imm(operand.imm));
        else
            isSub ? a_.sub(result, gp(places.operands[1])) : a_.add(result, gp(places.operands[1]));
    }
    if (needFlags)
        a_.jo(exitLabel(instr, places));
}

void X64Emitter::emitMultiply(const Instr& instr, const InstrPlaces& places) {
    const Gp result = gp(places.result), a = gp(places.operands[0]);
    const Operand& operand = instr.operands[1];
    if (operand.isImm && fits32(operand.imm)) {
        a_.imul(result, a, imm(operand.imm));
    } else {
        if (operand.isImm)
            emitLoadImm(kRax, static_cast<uint64_t>(operand.imm));
        emitMoveGp(places.result.index, places.operands[0].index);
        a_.imul(result, operand.isImm ? Gp(x86::rax) : gp(places.operands[1]));
    }
    if (instr.has(lir::kExit))
        a_.jo(exitLabel(instr, places));
}

void X64Emitter::emitBitwise(Inst::Id id, const Instr& instr, const InstrPlaces& places) {
    const Operand& operand = instr.operands[1];
    if (operand.isImm && !fits32(operand.imm))
        emitLoadImm(kRax, static_cast<uint64_t>(operand.imm));
    emitMoveGp(places.result.index, places.operands[0].index);
    if (!operand.isImm)
        a_.emit(id, gp(places.result), gp(places.operands[1]));
    else if (fits32(operand.imm))
        a_.emit(id, gp(places.result), imm(operand.imm));
    else
        a_.emit(id, gp(places.result), x86::rax);
}

void X64Emitter::emitShift(Inst::Id id, const Instr& instr, const InstrPlaces& places) {
    const Operand& count = instr.operands[1];
    if (count.isImm) {
        emitMoveGp(places.result.index, places.operands[0].index);
        if ((count.imm & 63) != 0)
            a_.emit(id, gp(places.result), imm(count.imm & 63));
        return;
    }
    a_.mov(x86::ecx, gp(places.operands[1]).r32());
    emitMoveGp(places.result.index, places.operands[0].index);
    a_.emit(id, gp(places.result), x86::cl);
}

// idiv works on rdx:rax; rdx may hold any value, so it is kept in rcx (which is then also where the
// divisor is, if that is rdx).
void X64Emitter::emitDivide(const InstrPlaces& places, bool wantRemainder) {
    const int divisor = places.operands[1].index;
    const int result = places.result.index;
    a_.mov(x86::rcx, x86::rdx);
    a_.mov(x86::rax, gp(places.operands[0]));
    a_.cqo();
    a_.idiv(divisor == kRdx ? Gp(x86::rcx) : gp(divisor));
    emitMoveGp(result, wantRemainder ? kRdx : kRax);
    if (result != kRdx)
        a_.mov(x86::rdx, x86::rcx);
}

void X64Emitter::emitCompare(const Gp& a, const Operand& b, const Place& bPlace) {
    if (!b.isImm)
        a_.cmp(a, gp(bPlace));
    else if (b.imm == 0)
        a_.test(a, a);
    else if (fits32(b.imm))
        a_.cmp(a, imm(b.imm));
    else {
        emitLoadImm(kRax, static_cast<uint64_t>(b.imm));
        a_.cmp(a, x86::rax);
    }
}

void X64Emitter::emitSelect(const Instr& instr, const InstrPlaces& places) {
    emitCompare(gp(places.operands[0]), instr.operands[1], places.operands[1]);
    const CondCode cc = condition(instr.cc);
    const Place &ifTrue = places.operands[2], &ifFalse = places.operands[3];
    if (sameRegister(places.result, ifTrue)) {
        if (!sameRegister(ifTrue, ifFalse))
            a_.cmov(x86::negateCond(cc), gp(places.result), gp(ifFalse));
        return;
    }
    emitMoveGp(places.result.index, ifFalse.index); // mov leaves the flags alone
    a_.cmov(cc, gp(places.result), gp(ifTrue));
}

bool X64Emitter::emitArithmetic(const Instr& instr, const InstrPlaces& places) {
    switch (instr.op) {
    case Opcode::kAdd:
    case Opcode::kSub:
    case Opcode::kAddExit:
    case Opcode::kSubExit:
        emitAddSub(instr, places);
        return true;
    case Opcode::kMul:
    case Opcode::kMulExit:
        emitMultiply(instr, places);
        return true;
    case Opcode::kAnd:
        emitBitwise(Inst::kIdAnd, instr, places);
        return true;
    case Opcode::kOr:
        emitBitwise(Inst::kIdOr, instr, places);
        return true;
    case Opcode::kXor:
        emitBitwise(Inst::kIdXor, instr, places);
        return true;
    case Opcode::kShl:
        emitShift(Inst::kIdShl, instr, places);
        return true;
    case Opcode::kShr:
        emitShift(Inst::kIdShr, instr, places);
        return true;
    case Opcode::kSar:
        emitShift(Inst::kIdSar, instr, places);
        return true;
    case Opcode::kNeg:
    case Opcode::kNegExit:
        emitMoveGp(places.result.index, places.operands[0].index);
        a_.neg(gp(places.result));
        if (instr.has(lir::kExit))
            a_.jo(exitLabel(instr, places));
        return true;
    case Opcode::kNot:
        emitMoveGp(places.result.index, places.operands[0].index);
        a_.not_(gp(places.result));
        return true;
    case Opcode::kSDiv:
        emitDivide(places, false);
        return true;
    case Opcode::kSRem:
        emitDivide(places, true);
        return true;
    case Opcode::kSetCmp:
        emitCompare(gp(places.operands[0]), instr.operands[1], places.operands[1]);
        a_.set(condition(instr.cc), gp(places.result).r8());
        a_.movzx(gp(places.result).r32(), gp(places.result).r8());
        return true;
    case Opcode::kSelect:
        emitSelect(instr, places);
        return true;
    default:
        return false;
    }
}

// --- floats

void X64Emitter::emitFloatBinary(Inst::Id id, const InstrPlaces& places) {
    emitMoveFp(places.result.index, places.operands[0].index);
    a_.emit(id, xmm(places.result), xmm(places.operands[1]));
}

void X64Emitter::emitFloatMask(const InstrPlaces& places, bool negate) {
    const Xmm mask = xmm(kFpScratch);
    a_.pcmpeqd(mask, mask);
    negate ? a_.psllq(mask, 63) : a_.psrlq(mask, 1);
    emitMoveFp(places.result.index, places.operands[0].index);
    negate ? a_.xorpd(xmm(places.result), mask) : a_.andpd(xmm(places.result), mask);
}

X64Emitter::FloatCondition X64Emitter::emitFloatCompare(const Instr& instr,
                                                        const InstrPlaces& places) {
    const FloatCondition how = floatCondition(instr.cc);
    const Xmm a = xmm(places.operands[0]), b = xmm(places.operands[1]);
    how.swap ? a_.ucomisd(b, a) : a_.ucomisd(a, b);
    return how;
}

void X64Emitter::emitFSetCmp(const Instr& instr, const InstrPlaces& places) {
    const FloatCondition how = emitFloatCompare(instr, places);
    const Gp low = gp(places.result).r8();
    a_.set(how.cc, low);
    if (how.parity == FloatCondition::kAndOrdered) {
        a_.set(CondCode::kNP, x86::al);
        a_.and_(low, x86::al);
    } else if (how.parity == FloatCondition::kOrUnordered) {
        a_.set(CondCode::kP, x86::al);
        a_.or_(low, x86::al);
    }
    a_.movzx(gp(places.result).r32(), low);
}

bool X64Emitter::emitFloat(const Instr& instr, const InstrPlaces& places) {
    switch (instr.op) {
    case Opcode::kFAdd:
        emitFloatBinary(Inst::kIdAddsd, places);
        return true;
    case Opcode::kFSub:
        emitFloatBinary(Inst::kIdSubsd, places);
        return true;
    case Opcode::kFMul:
        emitFloatBinary(Inst::kIdMulsd, places);
        return true;
    case Opcode::kFDiv:
        emitFloatBinary(Inst::kIdDivsd, places);
        return true;
    case Opcode::kFNeg:
        emitFloatMask(places, true);
        return true;
    case Opcode::kFAbs:
        emitFloatMask(places, false);
        return true;
    case Opcode::kFSqrt:
        a_.sqrtsd(xmm(places.result), xmm(places.operands[0]));
        return true;
    case Opcode::kIntToFloat:
        // Clearing first breaks the dependency on the register's old upper half.
        a_.xorps(xmm(places.result), xmm(places.result));
        a_.cvtsi2sd(xmm(places.result), gp(places.operands[0]));
        return true;
    case Opcode::kFloatBits:
        a_.movq(gp(places.result), xmm(places.operands[0]));
        return true;
    case Opcode::kFSetCmp:
        emitFSetCmp(instr, places);
        return true;
    default:
        return false;
    }
}

// --- control

void X64Emitter::emitBranchPair(CondCode cc, const Instr& instr) {
    if (isNext(instr.targets[0])) {
        a_.j(x86::negateCond(cc), labelOf(instr.targets[1]));
        return;
    }
    a_.j(cc, labelOf(instr.targets[0]));
    emitJumpUnlessNext(instr.targets[1]);
}

void X64Emitter::emitExitIfMem(const Instr& instr, const InstrPlaces& places, int size) {
    const Mem at = memory(instr, places, size);
    const Operand& operand = instr.operands[1];
    if (!operand.isImm) {
        const Gp value = gp(places.operands[1]);
        a_.cmp(at, size == 8 ? value : value.r32());
    } else if (size == 8 && !fits32(operand.imm)) {
        emitLoadImm(kRax, static_cast<uint64_t>(operand.imm));
        a_.cmp(at, x86::rax);
    } else {
        const int64_t bits = size == 1   ? static_cast<int8_t>(operand.imm)
                             : size == 4 ? static_cast<int32_t>(operand.imm)
                                         : operand.imm;
        a_.cmp(at, imm(bits));
    }
    a_.j(condition(size == 1 ? asUnsigned(instr.cc) : instr.cc), exitLabel(instr, places));
}

bool X64Emitter::emitControl(const Instr& instr, const InstrPlaces& places) {
    switch (instr.op) {
    case Opcode::kBranch:
        emitCompare(gp(places.operands[0]), instr.operands[1], places.operands[1]);
        emitBranchPair(condition(instr.cc), instr);
        return true;
    case Opcode::kFBranch: {
        const FloatCondition how = emitFloatCompare(instr, places);
        if (how.parity == FloatCondition::kAndOrdered)
            a_.j(CondCode::kP, labelOf(instr.targets[1]));
        else if (how.parity == FloatCondition::kOrUnordered)
            a_.j(CondCode::kP, labelOf(instr.targets[0]));
        emitBranchPair(how.cc, instr);
        return true;
    }
    case Opcode::kRet:
        emitMoveGp(kRax, places.operands[0].index);
        emitLeaveFrame();
        a_.ret();
        return true;
    case Opcode::kExit:
        a_.jmp(exitLabel(instr, places));
        return true;
    case Opcode::kExitIf:
        emitCompare(gp(places.operands[0]), instr.operands[1], places.operands[1]);
        a_.j(condition(instr.cc), exitLabel(instr, places));
        return true;
    case Opcode::kFExitIf: {
        const FloatCondition how = emitFloatCompare(instr, places);
        const Label exit = exitLabel(instr, places);
        const Label stay = a_.newLabel();
        if (how.parity == FloatCondition::kAndOrdered)
            a_.short_().j(CondCode::kP, stay);
        else if (how.parity == FloatCondition::kOrUnordered)
            a_.j(CondCode::kP, exit);
        a_.j(how.cc, exit);
        a_.bind(stay);
        return true;
    }
    case Opcode::kExitIfMem64:
        emitExitIfMem(instr, places, 8);
        return true;
    case Opcode::kExitIfMem32:
        emitExitIfMem(instr, places, 4);
        return true;
    case Opcode::kExitIfMem8:
        emitExitIfMem(instr, places, 1);
        return true;
    default:
        return false;
    }
}

// --- calls and reference counts

// `places` is captured by reference, here and below: the allocation outlives the emitter.
void X64Emitter::emitDecref(const Instr& instr, const InstrPlaces& places) {
    const int object = places.operands[0].index;
    const Label cold = a_.newLabel(), done = a_.newLabel();
    if (instr.op == Opcode::kXDecref) {
        a_.test(gp(object), gp(object));
        a_.short_().jz(done);
    }
    a_.dec(x86::qword_ptr(gp(object)));
    a_.jz(cold);
    a_.bind(done);
    outOfLine([this, &places, object, cold, done] {
        a_.bind(cold);
        emitSaveLive(places, true);
        emitMoveGp(kRdi, object);
        emitCallAbsolute(runtime_.dealloc);
        emitSaveLive(places, false);
        a_.jmp(done);
    });
}

void X64Emitter::emitRelease(const Instr& instr, const InstrPlaces& places) {
    const int object = places.operands[0].index;
    const Label cold = a_.newLabel(), done = a_.newLabel();
    if (instr.op == Opcode::kXRelease) {
        a_.test(gp(object), gp(object));
        a_.short_().jz(done);
    }
    a_.dec(x86::qword_ptr(gp(object)));
    a_.jz(cold);
    a_.bind(done);
    const bool leaves = mayLeave(instr);
    if (const auto stores = storesThatShow(instr, places)) {
        const Label exit = leaves ? exitLabel(instr, places) : Label();
        outOfLine([this, &places, stores = *stores, object, leaves, exit, cold, done] {
            a_.bind(cold);
            for (const FrameStore& store : stores)
                emitFrameStore(store);
            emitSaveLive(places, true);
            emitMoveGp(kRdi, object);
            a_.mov(x86::rax, x86::qword_ptr(gp(object), runtime_.classOffset));
            a_.call(x86::qword_ptr(x86::rax, runtime_.classDeallocOffset));
            emitSaveLive(places, false);
            if (leaves) {
                a_.mov(x86::rax, x86::qword_ptr(gp(kThreadState), runtime_.threadCframeOffset));
                a_.cmp(x86::byte_ptr(x86::rax, runtime_.cframeUseTracingOffset), 0);
                a_.jne(exit);
            }
            a_.jmp(done);
        });
        return;
    }
    const uint32_t record = exitRecord(instr, places);
    const Label tail = observeTail(instr, places);
    outOfLine([this, &places, tail, object, record, leaves, cold, done] {
        a_.bind(cold);
        const Label other = a_.newLabel();
        emitMoveGp(kRcx, object);
        a_.call(plainTail());
        a_.jne(other);
        emitSaveLive(places, true);
        emitMoveGp(kRdi, object);
        a_.call(x86::qword_ptr(x86::rax, runtime_.classDeallocOffset));
        emitSaveLive(places, false);
        a_.jmp(done);
        a_.bind(other);
        a_.mov(x86::eax, imm(record));
        emitMoveGp(kRcx, object);
        a_.call(tail);
        if (leaves) {
            a_.test(x86::eax, x86::eax);
            a_.jnz(exitLabel(record));
        }
        a_.jmp(done);
    });
}

void X64Emitter::emitServe(const Instr& instr, const InstrPlaces& places) {
    const uint32_t record = exitRecord(instr, places);
    const Label tail = observeTail(instr, places);
    const Label cold = a_.newLabel(), done = a_.newLabel();
    a_.cmp(memory(instr, places, 4), 0);
    a_.jne(cold);
    a_.bind(done);
    outOfLine([this, tail, record, cold, done] {
        a_.bind(cold);
        a_.mov(x86::eax, imm(record));
        a_.xor_(x86::ecx, x86::ecx);
        a_.call(tail);
        a_.test(x86::eax, x86::eax);
        a_.jz(done);
        a_.jmp(exitLabel(record));
    });
}

void X64Emitter::emitColdCall(const Instr& instr, const InstrPlaces& places) {
    const Label cold = a_.newLabel(), done = a_.newLabel();
    const Place& result = places.result;
    emitCompare(gp(places.operands[0]), Operand::i(0), {});
    // mov leaves the flags alone; in the cold path operand 0 is still where it was.
    if (result.kind == Place::kRegister)
        emitMoveGp(result.index, places.operands[0].index);
    a_.j(condition(instr.cc), cold);
    a_.bind(done);
    outOfLine([this, &instr, &places, result, cold, done] {
        a_.bind(cold);
        emitSaveLive(places, true);
        moveArguments(instr, places, 2);
        emitCallAbsolute(static_cast<uint64_t>(instr.operands[1].imm));
        emitSaveLive(places, false);
        if (result.kind == Place::kRegister)
            emitMoveGp(result.index, kRax);
        a_.jmp(done);
    });
}

bool X64Emitter::emitCalls(const Instr& instr, const InstrPlaces& places) {
    switch (instr.op) {
    case Opcode::kCall:
    case Opcode::kFCall:
        moveArguments(instr, places, 1);
        emitCallAbsolute(static_cast<uint64_t>(instr.operands[0].imm));
        break;
    case Opcode::kCallMem:
        // r11 is no argument register, and nothing lives in it across the call.
        moveArguments(instr, places, 1, places.operands[0], kR11);
        a_.call(x86::qword_ptr(x86::r11, instr.disp));
        break;
    case Opcode::kIncref:
        a_.inc(x86::qword_ptr(gp(places.operands[0])));
        return true;
    case Opcode::kXIncref: {
        const Label done = a_.newLabel();
        const Gp object = gp(places.operands[0]);
        a_.test(object, object);
        a_.short_().jz(done);
        a_.inc(x86::qword_ptr(object));
        a_.bind(done);
        return true;
    }
    case Opcode::kDecref:
    case Opcode::kXDecref:
        emitDecref(instr, places);
        return true;
    case Opcode::kRelease:
    case Opcode::kXRelease:
        emitRelease(instr, places);
        return true;
    case Opcode::kServeIfMem32:
        emitServe(instr, places);
        return true;
    case Opcode::kColdCall:
        emitColdCall(instr, places);
        return true;
    default:
        return false;
    }
    if (places.result.kind == Place::kRegister) {
        if (instr.op == Opcode::kFCall)
            emitMoveFp(places.result.index, 0);
        else
            emitMoveGp(places.result.index, kRax);
    } else if (places.result.kind == Place::kSpill) {
        const bool isFloat = instr.op == Opcode::kFCall;
        isFloat ? a_.movsd(spill(places.result.index), x86::xmm0)
                : a_.mov(spill(places.result.index), x86::rax);
    }
    return true;
}

} // namespace pyston::cpu
