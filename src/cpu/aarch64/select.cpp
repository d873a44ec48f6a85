// aarch64: one LIR instruction at a time. Everything but call arguments is in registers.
#include "cpu/aarch64/emitter.h"

#include <cassert>
#include <cstdio>
#include <cstdlib>

namespace pyston::cpu {

using namespace arm64;
using asmjit::imm;
using asmjit::Label;
using lir::Cc;
using lir::Opcode;
using regalloc::Place;
namespace a64 = asmjit::a64;
namespace arm = asmjit::arm;
using Inst = a64::Inst;

namespace {

bool fitsAddImm(int64_t value) {
    return value >= 0 && value <= 4095;
}

// The instruction with the opposite sign takes the immediate's negation.
bool fitsSubImm(int64_t value) {
    return value < 0 && value >= -4095;
}

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

A64Emitter::CondCode A64Emitter::condition(Cc cc) {
    switch (cc) {
    case Cc::kEq:
        return CondCode::kEQ;
    case Cc::kNe:
        return CondCode::kNE;
    case Cc::kLt:
        return CondCode::kLT;
    case Cc::kLe:
        return CondCode::kLE;
    case Cc::kGt:
        return CondCode::kGT;
    case Cc::kGe:
        return CondCode::kGE;
    case Cc::kULt:
        return CondCode::kLO;
    case Cc::kULe:
        return CondCode::kLS;
    case Cc::kUGt:
        return CondCode::kHI;
    case Cc::kUGe:
        return CondCode::kHS;
    default:
        break;
    }
    assert(!"a condition for floats");
    return CondCode::kEQ;
}

// fcmp of unordered operands sets C and V and clears N and Z.
A64Emitter::CondCode A64Emitter::floatCondition(Cc cc) {
    switch (cc) {
    case Cc::kEq:
        return CondCode::kEQ;
    case Cc::kNe:
        return CondCode::kNE;
    case Cc::kLt:
        return CondCode::kMI;
    case Cc::kLe:
        return CondCode::kLS;
    case Cc::kGt:
        return CondCode::kGT;
    case Cc::kGe:
        return CondCode::kGE;
    case Cc::kFNotLt:
        return CondCode::kPL;
    case Cc::kFNotLe:
        return CondCode::kHI;
    case Cc::kFNotGt:
        return CondCode::kLE;
    case Cc::kFNotGe:
        return CondCode::kLT;
    default:
        break;
    }
    assert(!"an unsigned condition on floats");
    return CondCode::kEQ;
}

A64Emitter::Gp A64Emitter::operandRegister(const Operand& operand, const Place& place,
                                           int scratch) {
    if (!operand.isImm)
        return gp(place);
    emitLoadImm(scratch, static_cast<uint64_t>(operand.imm));
    return gp(scratch);
}

A64Emitter::Mem A64Emitter::memory(const Instr& instr, const InstrPlaces& places, int size) {
    return address(gp(places.operands[0]), instr.disp, size);
}

A64Emitter::Mem A64Emitter::indexed(const Instr& instr, const InstrPlaces& places) {
    const auto shift = static_cast<uint32_t>(__builtin_ctz(instr.scale));
    const Gp base = gp(places.operands[0]), index = gp(places.operands[1]);
    if (instr.disp == 0 && shift == 3)
        return a64::ptr(base, index, arm::lsl(3));
    a_.add(gp(kScratch), base, index, arm::lsl(shift));
    return address(gp(kScratch), instr.disp, 8);
}

void A64Emitter::emitInstr(const Instr& instr, const InstrPlaces& places) {
    if (emitLoadStore(instr, places) || emitArithmetic(instr, places) || emitFloat(instr, places) ||
        emitControl(instr, places) || emitCalls(instr, places))
        return;
    std::fprintf(stderr, "pyston: aarch64 cannot emit %s\n", instr.info().name.data());
    std::abort();
}

// --- loads and stores

void A64Emitter::emitStore(const Instr& instr, const InstrPlaces& places, int size) {
    const Operand& value = instr.operands[1];
    const int reg = operandRegister(value, places.operands[1], kScratch).id();
    const Mem to = memory(instr, places, size);
    if (size == 8)
        a_.str(gp(reg), to);
    else if (size == 4)
        a_.str(gpw(reg), to);
    else
        a_.strb(gpw(reg), to);
}

void A64Emitter::emitAddMem(const Instr& instr, const InstrPlaces& places, int size) {
    const int64_t value = instr.operands[1].imm;
    if (fitsAddImm(value) || fitsSubImm(value)) {
        const Mem at = memory(instr, places, size);
        const Gp scratch = size == 8 ? gp(kScratch) : gpw(kScratch);
        a_.ldr(scratch, at);
        fitsAddImm(value) ? a_.add(scratch, scratch, imm(value))
                          : a_.sub(scratch, scratch, imm(-value));
        a_.str(scratch, at);
        return;
    }
    // The vector unit adds, since address and addend take both integer scratch registers.
    const Mem at = memory(instr, places, size);
    const Vec sum = fp(kFpScratch), addend = fp(kFpScratch2);
    emitLoadImm(kScratch, static_cast<uint64_t>(value));
    a_.fmov(addend, gp(kScratch));
    const auto loaded = size == 8 ? sum : Vec(asmjit::a64::s(kFpScratch));
    a_.ldr(loaded, at);
    a_.add(sum, sum, addend);
    a_.str(loaded, at);
}

bool A64Emitter::emitLoadStore(const Instr& instr, const InstrPlaces& places) {
    const Place& result = places.result;
    auto stackSlot = [&](int64_t offset) { return address(a64::sp, 8 + offset, 8); };
    switch (instr.op) {
    case Opcode::kMove:
        emitMoveGp(result.index, places.operands[0].index);
        return true;
    case Opcode::kLoadImm:
        emitLoadImm(result.index, static_cast<uint64_t>(instr.operands[0].imm));
        return true;
    case Opcode::kFMove:
        emitMoveFp(result.index, places.operands[0].index);
        return true;
    case Opcode::kFLoadImm:
        if (instr.operands[0].imm == 0) {
            a_.fmov(fp(result), a64::xzr);
        } else {
            emitLoadImm(kScratch, static_cast<uint64_t>(instr.operands[0].imm));
            a_.fmov(fp(result), gp(kScratch));
        }
        return true;
    case Opcode::kLoadTstate: // the allocator leaves it in that register
        emitMoveGp(result.index, kThreadState);
        return true;
    case Opcode::kLoadFrame:
        emitMoveGp(result.index, kFrame);
        return true;
    case Opcode::kLoadStackPointer:
        a_.mov(gp(result), a64::sp);
        return true;
    case Opcode::kLoadThreadLocal:
        a_.mrs(gp(result), imm(a64::Predicate::SysReg::kTPIDR_EL0));
        a_.ldr(gp(result),
               address(gp(result), static_cast<int32_t>(instr.operands[0].imm), 8, kScratch));
        return true;
    case Opcode::kLoad64:
        a_.ldr(gp(result), memory(instr, places, 8));
        return true;
    case Opcode::kLoad32S:
        a_.ldrsw(gp(result), memory(instr, places, 4));
        return true;
    case Opcode::kLoad32U:
        a_.ldr(gpw(result.index), memory(instr, places, 4));
        return true;
    case Opcode::kLoad8U:
        a_.ldrb(gpw(result.index), memory(instr, places, 1));
        return true;
    case Opcode::kLoadIdx64:
        a_.ldr(gp(result), indexed(instr, places));
        return true;
    case Opcode::kFLoad:
        a_.ldr(fp(result), memory(instr, places, 8));
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
        a_.str(gp(places.operands[2]), indexed(instr, places));
        return true;
    case Opcode::kFStore:
        a_.str(fp(places.operands[1]), memory(instr, places, 8));
        return true;
    case Opcode::kAddMem64:
        emitAddMem(instr, places, 8);
        return true;
    case Opcode::kAddMem32:
        emitAddMem(instr, places, 4);
        return true;
    case Opcode::kLea:
        emitAddImm(gp(result), gp(places.operands[0]), instr.disp, kScratch);
        return true;
    case Opcode::kStackAddr:
        emitAddImm(gp(result), a64::sp, 8 + instr.operands[0].imm, kScratch);
        return true;
    case Opcode::kStackStore:
        a_.str(gp(places.operands[1]), stackSlot(instr.operands[0].imm));
        return true;
    case Opcode::kStackLoad:
        a_.ldr(gp(result), stackSlot(instr.operands[0].imm));
        return true;
    default:
        return false;
    }
}

// --- integers

void A64Emitter::emitAddSub(const Instr& instr, const InstrPlaces& places) {
    bool isSub = instr.op == Opcode::kSub || instr.op == Opcode::kSubExit;
    const Gp result = gp(places.result), a = gp(places.operands[0]);
    const Operand& operand = instr.operands[1];
    const bool needFlags = instr.has(lir::kExit);
    if (operand.isImm && (fitsAddImm(operand.imm) || fitsSubImm(operand.imm))) {
        int64_t value = operand.imm;
        if (value < 0) {
            value = -value;
            isSub = !isSub;
        }
        if (needFlags)
            isSub ? a_.subs(result, a, imm(value)) : a_.adds(result, a, imm(value));
        else
            isSub ? a_.sub(result, a, imm(value)) : a_.add(result, a, imm(value));
    } else {
        const Gp b = operandRegister(operand, places.operands[1], kScratch);
        if (needFlags)
            isSub ? a_.subs(result, a, b) : a_.adds(result, a, b);
        else
            isSub ? a_.sub(result, a, b) : a_.add(result, a, b);
    }
    if (needFlags)
        a_.b_vs(exitLabel(instr, places));
}

// Overflow: the high half of the product is not the sign of the low half.
void A64Emitter::emitMultiplyExit(const Instr& instr, const InstrPlaces& places) {
    const Gp result = gp(places.result), a = gp(places.operands[0]);
    const Gp b = operandRegister(instr.operands[1], places.operands[1], kScratch2);
    a_.smulh(gp(kScratch), a, b);
    a_.mul(result, a, b);
    a_.cmp(gp(kScratch), result, arm::asr(63));
    a_.b_ne(exitLabel(instr, places));
}

void A64Emitter::emitBitwise(Inst::Id id, const Instr& instr, const InstrPlaces& places) {
    const Operand& operand = instr.operands[1];
    const Gp a = gp(places.operands[0]);
    if (operand.isImm && a64::Utils::isLogicalImm(static_cast<uint64_t>(operand.imm), 64))
        a_.emit(id, gp(places.result), a, imm(operand.imm));
    else
        a_.emit(id, gp(places.result), a, operandRegister(operand, places.operands[1], kScratch));
}

void A64Emitter::emitShift(const Instr& instr, const InstrPlaces& places) {
    const Gp result = gp(places.result), a = gp(places.operands[0]);
    const Operand& count = instr.operands[1];
    if (count.isImm && (count.imm & 63) == 0) {
        emitMoveGp(places.result.index, places.operands[0].index);
        return;
    }
    const Inst::Id id = instr.op == Opcode::kShl   ? Inst::kIdLsl
                        : instr.op == Opcode::kShr ? Inst::kIdLsr
                                                   : Inst::kIdAsr;
    if (count.isImm)
        a_.emit(id, result, a, imm(count.imm & 63));
    else
        a_.emit(id, result, a, gp(places.operands[1]));
}

void A64Emitter::emitCompare(const Gp& a, const Operand& b, const Place& bPlace) {
    if (b.isImm && fitsAddImm(b.imm))
        a_.cmp(a, imm(b.imm));
    else if (b.isImm && fitsSubImm(b.imm))
        a_.cmn(a, imm(-b.imm));
    else
        a_.cmp(a, operandRegister(b, bPlace, kScratch2));
}

bool A64Emitter::emitArithmetic(const Instr& instr, const InstrPlaces& places) {
    const auto& operands = places.operands;
    switch (instr.op) {
    case Opcode::kAdd:
    case Opcode::kSub:
    case Opcode::kAddExit:
    case Opcode::kSubExit:
        emitAddSub(instr, places);
        return true;
    case Opcode::kMul:
        a_.mul(gp(places.result), gp(operands[0]),
               operandRegister(instr.operands[1], operands[1], kScratch));
        return true;
    case Opcode::kMulExit:
        emitMultiplyExit(instr, places);
        return true;
    case Opcode::kAnd:
        emitBitwise(Inst::kIdAnd, instr, places);
        return true;
    case Opcode::kOr:
        emitBitwise(Inst::kIdOrr, instr, places);
        return true;
    case Opcode::kXor:
        emitBitwise(Inst::kIdEor, instr, places);
        return true;
    case Opcode::kShl:
    case Opcode::kShr:
    case Opcode::kSar:
        emitShift(instr, places);
        return true;
    case Opcode::kNeg:
        a_.neg(gp(places.result), gp(operands[0]));
        return true;
    case Opcode::kNegExit:
        a_.negs(gp(places.result), gp(operands[0]));
        a_.b_vs(exitLabel(instr, places));
        return true;
    case Opcode::kNot:
        a_.mvn(gp(places.result), gp(operands[0]));
        return true;
    case Opcode::kSDiv:
        a_.sdiv(gp(places.result), gp(operands[0]), gp(operands[1]));
        return true;
    case Opcode::kSRem:
        a_.sdiv(gp(kScratch), gp(operands[0]), gp(operands[1]));
        a_.msub(gp(places.result), gp(kScratch), gp(operands[1]), gp(operands[0]));
        return true;
    case Opcode::kSetCmp:
        emitCompare(gp(operands[0]), instr.operands[1], operands[1]);
        a_.cset(gp(places.result), imm(condition(instr.cc)));
        return true;
    case Opcode::kSelect:
        emitCompare(gp(operands[0]), instr.operands[1], operands[1]);
        a_.csel(gp(places.result), gp(operands[2]), gp(operands[3]), imm(condition(instr.cc)));
        return true;
    default:
        return false;
    }
}

// --- floats

bool A64Emitter::emitFloat(const Instr& instr, const InstrPlaces& places) {
    const auto& operands = places.operands;
    const Place& result = places.result;
    switch (instr.op) {
    case Opcode::kFAdd:
        a_.fadd(fp(result), fp(operands[0]), fp(operands[1]));
        return true;
    case Opcode::kFSub:
        a_.fsub(fp(result), fp(operands[0]), fp(operands[1]));
        return true;
    case Opcode::kFMul:
        a_.fmul(fp(result), fp(operands[0]), fp(operands[1]));
        return true;
    case Opcode::kFDiv:
        a_.fdiv(fp(result), fp(operands[0]), fp(operands[1]));
        return true;
    case Opcode::kFNeg:
        a_.fneg(fp(result), fp(operands[0]));
        return true;
    case Opcode::kFAbs:
        a_.fabs(fp(result), fp(operands[0]));
        return true;
    case Opcode::kFSqrt:
        a_.fsqrt(fp(result), fp(operands[0]));
        return true;
    case Opcode::kIntToFloat:
        a_.scvtf(fp(result), gp(operands[0]));
        return true;
    case Opcode::kFloatBits:
        a_.fmov(gp(result), fp(operands[0]));
        return true;
    case Opcode::kFSetCmp:
        a_.fcmp(fp(operands[0]), fp(operands[1]));
        a_.cset(gp(result), imm(floatCondition(instr.cc)));
        return true;
    default:
        return false;
    }
}

// --- control

void A64Emitter::emitBranchPair(CondCode cc, const Instr& instr) {
    if (isNext(instr.targets[0])) {
        a_.b(arm::negateCond(cc), labelOf(instr.targets[1]));
        return;
    }
    a_.b(cc, labelOf(instr.targets[0]));
    emitJumpUnlessNext(instr.targets[1]);
}

void A64Emitter::emitExitIfMem(const Instr& instr, const InstrPlaces& places, int size) {
    const Mem at = memory(instr, places, size);
    Operand operand = instr.operands[1];
    const Gp value = size == 8 ? gp(kScratch) : gpw(kScratch);
    size == 1 ? a_.ldrb(value, at) : a_.ldr(value, at);
    if (size == 1)
        operand.imm &= 0xff;
    if (size == 8) {
        emitCompare(value, operand, places.operands[1]);
    } else {
        if (operand.isImm && fitsAddImm(operand.imm))
            a_.cmp(value, imm(operand.imm));
        else
            a_.cmp(value, gpw(operandRegister(operand, places.operands[1], kScratch2).id()));
    }
    a_.b(condition(size == 1 ? asUnsigned(instr.cc) : instr.cc), exitLabel(instr, places));
}

bool A64Emitter::emitControl(const Instr& instr, const InstrPlaces& places) {
    const auto& operands = places.operands;
    switch (instr.op) {
    case Opcode::kBranch:
        emitCompare(gp(operands[0]), instr.operands[1], operands[1]);
        emitBranchPair(condition(instr.cc), instr);
        return true;
    case Opcode::kFBranch:
        a_.fcmp(fp(operands[0]), fp(operands[1]));
        emitBranchPair(floatCondition(instr.cc), instr);
        return true;
    case Opcode::kRet:
        emitMoveGp(0, operands[0].index);
        emitLeaveFrame();
        a_.ret(gp(kLink));
        return true;
    case Opcode::kExit:
        a_.b(exitLabel(instr, places));
        return true;
    case Opcode::kExitIf:
        emitCompare(gp(operands[0]), instr.operands[1], operands[1]);
        a_.b(condition(instr.cc), exitLabel(instr, places));
        return true;
    case Opcode::kFExitIf:
        a_.fcmp(fp(operands[0]), fp(operands[1]));
        a_.b(floatCondition(instr.cc), exitLabel(instr, places));
        return true;
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
void A64Emitter::emitDecref(const Instr& instr, const InstrPlaces& places) {
    const int object = places.operands[0].index;
    const Label cold = a_.newLabel(), done = a_.newLabel();
    if (instr.op == Opcode::kXDecref)
        a_.cbz(gp(object), done);
    a_.ldr(gp(kScratch), a64::ptr(gp(object)));
    a_.sub(gp(kScratch), gp(kScratch), imm(1));
    a_.str(gp(kScratch), a64::ptr(gp(object)));
    a_.cbz(gp(kScratch), cold);
    a_.bind(done);
    outOfLine([this, &places, object, cold, done] {
        a_.bind(cold);
        emitSaveLive(places, true);
        emitMoveGp(0, object);
        emitCallAbsolute(runtime_.dealloc);
        emitSaveLive(places, false);
        a_.b(done);
    });
}

void A64Emitter::emitRelease(const Instr& instr, const InstrPlaces& places) {
    const int object = places.operands[0].index;
    const Label cold = a_.newLabel(), done = a_.newLabel();
    if (instr.op == Opcode::kXRelease)
        a_.cbz(gp(object), done);
    a_.ldr(gp(kScratch), a64::ptr(gp(object)));
    a_.sub(gp(kScratch), gp(kScratch), imm(1));
    a_.str(gp(kScratch), a64::ptr(gp(object)));
    a_.cbz(gp(kScratch), cold);
    a_.bind(done);
    const bool leaves = mayLeave(instr);
    if (const auto stores = storesThatShow(instr, places)) {
        const Label exit = leaves ? exitLabel(instr, places) : Label();
        outOfLine([this, &places, stores = *stores, object, leaves, exit, cold, done] {
            a_.bind(cold);
            for (const FrameStore& store : stores)
                emitFrameStore(store);
            emitSaveLive(places, true);
            emitMoveGp(0, object);
            a_.ldr(gp(kScratch), address(gp(0), runtime_.classOffset, 8));
            a_.ldr(gp(kScratch), address(gp(kScratch), runtime_.classDeallocOffset, 8));
            a_.blr(gp(kScratch));
            emitSaveLive(places, false);
            if (leaves) {
                a_.ldr(gp(kScratch), address(gp(kThreadState), runtime_.threadCframeOffset, 8));
                a_.ldrb(gpw(kScratch), address(gp(kScratch), runtime_.cframeUseTracingOffset, 1));
                a_.cbnz(gpw(kScratch), exit);
            }
            a_.b(done);
        });
        return;
    }
    const uint32_t record = exitRecord(instr, places);
    const Label tail = observeTail(instr, places);
    outOfLine([this, &places, tail, object, record, leaves, cold, done] {
        a_.bind(cold);
        const Label other = a_.newLabel();
        emitMoveGp(kScratch, object);
        a_.bl(plainTail());
        a_.b_ne(other);
        emitSaveLive(places, true);
        emitMoveGp(0, object);
        a_.ldr(gp(kScratch), address(gp(kScratch), runtime_.classDeallocOffset, 8));
        a_.blr(gp(kScratch));
        emitSaveLive(places, false);
        a_.b(done);
        a_.bind(other);
        emitLoadImm(kScratch, record);
        emitMoveGp(kScratch2, object);
        a_.bl(tail);
        if (leaves)
            a_.cbnz(gpw(kScratch), exitLabel(record));
        a_.b(done);
    });
}

void A64Emitter::emitServe(const Instr& instr, const InstrPlaces& places) {
    const uint32_t record = exitRecord(instr, places);
    const Label tail = observeTail(instr, places);
    const Label cold = a_.newLabel(), done = a_.newLabel();
    a_.ldr(gpw(kScratch), address(gp(places.operands[0]), instr.disp, 4));
    a_.cbnz(gpw(kScratch), cold);
    a_.bind(done);
    outOfLine([this, tail, record, cold, done] {
        a_.bind(cold);
        emitLoadImm(kScratch, record);
        emitLoadImm(kScratch2, 0);
        a_.bl(tail);
        a_.cbz(gpw(kScratch), done);
        a_.b(exitLabel(record));
    });
}

void A64Emitter::emitColdCall(const Instr& instr, const InstrPlaces& places) {
    const Label cold = a_.newLabel(), done = a_.newLabel();
    const Place& result = places.result;
    emitCompare(gp(places.operands[0]), Operand::i(0), {});
    if (result.kind == Place::kRegister)
        emitMoveGp(result.index, places.operands[0].index); // leaves the flags alone
    a_.b(condition(instr.cc), cold);
    a_.bind(done);
    outOfLine([this, &instr, &places, result, cold, done] {
        a_.bind(cold);
        emitSaveLive(places, true);
        moveArguments(instr, places, 2);
        emitCallAbsolute(static_cast<uint64_t>(instr.operands[1].imm));
        if (result.kind == Place::kRegister)
            emitMoveGp(kScratch, 0); // x0 may be restored
        emitSaveLive(places, false);
        if (result.kind == Place::kRegister)
            emitMoveGp(result.index, kScratch);
        a_.b(done);
    });
}

void A64Emitter::emitCallResult(const Instr& instr, const InstrPlaces& places) {
    if (places.result.kind == Place::kNone)
        return;
    const auto cls = instr.op == Opcode::kFCall ? lir::RegClass::kFloat : lir::RegClass::kInt;
    emitMove({cls, Place{Place::kRegister, 0}, places.result});
}

bool A64Emitter::emitCalls(const Instr& instr, const InstrPlaces& places) {
    switch (instr.op) {
    case Opcode::kCall:
    case Opcode::kFCall:
        moveArguments(instr, places, 1);
        emitCallAbsolute(static_cast<uint64_t>(instr.operands[0].imm));
        emitCallResult(instr, places);
        return true;
    case Opcode::kCallMem: {
        moveArguments(instr, places, 1, places.operands[0], kScratch2);
        const Mem at = address(gp(kScratch2), instr.disp, 8, kScratch);
        a_.ldr(gp(kScratch), at);
        a_.blr(gp(kScratch));
        emitCallResult(instr, places);
        return true;
    }
    case Opcode::kIncref:
    case Opcode::kXIncref: {
        const Label done = a_.newLabel();
        const Gp object = gp(places.operands[0]);
        if (instr.op == Opcode::kXIncref)
            a_.cbz(object, done);
        a_.ldr(gp(kScratch), a64::ptr(object));
        a_.add(gp(kScratch), gp(kScratch), imm(1));
        a_.str(gp(kScratch), a64::ptr(object));
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
}

} // namespace pyston::cpu
