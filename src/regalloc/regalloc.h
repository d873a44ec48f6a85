// Linear-scan register allocation over LIR in SSA form.
//
// After Wimmer and Franz, "Linear Scan Register Allocation on SSA Form" (CGO 2010): liveness and
// intervals with holes in one backward walk, allocation with splitting, then resolution of block
// edges (block parameters) by parallel moves.
#pragma once

#include "lir/lir.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace pyston::cpu {
struct Target;
}

namespace pyston::regalloc {

// Where a virtual register is at one point.
struct Place {
    enum Kind : uint8_t { kNone, kRegister, kSpill };
    Kind kind = kNone;
    int16_t index = 0; // hardware encoding, or spill slot (8-byte units)
    bool operator==(const Place&) const = default;
};

// A move to perform between instructions (or on a block edge); one group is parallel.
struct Move {
    lir::RegClass cls;
    Place from;
    Place to;
};

// What the emitter needs for one instruction.
struct InstrPlaces {
    std::vector<Move> before;  // parallel, performed before the instruction
    std::span<Place> operands; // parallel to Instr::operands (kNone for immediates)
    Place result;
    std::span<Place> exitSlots; // parallel to ExitPoint::slots (kNone unless kReg)
    std::span<Place> exitStack;
    std::span<Place> exitReleases;
    uint64_t liveGpAcross = 0; // ColdCall: caller-saved registers that must survive
    uint64_t liveFpAcross = 0;
};

struct BlockPlaces {
    std::vector<InstrPlaces> instrs; // parallel to Block::instrs
    // Moves at the end of the block, before its Jump; then the Jump's own `before` is empty. Moves
    // of the edge from a Branch are `before` the first instruction of its target, which has no
    // other predecessor.
    std::vector<Move> atEnd;
};

struct Allocation {
    Allocation() = default;
    Allocation(Allocation&&) = default;
    Allocation& operator=(Allocation&&) = default;

    std::vector<BlockPlaces> blocks; // by Block::id
    std::vector<Place> places;       // what their spans refer to
    int numSpills = 0;
    std::string failure; // empty, or why there is no allocation: too many values at a time
};

// Requires verify(fn) == "" and split critical edges. Operands of operations other than calls,
// exits' values and block arguments are always in registers; call arguments may be anywhere (the
// emitter moves them by a parallel move); "call" is what the table gives as `*`, of calls and cold
// calls. Except for calls (flag Call), the result register never equals an operand's register other
// than operand 0's (so that two-address code can copy operand 0 first), nor that of a value of the
// instruction's exit. The result of a call may be absent (kNone). The results of
// LoadTstate and LoadFrame are in the target's registers for those throughout, unless they are
// values of exits. Fails where more values are in memory than spill slots can be numbered.
Allocation allocate(const lir::Function& fn, const cpu::Target& target);

// Orders a parallel move into sequential ones, using the target's scratch register for cycles.
std::vector<Move> sequentialize(const std::vector<Move>& parallel, Place gpScratch,
                                Place fpScratch);

// Independent checker: symbolic execution of the allocated code over the control-flow graph;
// returns an empty string if every operand of every instruction is found where the allocation says.
std::string check(const lir::Function& fn, const Allocation& allocation, const cpu::Target& target);

} // namespace pyston::regalloc
