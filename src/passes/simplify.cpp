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
        // Users may rely on the type, of which the other value need not be known to be.
        const bool isWider = result.kind == Rewriter::Result::kReplace && !instr->isTerminator() &&
                             !isSubtype(result.value->type(), instr->type());
        if (isWider && instr->opcode() == Opcode::kRefine) {
            added.clear();
            block->append(instr);
            return;
        }
        changed_ = true;
        if (isWider) {
            added.push_back(fn_.newInstr(Opcode::kRefine, instr->type(), {&result.value, 1}));
            result.value = added.back();
        }
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

    // What a phi can be: the class of the objects (kVoid while none was seen), and whether NULL.
    struct Assumption {
        Type object = kVoid;
        bool null = false;
        bool operator==(const Assumption&) const = default;
    };

    // The class of a phi is what all operands agree on, assuming the best of phis around loops.
    void narrowPhiTypes() {
        std::vector<Assumption> assumed(static_cast<size_t>(fn_.numInstrIds()));
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
        joinOperands(phis, assumed);
        // A phi that is always NULL has its declared type, which its users must expect.
        for (Instr* phi : phis) {
            Assumption& a = assumed[static_cast<size_t>(phi->id())];
            if (a.object == kVoid) {
                a = {kObject, true};
            }
        }
        joinOperands(phis, assumed);
        for (Instr* phi : phis) {
            const Assumption& a = assumed[static_cast<size_t>(phi->id())];
            Type type{a.null ? Rep::kNullable : Rep::kObject, a.object.exact};
            if (type != phi->type() && isSubtype(type, phi->type())) {
                phi->setType(type);
                changed_ = true;
            }
        }
    }

    static void joinOperands(const std::vector<Instr*>& phis, std::vector<Assumption>& assumed) {
        for (bool again = true; again;) {
            again = false;
            for (const Instr* phi : phis) {
                Assumption& current = assumed[static_cast<size_t>(phi->id())];
                Assumption joined = current;
                for (const Instr* operand : phi->operands()) {
                    add(operand, assumed, joined);
                }
                again |= joined != current;
                current = joined;
            }
        }
    }

    static void add(const Instr* operand, const std::vector<Assumption>& assumed, Assumption& out) {
        Assumption a;
        if (operand->isPhi()) {
            a = assumed[static_cast<size_t>(operand->id())];
        } else if (operand->opcode() == Opcode::kConstNull) {
            a.null = true;
        } else {
            a = {{Rep::kObject, operand->type().exact}, operand->type().rep == Rep::kNullable};
        }
        out.null |= a.null;
        if (a.object != kVoid) {
            out.object = out.object == kVoid ? a.object : join(out.object, a.object);
        }
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
