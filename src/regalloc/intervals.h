// Positions, live ranges and use positions of the virtual registers of one function.
//
// Instruction number i (in emission order) owns the positions 4i to 4i+3: moves in the gap before
// it, operands are read, calls clobber, the result is written. An operand that may share the
// result's register ends after the second; all else that an instruction needs lives through.
#pragma once

#include "lir/lir.h"

#include <span>
#include <vector>

namespace pyston::regalloc {

inline constexpr int kRead = 1;
inline constexpr int kClobber = 2;
inline constexpr int kWrite = 3;
inline constexpr int kPerInstr = 4;

inline int gapAt(int pos) {
    return pos & ~3;
} // the gap of the instruction at `pos`
inline int nextGap(int pos) {
    return (pos & ~3) + kPerInstr;
} // that of the next instruction

struct Range {
    int from, to; // half open
};

// A place where the value is wanted in a register.
struct Use {
    int pos;
    float weight; // estimated executions
    bool hard;    // must be in a register; else only better (at the back edge of a loop with uses)
};

struct BlockInfo {
    const lir::Block* block;
    int from, to;   // positions
    float weight;   // estimated executions
    int loopHeader; // the first block that this one jumps back to, else -1
    std::vector<int> preds;
};

// How an instruction reads one of its operands.
struct OperandUse {
    bool needsRegister; // else the value may be anywhere
    bool late;          // is still needed when the result is written
};
OperandUse operandUse(const lir::Instr& instr, size_t index);

// Calls `f(vreg)` for every register among the values of an exit.
template<class F> void forEachExitReg(const lir::ExitPoint& exit, F f) {
    for (const auto* list : {&exit.slots, &exit.stack, &exit.releases}) {
        for (const lir::ExitOperand& o : *list) {
            if (o.kind == lir::ExitOperand::kReg)
                f(o.reg);
        }
    }
}

// Results of LoadTstate and LoadFrame need no interval, unless they are values of exits.
enum class Pinned : uint8_t { kNo, kThreadState, kFrame };

class Liveness {
  public:
    explicit Liveness(const lir::Function& fn);

    const lir::Function& fn() const { return fn_; }
    const std::vector<BlockInfo>& blocks() const { return blocks_; }
    int blockAt(int pos) const { return blockOfInstr_[pos / kPerInstr]; }
    int numRegs() const { return static_cast<int>(fn_.classes.size()); }
    Pinned pinned(lir::VReg v) const { return pinned_[v]; }
    // -1 if never defined, or pinned.
    int defPos(lir::VReg v) const { return defPos_[v]; }
    bool isInstrDef(lir::VReg v) const { return (defPos_[v] & 3) == kWrite; }
    std::span<const Range> ranges(lir::VReg v) const { return slice(ranges_, rangesBegin_, v); }
    std::span<const Use> uses(lir::VReg v) const { return slice(uses_, usesBegin_, v); }
    // Blocks (by index in blocks()) at whose start the register is live; parameters are not.
    std::span<const int> liveIn(lir::VReg v) const { return slice(liveIn_, liveInBegin_, v); }
    std::span<const int> clobbers() const { return clobbers_; }   // positions of calls
    std::span<const int> coldCalls() const { return coldCalls_; } // positions of results

  private:
    struct BlockUse { // the last position in a block where a register is needed
        lir::VReg v;
        int block, end;
    };
    struct RegUse {
        lir::VReg v;
        Use use;
    };
    struct Walk;

    template<class T>
    static std::span<const T> slice(const std::vector<T>& all, const std::vector<int>& begin,
                                    lir::VReg v) {
        return std::span(all).subspan(begin[v], begin[v + 1] - begin[v]);
    }

    void numberBlocks();
    void findPinned();
    void collectUses();
    void collectUses(int block, const lir::Instr& instr, int pos);
    void need(lir::VReg v, int block, int end);
    void sortUses();
    void buildRanges();
    void buildRanges(lir::VReg v, Walk& walk);
    void addUses(lir::VReg v, const Walk& walk);

    const lir::Function& fn_;
    std::vector<BlockInfo> blocks_;
    std::vector<int> blockOfInstr_;
    std::vector<Pinned> pinned_; // by register
    std::vector<int> defPos_, defBlock_;
    std::vector<int> clobbers_, coldCalls_;

    std::vector<BlockUse> blockUses_; // by register after sortUses
    std::vector<RegUse> regUses_;     // likewise
    std::vector<int> blockUsesBegin_, regUsesBegin_;
    std::vector<int> lastBlockUse_; // by register, while they are collected

    std::vector<Range> ranges_;
    std::vector<Use> uses_;
    std::vector<int> liveIn_;
    std::vector<int> rangesBegin_, usesBegin_, liveInBegin_;
};

} // namespace pyston::regalloc
