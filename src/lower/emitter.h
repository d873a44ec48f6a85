// Writes LIR: blocks in emission order, one method per shape of instruction. Knows nothing of HIR.
#pragma once

#include "lir/lir.h"

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>
#include <vector>

namespace pyston::lower {

using lir::Cc;
using lir::Operand;
using lir::RegClass;
using lir::VReg;

// A comparison that has not been emitted yet: it becomes a branch, an exit, a select or a 0/1
// value.
struct Compare {
    bool isFloat = false;
    Cc cc = Cc::kNe;
    VReg a = lir::kNoReg;
    Operand b;
};
// Also right on NaN.
Compare negate(const Compare& compare);

constexpr bool fitsImmediate(int64_t value) {
    return value >= std::numeric_limits<int32_t>::min() &&
           value <= std::numeric_limits<int32_t>::max();
}

class Emitter {
  public:
    explicit Emitter(lir::Function& fn) : fn_(fn) {}

    // --- blocks. A block gets its place in the code when it is started.
    lir::Block* newBlock() { return fn_.newBlock(); }
    lir::Block* newColdBlock();
    VReg addParam(lir::Block* block, RegClass cls);
    void start(lir::Block* block);
    // What the blocks started from here on inherit.
    void setRegion(int loopDepth, bool cold);
    // Puts fn.blocks into the order of start(), cold ones last (so that calls there cost the other
    // code no registers), and numbers them so.
    void finish();

    // --- instructions. The result is kNoReg for operations without one.
    VReg emit(lir::Opcode op, std::initializer_list<Operand> operands = {});
    VReg emit(lir::Opcode op, std::span<const Operand> operands);
    VReg imm(int64_t value);
    VReg doubleBits(int64_t bits);
    // As an immediate if it fits the field of an `x` operand, else in a register.
    Operand immOrReg(int64_t value);
    VReg threadState() { return emit(lir::Opcode::kLoadTstate); }
    VReg frame() { return emit(lir::Opcode::kLoadFrame); }

    VReg load64(VReg base, int64_t disp) { return load(lir::Opcode::kLoad64, base, disp); }
    VReg load(lir::Opcode op, VReg base, int64_t disp);
    VReg loadIndexed(VReg base, VReg index, int scale, int64_t disp);
    void storeIndexed(VReg base, VReg index, int scale, int64_t disp, VReg value);
    void store64(VReg base, int64_t disp, Operand value) {
        store(lir::Opcode::kStore64, base, disp, value);
    }
    void store(lir::Opcode op, VReg base, int64_t disp, Operand value);
    // AddMem32 or AddMem64.
    void addMem(lir::Opcode op, VReg base, int64_t disp, int64_t amount);

    // Emits an operation that leaves through exit point `exit`.
    VReg emitExit(lir::Opcode op, int exit, std::initializer_list<Operand> operands = {});
    void exitIf(const Compare& compare, int exit);
    void exitIf(Cc cc, VReg a, Operand b, int exit) { exitIf(Compare{false, cc, a, b}, exit); }
    // ExitIfMem64, ExitIfMem32 or ExitIfMem8.
    void exitIfMem(lir::Opcode op, Cc cc, VReg base, int64_t disp, Operand value, int exit);

    VReg set(const Compare& compare);
    VReg select(Cc cc, VReg a, Operand b, VReg ifTrue, VReg ifFalse);

    VReg call(uint64_t address, std::span<const Operand> args);
    VReg call(uint64_t address, std::initializer_list<Operand> args) {
        return call(address, std::span(args.begin(), args.size()));
    }
    // Through the pointer at base + disp.
    VReg callMem(VReg base, int64_t disp, std::initializer_list<Operand> args);
    VReg callDouble(uint64_t address, std::span<const Operand> args);
    // If (value cc 0), value is replaced by the result of the call.
    VReg coldCall(Cc cc, VReg value, uint64_t address, std::initializer_list<Operand> args);

    void jump(lir::Block* target, std::span<const VReg> args);
    void jump(lir::Block* target, std::initializer_list<VReg> args = {}) {
        jump(target, std::span(args.begin(), args.size()));
    }
    // Both targets must have no other predecessor and no parameters (no critical edges).
    void branch(const Compare& compare, lir::Block* ifTrue, lir::Block* ifFalse);
    void branch(Cc cc, VReg a, Operand b, lir::Block* ifTrue, lir::Block* ifFalse) {
        branch(Compare{false, cc, a, b}, ifTrue, ifFalse);
    }

    void needOutgoing(int bytes);

  private:
    lir::Instr& append(lir::Opcode op);

    lir::Function& fn_;
    lir::Block* block_ = nullptr;
    std::vector<lir::Block*> order_;
    int loopDepth_ = 0;
    bool cold_ = false;
};

} // namespace pyston::lower
