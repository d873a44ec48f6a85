// Local simplification to a fixpoint: the rewrite rules (rewriter.cpp), trivial phis, narrower
// types of phis, constant branches, and blocks that can only follow one another.
//
// Requires: orderBlocks(). Provides: the same; unreachable blocks are gone. Breaks: nothing.
#include "passes/passes.h"
#include "passes/rewriter.h"

#include <algorithm>

namespace pyston::passes {

using namespace hir;

namespace {

class Simplifier {
  public:
    explicit Simplifier(Function& fn) : fn_(fn), rewriter_(fn) {}

    void run() {
        // Rules feed each other across loop edges; in practice two or three rounds suffice.
        constexpr int kMaxRounds = 8;
        for (int round = 0; round < kMaxRounds; round++) {
            changed_ = false;
            narrowPhiTypes();
            map_.assign(static_cast<size_t>(fn_.numInstrIds()), nullptr);
            for (Block* block : fn_.blocks()) {
                rewriteBlock(block);
            }
            if (!changed_) {
                break;
            }
            fn_.replaceAllUses(map_);
            fn_.orderBlocks();
            mergeChains();
        }
    }

  private:
    Instr* resolve(Instr* value) const {
        while (value && static_cast<size_t>(value->id()) < map_.size() &&
               map_[static_cast<size_t>(value->id())]) {
            value = map_[static_cast<size_t>(value->id())];
        }
        return value;
    }

    void setReplacement(Instr* from, Instr* to) {
        auto id = static_cast<size_t>(from->id());
        if (id >= map_.size()) {
            map_.resize(static_cast<size_t>(fn_.numInstrIds()), nullptr);
        }
        map_[id] = to;
    }

    void rewriteBlock(Block* block) {
        std::vector<Instr*> old = std::move(block->instrs());
        block->instrs().clear();
        for (Instr* instr : old) {
            rewriteInstr(block, instr);
        }
    }

    void rewriteInstr(Block* block, Instr* instr) {
        for (size_t i = 0; i < instr->numOperands(); i++) {
            instr->setOperand(i, resolve(instr->operand(i)));
        }
        Rewriter::Result result = instr->isPhi() ? rewritePhi(instr) : rewriter_.rewrite(instr);
        std::vector<Instr*>& added = rewriter_.added();
        if (result.kind == Rewriter::Result::kKeep) {
            added.clear();
            block->append(instr);
            return;
        }
        changed_ = true;
        for (Instr* fresh : added) {
            block->append(fresh);
        }
        added.clear();
        if (result.kind == Rewriter::Result::kReplace && !instr->isTerminator()) {
            setReplacement(instr, result.value);
        }
    }

    // A phi of one value (and itself) is that value.
    Rewriter::Result rewritePhi(Instr* phi) {
        Instr* only = nullptr;
        for (Instr* operand : phi->operands()) {
            Instr* value = resolve(operand);
            if (value == phi || value == only) {
                continue;
            }
            if (only) {
                return {};
            }
            only = value;
        }
        if (!only || !isSubtype(only->type(), phi->type())) {
            return {};
        }
        return {Rewriter::Result::kReplace, only};
    }

    // The class of a phi is what all operands agree on, assuming the best of phis around loops.
    void narrowPhiTypes() {
        std::vector<Type> assumed(static_cast<size_t>(fn_.numInstrIds()),
                                  kVoid); // kVoid: no input seen
        std::vector<Instr*> phis;
        for (Block* block : fn_.blocks()) {
            for (Instr* instr : block->instrs()) {
                if (!instr->isPhi()) {
                    break;
                }
                if (instr->type().isCounted()) {
                    phis.push_back(instr);
                }
            }
        }
        for (bool again = true; again;) {
            again = false;
            for (Instr* phi : phis) {
                Type type = joinedType(phi, assumed);
                Type& current = assumed[static_cast<size_t>(phi->id())];
                if (type != current) {
                    current = type;
                    again = true;
                }
            }
        }
        for (Instr* phi : phis) {
            Type type = assumed[static_cast<size_t>(phi->id())];
            if (type != kVoid && type != phi->type() && isSubtype(type, phi->type())) {
                phi->setType(type);
                changed_ = true;
            }
        }
    }

    Type joinedType(const Instr* phi, const std::vector<Type>& assumed) const {
        Type result = assumed[static_cast<size_t>(phi->id())];
        bool null = false;
        for (Instr* operand : phi->operands()) {
            bool optimistic = operand->isPhi() && operand->type().isCounted();
            Type type = optimistic ? assumed[static_cast<size_t>(operand->id())] : operand->type();
            if (operand->opcode() == Opcode::kConstNull) {
                null = true; // says nothing about the class of what is not NULL
            } else if (type != kVoid) {
                result = result == kVoid ? type : join(result, type);
            }
        }
        if (null && result != kVoid) {
            result.rep = Rep::kNullable;
        }
        return result;
    }

    // Joins a block with its only successor when it is that block's only predecessor.
    void mergeChains() {
        bool merged = false;
        for (Block* block : fn_.blocks()) {
            while (block->terminator() && mergeable(block)) {
                Block* next = block->succs()[0];
                block->instrs().pop_back();
                for (Instr* instr : next->instrs()) {
                    block->append(instr);
                }
                next->instrs().clear();
                for (Block* succ : block->succs()) {
                    std::replace(succ->preds().begin(), succ->preds().end(), next, block);
                }
                merged = true;
            }
        }
        if (merged) {
            fn_.orderBlocks();
        }
    }

    static bool mergeable(const Block* block) {
        if (block->terminator()->opcode() != Opcode::kJump) {
            return false;
        }
        const Block* next = block->succs()[0];
        return next != block && next->preds().size() == 1 && next->isCold() == block->isCold() &&
               !next->instrs().front()->isPhi();
    }

    Function& fn_;
    Rewriter rewriter_;
    std::vector<Instr*> map_; // by id: what stands for a replaced value
    bool changed_ = false;
};

} // namespace

void simplify(Function& fn) {
    Simplifier(fn).run();
}

} // namespace pyston::passes
