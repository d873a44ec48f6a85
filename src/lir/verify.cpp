// The well-formedness of LIR: operand formats by the table, SSA, and the shape of the control-flow
// graph that register allocation relies on.
#include "lir/lir.h"

#include <algorithm>
#include <unordered_set>

namespace pyston::lir {

namespace {

class Verifier {
  public:
    explicit Verifier(const Function& fn) : fn_(fn) {}

    std::string run() {
        if (checkHeader() && checkBlocks() && checkInstrs() && checkEdges())
            checkDominance();
        return std::move(error_);
    }

  private:
    struct Def {
        const Block* block = nullptr;
        int index = -2; // -1: a parameter
    };

    bool fail(std::string message) {
        if (error_.empty())
            error_ = std::move(message);
        return false;
    }

    bool fail(const Block& block, int index, std::string message) {
        std::string where = "b" + std::to_string(block.id);
        if (index >= 0)
            where +=
                " #" + std::to_string(index) + " " + std::string(block.instrs[index].info().name);
        return fail(where + ": " + std::move(message));
    }

    bool isReg(VReg v) const { return v >= 0 && static_cast<size_t>(v) < fn_.classes.size(); }

    bool define(const Block& block, int index, VReg v) {
        if (!isReg(v))
            return fail(block, index, "bad result register v" + std::to_string(v));
        if (defs_[v].block)
            return fail(block, index, "v" + std::to_string(v) + " is defined twice");
        defs_[v] = {&block, index};
        return true;
    }

    // The area is part of the native frame, which has room for its largest call.
    bool checkHeader() {
        constexpr int kMaxSlots = 1 << 20;
        constexpr int kMaxOutgoing = 1 << 24;
        if (fn_.numSlots < 0 || fn_.numSlots > kMaxSlots)
            return fail("the number of slots is out of range");
        return (fn_.outgoingBytes >= 0 && fn_.outgoingBytes <= kMaxOutgoing &&
                fn_.outgoingBytes % 8 == 0) ||
               fail("the size of the outgoing area is out of range");
    }

    bool checkBlocks() {
        defs_.resize(fn_.classes.size());
        bool hasEntry = false;
        for (const auto& block : fn_.blocks) {
            if (block->id < 0)
                return fail("a block has a negative number");
            maxId_ = std::max(maxId_, block->id);
            if (!blocks_.insert(block.get()).second || !ids_.insert(block->id).second)
                return fail("b" + std::to_string(block->id) + " is there twice");
            hasEntry |= block->entryOffset >= 0;
            if (block->entryOffset >= 0 && !block->params.empty())
                return fail(*block, -1, "an entry block has parameters");
            for (VReg v : block->params) {
                if (!define(*block, -1, v))
                    return false;
            }
            if (block->instrs.empty() || !block->instrs.back().has(kTerminator))
                return fail(*block, -1, "does not end in a terminator");
        }
        return hasEntry || fail("there is no entry block");
    }

    bool checkInstrs() {
        for (const auto& block : fn_.blocks) {
            for (int i = 0; i < static_cast<int>(block->instrs.size()); ++i) {
                const Instr& instr = block->instrs[i];
                if (instr.has(kTerminator) && i + 1 != static_cast<int>(block->instrs.size()))
                    return fail(*block, i, "a terminator inside of a block");
                if (!checkResult(*block, i, instr) || !checkOperands(*block, i, instr) ||
                    !checkImmediates(*block, i, instr) || !checkExit(*block, i, instr) ||
                    !checkTargets(*block, i, instr))
                    return false;
            }
        }
        return true;
    }

    bool checkResult(const Block& block, int index, const Instr& instr) {
        ResultKind kind = instr.info().result;
        if (instr.result == kNoReg) {
            return kind == ResultKind::kNone || instr.has(kCall) ||
                   fail(block, index, "the result is missing");
        }
        if (kind == ResultKind::kNone)
            return fail(block, index, "has no result");
        if (!define(block, index, instr.result))
            return false;
        RegClass cls = kind == ResultKind::kFloat ? RegClass::kFloat : RegClass::kInt;
        return fn_.classes[instr.result] == cls ||
               fail(block, index, "the result's class is wrong");
    }

    bool checkOperand(const Block& block, int index, const Operand& o, char format) {
        bool immAllowed = format == 'I' || format == 'x' || format == '*';
        bool regAllowed = format != 'I';
        if (o.isImm) {
            if (!immAllowed)
                return fail(block, index, "an immediate where a register is expected");
            if (format == 'x' && o.imm != static_cast<int32_t>(o.imm))
                return fail(block, index, "the immediate does not fit in 32 bits");
            return true;
        }
        if (!regAllowed)
            return fail(block, index, "a register where an immediate is expected");
        if (!isReg(o.reg))
            return fail(block, index, "bad operand register v" + std::to_string(o.reg));
        if (format != '*' && (fn_.classes[o.reg] == RegClass::kFloat) != (format == 'f'))
            return fail(block, index, "v" + std::to_string(o.reg) + " is of the wrong class");
        return true;
    }

    bool checkOperands(const Block& block, int index, const Instr& instr) {
        size_t next = 0;
        bool variadic = false;
        for (char format : instr.info().operands) {
            if (format == '*') {
                variadic = true;
                break;
            }
            bool indexed = format == 'n';
            for (int k = indexed ? 2 : 1; k > 0; --k) {
                if (next >= instr.operands.size())
                    return fail(block, index, "too few operands");
                char plain = format == 'm' || indexed ? 'g' : format;
                if (!checkOperand(block, index, instr.operands[next++], plain))
                    return false;
            }
            if (indexed && instr.scale != 1 && instr.scale != 2 && instr.scale != 4 &&
                instr.scale != 8)
                return fail(block, index, "bad scale");
        }
        if (!variadic && next != instr.operands.size())
            return fail(block, index, "too many operands");
        for (; next < instr.operands.size(); ++next) {
            if (!checkOperand(block, index, instr.operands[next], '*'))
                return false;
        }
        if (instr.has(kCompare)) {
            bool isFloat = instr.info().operands[0] == 'f';
            if (isFloat ? instr.cc >= Cc::kULt && instr.cc <= Cc::kUGe : instr.cc >= Cc::kFNotLt)
                return fail(block, index, "a condition for the other class");
        }
        return true;
    }

    // What the formats do not say.
    bool checkImmediates(const Block& block, int index, const Instr& instr) {
        const int64_t first = instr.operands.empty() ? 0 : instr.operands[0].imm;
        switch (instr.op) {
        case Opcode::kLoadThreadLocal:
            return first == static_cast<int32_t>(first) ||
                   fail(block, index, "the offset does not fit in 32 bits");
        case Opcode::kStackAddr:
        case Opcode::kStackStore:
        case Opcode::kStackLoad:
            // Of an array without items the address is that of its end.
            return (first >= 0 && first % 8 == 0 &&
                    first <= fn_.outgoingBytes - (instr.op == Opcode::kStackAddr ? 0 : 8)) ||
                   fail(block, index, "outside of the outgoing area");
        case Opcode::kCall:
        case Opcode::kFCall:
        case Opcode::kCallMem:
            return checkArguments(block, index, instr, 1);
        case Opcode::kColdCall:
            return checkArguments(block, index, instr, 2);
        default:
            return true;
        }
    }

    // Arguments are passed in registers.
    bool checkArguments(const Block& block, int index, const Instr& instr, size_t from) {
        size_t ints = 0, floats = 0;
        for (size_t i = from; i < instr.operands.size(); ++i) {
            const Operand& o = instr.operands[i];
            ++(o.isImm || fn_.classes[o.reg] == RegClass::kInt ? ints : floats);
        }
        return (ints <= 6 && floats <= 8) || fail(block, index, "too many arguments");
    }

    bool checkExit(const Block& block, int index, const Instr& instr) {
        if (!instr.has(kExit))
            return instr.exit < 0 || fail(block, index, "does not exit");
        if (instr.exit < 0 || instr.exit >= static_cast<int>(fn_.exits.size()))
            return fail(block, index, "bad exit e" + std::to_string(instr.exit));
        const ExitPoint& exit = fn_.exits[instr.exit];
        if (static_cast<int>(exit.slots.size()) != fn_.numSlots)
            return fail(block, index, "the exit has a wrong number of slots");
        for (const auto* list : {&exit.slots, &exit.stack, &exit.releases}) {
            for (const ExitOperand& o : *list) {
                if (o.kind != ExitOperand::kReg)
                    continue;
                if (!isReg(o.reg))
                    return fail(block, index, "bad exit register v" + std::to_string(o.reg));
                if ((fn_.classes[o.reg] == RegClass::kFloat) != exits::isDouble(o.repr))
                    return fail(block, index,
                                "exit value v" + std::to_string(o.reg) + " is of the wrong class");
            }
        }
        return true;
    }

    bool checkTargets(const Block& block, int index, const Instr& instr) {
        int expected = instr.op == Opcode::kJump                       ? 1
                       : instr.has(kTerminator) && instr.has(kCompare) ? 2
                                                                       : 0;
        for (int i = 0; i < 2; ++i) {
            const Block* target = instr.targets[i];
            if ((target != nullptr) != (i < expected))
                return fail(block, index, "wrong number of targets");
            if (!target) {
                if (!instr.args[i].empty())
                    return fail(block, index, "arguments without a target");
                continue;
            }
            if (!blocks_.count(target))
                return fail(block, index, "a target that is not in the function");
            if (instr.args[i].size() != target->params.size())
                return fail(block, index, "wrong number of block arguments");
            for (size_t k = 0; k < instr.args[i].size(); ++k) {
                VReg v = instr.args[i][k];
                if (!isReg(v))
                    return fail(block, index, "bad block argument v" + std::to_string(v));
                if (!isReg(target->params[k]) || fn_.classes[v] != fn_.classes[target->params[k]])
                    return fail(block, index,
                                "block argument v" + std::to_string(v) + " is of the wrong class");
            }
        }
        return true;
    }

    // Moves of an edge go to the end of a predecessor that ends in Jump, or to the start of a block
    // that has no other predecessor; so no edge may be critical.
    bool checkEdges() {
        preds_.resize(maxId_ + 1);
        for (const auto& block : fn_.blocks) {
            for (const Block* target : block->instrs.back().targets) {
                if (target)
                    preds_[target->id].push_back(block.get());
            }
        }
        for (const auto& block : fn_.blocks) {
            const auto& preds = preds_[block->id];
            for (const Block* pred : preds) {
                if (pred->instrs.back().op == Opcode::kJump)
                    continue;
                if (preds.size() > 1 || block->entryOffset >= 0)
                    return fail(*block, -1, "a critical edge leads here");
                if (!block->params.empty())
                    return fail(*block, -1, "has parameters but is reached by a branch");
            }
        }
        return true;
    }

    // Immediate dominators over a virtual root above all entries (Cooper, Harvey and Kennedy, "A
    // Simple, Fast Dominance Algorithm"). Unreachable blocks are not checked.
    void computeDominators() {
        order_.assign(maxId_ + 1, -1);
        postorder();
        int n = static_cast<int>(rpo_.size());
        idom_.assign(n, -1); // by index in rpo_; index 0 is the root
        idom_[0] = 0;
        for (bool changed = true; changed;) {
            changed = false;
            for (int i = 1; i < n; ++i) {
                int best = rpo_[i]->entryOffset >= 0 ? 0 : -1;
                for (const Block* pred : preds_[rpo_[i]->id]) {
                    int p = order_[pred->id];
                    if (p < 0 || idom_[p] < 0)
                        continue;
                    best = best < 0 ? p : intersect(best, p);
                }
                if (best != idom_[i]) {
                    idom_[i] = best;
                    changed = true;
                }
            }
        }
    }

    int intersect(int a, int b) const {
        while (a != b) {
            while (a > b)
                a = idom_[a];
            while (b > a)
                b = idom_[b];
        }
        return a;
    }

    void postorder() {
        std::vector<const Block*> post;
        std::vector<bool> seen(maxId_ + 1);
        std::vector<std::pair<const Block*, int>> stack;
        for (const auto& entry : fn_.blocks) {
            if (entry->entryOffset < 0 || seen[entry->id])
                continue;
            seen[entry->id] = true;
            stack.push_back({entry.get(), 0});
            while (!stack.empty()) {
                auto& [block, next] = stack.back();
                const Block* target = next < 2 ? block->instrs.back().targets[next] : nullptr;
                if (next++ >= 2) {
                    post.push_back(block);
                    stack.pop_back();
                } else if (target && !seen[target->id]) {
                    seen[target->id] = true;
                    stack.push_back({target, 0});
                }
            }
        }
        rpo_.assign(1, nullptr);
        rpo_.insert(rpo_.end(), post.rbegin(), post.rend());
        for (int i = 1; i < static_cast<int>(rpo_.size()); ++i)
            order_[rpo_[i]->id] = i;
    }

    // Numbers the dominator tree so that dominance is an interval test.
    void numberTree() {
        int n = static_cast<int>(rpo_.size());
        std::vector<std::vector<int>> children(n);
        for (int i = 1; i < n; ++i)
            children[idom_[i]].push_back(i);
        enter_.assign(n, 0);
        leave_.assign(n, 0);
        int clock = 0;
        std::vector<std::pair<int, size_t>> stack = {{0, 0}};
        enter_[0] = clock++;
        while (!stack.empty()) {
            auto& [node, next] = stack.back();
            if (next == children[node].size()) {
                leave_[node] = clock;
                stack.pop_back();
                continue;
            }
            int child = children[node][next++];
            enter_[child] = clock++;
            stack.push_back({child, 0});
        }
    }

    bool checkUse(const Block& block, int index, VReg v) {
        const Def& def = defs_[v];
        if (!def.block)
            return fail(block, index, "v" + std::to_string(v) + " is never defined");
        if (def.block == &block)
            return def.index < index ||
                   fail(block, index, "v" + std::to_string(v) + " is used before its definition");
        int d = order_[def.block->id];
        int u = order_[block.id];
        return (d >= 0 && enter_[d] <= enter_[u] && enter_[u] < leave_[d]) ||
               fail(block, index,
                    "the definition of v" + std::to_string(v) + " does not dominate this use");
    }

    void checkDominance() {
        computeDominators();
        numberTree();
        for (const auto& block : fn_.blocks) {
            if (order_[block->id] < 0)
                continue;
            for (int i = 0; i < static_cast<int>(block->instrs.size()); ++i) {
                if (!checkUses(*block, i, block->instrs[i]))
                    return;
            }
        }
    }

    bool checkUses(const Block& block, int index, const Instr& instr) {
        for (const Operand& o : instr.operands) {
            if (!o.isImm && !checkUse(block, index, o.reg))
                return false;
        }
        for (const auto& args : instr.args) {
            for (VReg v : args) {
                if (!checkUse(block, index, v))
                    return false;
            }
        }
        if (instr.exit < 0)
            return true;
        const ExitPoint& exit = fn_.exits[instr.exit];
        for (const auto* list : {&exit.slots, &exit.stack, &exit.releases}) {
            for (const ExitOperand& o : *list) {
                if (o.kind == ExitOperand::kReg && !checkUse(block, index, o.reg))
                    return false;
            }
        }
        return true;
    }

    const Function& fn_;
    std::string error_;
    int maxId_ = 0;
    std::vector<Def> defs_;
    std::unordered_set<const Block*> blocks_;
    std::unordered_set<int> ids_;
    std::vector<std::vector<const Block*>> preds_; // by block id
    std::vector<const Block*> rpo_;
    std::vector<int> order_; // index in rpo_ by block id, -1 if unreachable
    std::vector<int> idom_;
    std::vector<int> enter_, leave_;
};

} // namespace

std::string verify(const Function& fn) {
    return Verifier(fn).run();
}

} // namespace pyston::lir
