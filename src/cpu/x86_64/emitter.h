// The x86-64 emitter. Registers: rbp frame pointer, r12 thread state, r13 interpreter frame; rax
// and rcx, xmm14 and xmm15 are scratch, within one instruction or move.
//
// Native frame, from high to low addresses:
//   return address, rbp (rbp points here), r12, r13, the used ones of rbx r14 r15, padding,
//   spill slots (ascending), outgoing array area, one writable word before it (rsp points here)
#pragma once

#include "cpu/emit_common.h"

#include <asmjit/x86.h>

namespace pyston::cpu {

namespace x64 {

inline constexpr int kRax = 0, kRcx = 1, kRdx = 2, kRbx = 3, kRsp = 4, kRbp = 5, kRsi = 6, kRdi = 7,
                     kR8 = 8, kR9 = 9, kR10 = 10, kR11 = 11, kR12 = 12, kR13 = 13, kR14 = 14,
                     kR15 = 15;
inline constexpr int kThreadState = kR12, kFrame = kR13;
inline constexpr int kFpScratch = 15, kFpScratch2 = 14;

constexpr uint64_t bit(int reg) {
    return uint64_t{1} << reg;
}

} // namespace x64

class X64Emitter final : public Emitter {
  public:
    X64Emitter(const lir::Function& fn, const regalloc::Allocation& allocation,
               const RuntimeAddresses& runtime, uint64_t base, const void* blob, bool wantListing);

  private:
    using Gp = asmjit::x86::Gp;
    using Xmm = asmjit::x86::Xmm;
    using Mem = asmjit::x86::Mem;
    using CondCode = asmjit::x86::CondCode;
    using Instr = lir::Instr;
    using Operand = lir::Operand;

    void emitPrologue() override;
    void emitInstr(const Instr& instr, const InstrPlaces& places) override;
    void emitMove(const regalloc::Move& move) override;
    void emitLoadImm(int gp, uint64_t value) override;
    void emitJump(const asmjit::Label& label) override;
    void emitExitTail(const asmjit::Label& tail) override;
    void emitExitStubs(std::span<const ExitStub> stubs, const asmjit::Label& tail) override;
    void emitObserveTail(const asmjit::Label& tail, bool withFloats) override;
    void emitFrameStore(const FrameStore& store) override;
    void emitPlainTail(const asmjit::Label& tail) override;
    void finish(EmittedCode& out) override;

    // --- frame and calls (emitter.cpp)
    void emitLeaveFrame();
    void emitMachineState();
    void emitCallAbsolute(uint64_t address);
    void emitJumpAbsolute(uint64_t address);
    bool isNear(uint64_t address) const;
    Mem spill(int slot) const;
    Mem outgoing(int64_t offset) const;
    // Saves the caller-saved registers that live across a cold call; returns the bytes pushed.
    int emitSaveLive(const InstrPlaces& places, bool save);
    void emitMoveGp(int to, int from);
    void emitMoveFp(int to, int from);

    // --- instruction selection (select.cpp)
    bool emitLoadStore(const Instr& instr, const InstrPlaces& places);
    bool emitArithmetic(const Instr& instr, const InstrPlaces& places);
    bool emitFloat(const Instr& instr, const InstrPlaces& places);
    bool emitControl(const Instr& instr, const InstrPlaces& places);
    bool emitCalls(const Instr& instr, const InstrPlaces& places);
    void emitAddSub(const Instr& instr, const InstrPlaces& places);
    void emitMultiply(const Instr& instr, const InstrPlaces& places);
    void emitBitwise(asmjit::x86::Inst::Id id, const Instr& instr, const InstrPlaces& places);
    void emitShift(asmjit::x86::Inst::Id id, const Instr& instr, const InstrPlaces& places);
    void emitDivide(const InstrPlaces& places, bool wantRemainder);
    void emitSelect(const Instr& instr, const InstrPlaces& places);
    void emitFloatBinary(asmjit::x86::Inst::Id id, const InstrPlaces& places);
    void emitFloatMask(const InstrPlaces& places, bool negate);
    void emitFSetCmp(const Instr& instr, const InstrPlaces& places);
    void emitStore(const Instr& instr, const InstrPlaces& places, int size);
    void emitAddMem(const Instr& instr, const InstrPlaces& places, int size);
    void emitExitIfMem(const Instr& instr, const InstrPlaces& places, int size);
    void emitDecref(const Instr& instr, const InstrPlaces& places);
    void emitRelease(const Instr& instr, const InstrPlaces& places);
    void emitServe(const Instr& instr, const InstrPlaces& places);
    void emitColdCall(const Instr& instr, const InstrPlaces& places);
    void emitCompare(const Gp& a, const Operand& b, const regalloc::Place& bPlace);
    void emitBranchPair(CondCode cc, const Instr& instr);

    // A comparison of floats by ucomisd: compare (a, b) or (b, a), then `cc`; if `unordered` is kEq
    // or kNe the parity flag is needed as well.
    struct FloatCondition {
        bool swap;
        CondCode cc;
        enum { kNone, kAndOrdered, kOrUnordered } parity;
    };
    static FloatCondition floatCondition(lir::Cc cc);
    static CondCode condition(lir::Cc cc);
    FloatCondition emitFloatCompare(const Instr& instr, const InstrPlaces& places);

    static Gp gp(const regalloc::Place& place);
    static Gp gp(int reg) { return asmjit::x86::gpq(static_cast<uint32_t>(reg)); }
    static Xmm xmm(const regalloc::Place& place);
    static Xmm xmm(int reg) { return asmjit::x86::xmm(static_cast<uint32_t>(reg)); }
    static Mem memory(const Instr& instr, const InstrPlaces& places, int size);
    static Mem indexed(const Instr& instr, const InstrPlaces& places);

    asmjit::x86::Assembler a_;
    std::vector<int> saved_; // callee-saved registers, in the order they are pushed
    int frameBytes_ = 0;     // between rbp and rsp
    int outgoingBytes_ = 0;  // with the word before
};

} // namespace pyston::cpu
