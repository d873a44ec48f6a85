// The state of one HIR to LIR translation. lower.cpp walks the blocks; every HIR operation has one
// method here, defined in the file of its family.
#pragma once

#include "hir/hir.h"
#include "lower/emitter.h"
#include "lower/lower.h"
#include "lower/regions.h"
#include "runtime/code_data.h"
#include "runtime/helpers.h"

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace pyston::lower {

class Lowering {
  public:
    Lowering(const hir::Function& fn, const Context& context);
    std::unique_ptr<lir::Function> run();

  private:
    // One per row: a row without a definition does not link.
#define HIR_OP(name, ...) void lower##name(const hir::Instr& instr);
#include "hir/opcodes.def"
#undef HIR_OP
    using Handler = void (Lowering::*)(const hir::Instr&);
    static Handler handler(hir::Opcode op);

    // --- lower.cpp: blocks
    void findFusedCompares();
    void lowerBlock(const hir::Block& block);
    void lowerInstr(const hir::Instr& instr);
    lir::Block* lirBlock(const hir::Block* block) const {
        return blocks_[static_cast<size_t>(block->id())];
    }
    // What a terminator's edge needs before it can be emitted; see splitEdge.
    struct Edge {
        lir::Block* to = nullptr; // where the branch goes
        bool split = false;       // `to` is a new block that jumps on
        const hir::Instr* from = nullptr;
        size_t index = 0; // among the terminator's targets
    };
    Edge edge(const hir::Instr& terminator, size_t index);
    void finishEdge(const Edge& edge);
    void jumpTo(const hir::Instr& terminator, size_t index);

    // --- values.cpp: registers and constants of HIR values
    static const hir::Instr* canonical(const hir::Instr* value); // behind guards (aliases)
    // The register's content when it is known: an integer, a truth value, an address.
    std::optional<int64_t> constant(const hir::Instr* value) const;
    VReg use(const hir::Instr* value);     // constants are made where they are used
    Operand useX(const hir::Instr* value); // for `x` operands and calls
    void define(const hir::Instr& instr, VReg reg) {
        registers_[static_cast<size_t>(instr.id())] = reg;
    }
    VReg registerOf(const hir::Instr* value) const {
        return registers_[static_cast<size_t>(value->id())];
    }
    // The condition under which a bool is true.
    Compare compareOf(const hir::Instr* value);
    Compare rawCompare(const hir::Instr& instr); // of a comparison itself
    bool isFused(const hir::Instr& instr) const {
        return fused_[static_cast<size_t>(instr.id())];
    }
    // Defines a comparison's result unless all its uses are fused.
    void defineCompare(const hir::Instr& instr);
    uint64_t classAddress(hir::ExactClass c) const {
        return context_.classes[static_cast<size_t>(c)];
    }

    // --- exits.cpp
    // The exit points of the instruction being lowered (made once per reason).
    int guardExit(const hir::Instr& instr) {
        return exitPoint(instr, exits::Reason::kGuard);
    }
    int errorExit(const hir::Instr& instr) {
        return exitPoint(instr, exits::Reason::kError);
    }
    int exitPoint(const hir::Instr& instr, exits::Reason reason);
    int recursionExit(const hir::Block& entry);
    std::vector<lir::ExitOperand>
    inlinedValues(const hir::FrameState& innermost,
                  const std::vector<hir::ExitReferences::Action>* actions, bool nothingConsumed,
                  lir::ExitPoint& exit);
    int observedPoint(const hir::Instr& release);
    int leavingReleasePoint(const hir::Instr& check);
    int leavingPointWith(const hir::Instr& check, VReg value, VReg instead);
    void leaveIfTraced(int exit);
    void release(const hir::Instr& decref);
    bool mayRunFinalizer(const hir::Instr& instr) const;
    const hir::Instr* releaseCheckedBy(const hir::Instr& decref) const;
    int64_t instrAddress(int64_t byteOffset) const;
    lir::ExitOperand exitOperand(const hir::Instr* value, hir::ExitReferences::Action action,
                                 bool nothingConsumed) const;
    void stressExit(const hir::Instr& instr);

    // --- shared by families
    struct Division {
        VReg dividend, divisor, remainder;
        VReg adjust; // 1 where the truncated quotient is one too large, else 0
    };
    Division floorDivision(const hir::Instr& instr);
    VReg binaryInt(const hir::Instr& instr, lir::Opcode op); // commutative
    VReg binaryDouble(const hir::Instr& instr, lir::Opcode op);
    // Call of a helper with its C arguments; checks the result as its row says and returns it.
    void lowerListAppend(const hir::Instr& instr);
    struct TruthTest { // what else its call makes, null: nothing
        const hir::Instr* release = nullptr;
        const hir::Instr* check = nullptr;
    };
    TruthTest truthTestOf(const hir::Instr& isTrue) const;
    bool isPartOfTruthTest(const hir::Instr& instr) const;
    VReg lowerIsTrue(const hir::Instr& instr, std::span<const Operand> args);
    VReg callHelper(const hir::Instr& instr, runtime::Helper helper, std::span<const Operand> args);
    VReg checkHelperResult(const hir::Instr& instr, runtime::Helper helper, VReg result);
    // Stores object operands from `first` on to the outgoing area; returns (array, count).
    std::array<Operand, 2> outgoingArray(const hir::Instr& instr, size_t first);
    VReg boundsChecked(const hir::Instr& instr, VReg sequence); // index operand 1 of instr
    struct Element {
        lir::Opcode load{}, store{};
        VReg base = lir::kNoReg;
        int64_t disp = 0;
    };
    Element arrayElement(const hir::Instr& instr); // operands 0 and 1; leaves when out of range
    VReg objectType(VReg object) {
        return e_.load64(object, layout_.type);
    }
    VReg instanceValues(const hir::Instr& instr, VReg object); // leaves when there are none
    using Requirement = std::function<void(const Compare&)>;
    VReg sharedValue(const hir::Instr& instr, const Requirement& continueIf);
    struct DictSlot {
        VReg keys, indexBytes;
        int64_t disp;
    };
    DictSlot dictSlot(const hir::Instr& instr, VReg dict);
    DictSlot hintedSlot(const hir::Instr& instr, VReg dict);
    VReg ownDict(const hir::Instr& instr, VReg object);
    void markChanged(VReg dict);
    VReg swap(VReg base, int64_t disp, const hir::Instr* value);
    struct SequenceIterator {
        int index, sequence; // offsets
    };
    SequenceIterator sequenceIterator(const hir::Instr& instr) const;
    VReg itemsLeftInRange(VReg iterator);
    VReg itemsLeftInSequence(VReg iterator, SequenceIterator offsets);
    void continueIf(const Compare& compare, lir::Block* otherwise, bool otherwiseCold);
    struct DirectFrame {
        VReg data, frame; // the callee's CodeData, its frame
    };
    DirectFrame pushDirectFrame(const hir::Instr& instr, const runtime::CodeData& callee,
                                VReg function, lir::Block* slow);
    void popDirectFrame(VReg frame);
    void resumeGenerator(const hir::Instr& instr, VReg generator, Operand value,
                         runtime::Helper finish, lir::Block* slow, lir::Block* join);
    void branchTo(const hir::Instr& instr, const Compare& compare);
    void storePrevInstr(VReg frame, int64_t byteOffset);
    void enterFrame(const hir::Block& entry);
    void leaveFrame(); // gives back the recursion level and unlinks the frame, once
    void storeFrameForYield(const hir::Instr& instr);

    const hir::Function& fn_;
    const Context& context_;
    const host::Layout& layout_;
    Regions regions_;
    std::unique_ptr<lir::Function> lir_;
    Emitter e_;
    std::vector<lir::Block*> blocks_; // by hir block id
    std::vector<VReg> registers_;     // by hir instruction id
    std::vector<bool> leftAtEnd_;     // by hir block id: LeaveFrame was executed
    bool hasLeft_ = false;            // the same at the current instruction
    std::vector<bool> fused_;         // by hir instruction id
    // By exits::Reason, for the current instruction; -1: none yet.
    std::array<int, exits::kNumReasons> exitCache_{};
};

// The condition code of a comparison, the same names for integers and (ordered) doubles.
Cc conditionCode(hir::Condition condition);

} // namespace pyston::lower
