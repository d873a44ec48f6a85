// The aarch64 emitter. Registers: x29 frame pointer, x19 thread state, x20 interpreter frame; x16
// and x17, d30 and d31 are scratch, within one instruction or move.
//
// Native frame, from high to low addresses:
//   x30, x29 (x29 points here), x19, x20, the used ones of x21 to x28, padding,
//   spill slots (ascending), outgoing array area, one writable word before it (sp points here)
#pragma once

#include "cpu/emit_common.h"

#include <asmjit/arm/a64assembler.h>
#include <asmjit/arm/a64utils.h>

namespace pyston::cpu {

namespace arm64 {

inline constexpr int kThreadState = 19, kFrame = 20, kFramePointer = 29, kLink = 30;
inline constexpr int kScratch = 16, kScratch2 = 17;
inline constexpr int kFpScratch = 31, kFpScratch2 = 30;

constexpr uint64_t bits(int first, int last) { // inclusive
    return ((uint64_t{2} << last) - 1) & ~((uint64_t{1} << first) - 1);
}

} // namespace arm64

class A64Emitter final : public Emitter {
  public:
    A64Emitter(const lir::Function& fn, const regalloc::Allocation& allocation,
               const RuntimeAddresses& runtime, uint64_t base, const void* blob, bool wantListing);

  private:
    using Gp = asmjit::a64::Gp;
    using Vec = asmjit::a64::Vec;
    using Mem = asmjit::a64::Mem;
    using CondCode = asmjit::arm::CondCode;
    using Instr = lir::Instr;
    using Operand = lir::Operand;
    using Place = regalloc::Place;

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
    Mem spill(int slot);
    void emitSaveLive(const InstrPlaces& places, bool save);
    void emitMoveGp(int to, int from);
    void emitMoveFp(int to, int from);
    // to = from + value; clobbers `scratch` if the value is large (which may be `to`).
    void emitAddImm(const Gp& to, const Gp& from, int64_t value, int scratch);
    // An address for a load or store of `size` bytes; large displacements clobber `scratch`.
    Mem address(const Gp& base, int64_t disp, int size, int scratch = arm64::kScratch2);

    // --- instruction selection (select.cpp)
    bool emitLoadStore(const Instr& instr, const InstrPlaces& places);
    bool emitArithmetic(const Instr& instr, const InstrPlaces& places);
    bool emitFloat(const Instr& instr, const InstrPlaces& places);
    bool emitControl(const Instr& instr, const InstrPlaces& places);
    bool emitCalls(const Instr& instr, const InstrPlaces& places);
    void emitAddSub(const Instr& instr, const InstrPlaces& places);
    void emitMultiplyExit(const Instr& instr, const InstrPlaces& places);
    void emitBitwise(asmjit::a64::Inst::Id id, const Instr& instr, const InstrPlaces& places);
    void emitShift(const Instr& instr, const InstrPlaces& places);
    void emitStore(const Instr& instr, const InstrPlaces& places, int size);
    void emitAddMem(const Instr& instr, const InstrPlaces& places, int size);
    void emitExitIfMem(const Instr& instr, const InstrPlaces& places, int size);
    void emitDecref(const Instr& instr, const InstrPlaces& places);
    void emitRelease(const Instr& instr, const InstrPlaces& places);
    void emitServe(const Instr& instr, const InstrPlaces& places);
    void emitColdCall(const Instr& instr, const InstrPlaces& places);
    void emitCompare(const Gp& a, const Operand& b, const Place& bPlace);
    void emitBranchPair(CondCode cc, const Instr& instr);
    void emitCallResult(const Instr& instr, const InstrPlaces& places);
    // The second operand in a register: its own, or an immediate loaded into `scratch`.
    Gp operandRegister(const Operand& operand, const Place& place, int scratch);
    Mem memory(const Instr& instr, const InstrPlaces& places, int size);
    Mem indexed(const Instr& instr, const InstrPlaces& places);

    static CondCode condition(lir::Cc cc);
    static CondCode floatCondition(lir::Cc cc);

    static Gp gp(const Place& place) { return gp(place.index); }
    static Gp gp(int reg) { return asmjit::a64::x(static_cast<uint32_t>(reg)); }
    static Gp gpw(int reg) { return asmjit::a64::w(static_cast<uint32_t>(reg)); }
    static Vec fp(const Place& place) { return fp(place.index); }
    static Vec fp(int reg) { return asmjit::a64::d(static_cast<uint32_t>(reg)); }

    asmjit::a64::Assembler a_;
    std::vector<int> saved_; // callee-saved registers, from x29 downwards
    int frameBytes_ = 0;     // between x29 and sp
    int outgoingBytes_ = 0;  // with the word before
    int pushed_ = 0;         // bytes below the frame's bottom that are in use now
    size_t linkedAt_ = 0, framedAt_ = 0, savedAt_ = 0; // native offsets in the prologue
};

} // namespace pyston::cpu
