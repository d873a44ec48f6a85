// Checks an allocation by executing it symbolically.
//
// The state is, for each register and spill slot, the set of virtual registers whose value it holds
// for certain; states meet by intersection, up to a fixed point; then everything that an
// instruction needs is looked up. Shares nothing with the allocator but the contract in regalloc.h.
#include "cpu/target.h"
#include "regalloc/regalloc.h"

#include <algorithm>
#include <deque>
#include <set>

namespace pyston::regalloc {

using lir::Block;
using lir::Instr;
using lir::RegClass;
using lir::VReg;

namespace {

constexpr int kRegisters = 64; // of each class

using Held = std::vector<VReg>; // sorted
using State = std::vector<Held>;

class Checker {
  public:
    Checker(const lir::Function& fn, const Allocation& allocation, const cpu::Target& target)
        : fn_(fn), allocation_(allocation), target_(target) {}

    std::string run() {
        if (!checkShape())
            return std::move(error_);
        size_t n = allocation_.blocks.size();
        in_.resize(n);
        reached_.assign(n, false);
        queued_.assign(n, false);
        State pinned(2 * kRegisters + allocation_.numSpills);
        for (size_t v = 0; v < pinned_.size(); ++v)
            if (pinned_[v] >= 0)
                pinned[pinned_[v]].push_back(static_cast<VReg>(v));
        for (const auto& block : fn_.blocks) {
            if (block->entryOffset >= 0)
                flowInto(*block, pinned);
        }
        while (!work_.empty()) {
            const Block* block = work_.front();
            work_.pop_front();
            queued_[block->id] = false;
            execute(*block, false);
        }
        for (const auto& block : fn_.blocks) {
            if (reached_[block->id] && error_.empty())
                execute(*block, true);
        }
        return std::move(error_);
    }

  private:
    void findPinned() {
        for (const auto& block : fn_.blocks) {
            for (size_t i = 0; i < block->instrs.size(); ++i) {
                const Instr& instr = block->instrs[i];
                int reg = -1;
                if (instr.op == lir::Opcode::kLoadTstate)
                    reg = target_.gpThreadState;
                else if (instr.op == lir::Opcode::kLoadFrame)
                    reg = target_.gpFrame;
                const Place place = allocation_.blocks[block->id].instrs[i].result;
                if (reg >= 0 && place == Place{Place::kRegister, static_cast<int16_t>(reg)})
                    pinned_[instr.result] = reg;
            }
        }
    }

    bool fail(const Block& block, size_t index, std::string message) {
        if (error_.empty()) {
            error_ = "b" + std::to_string(block.id) + " #" + std::to_string(index) + " ";
            if (index < block.instrs.size())
                error_ += block.instrs[index].info().name;
            error_ += ": " + std::move(message);
        }
        return false;
    }

    static size_t keyOf(RegClass cls, Place place) {
        if (place.kind == Place::kSpill)
            return 2 * kRegisters + place.index;
        return (cls == RegClass::kFloat ? kRegisters : 0) + place.index;
    }

    bool isAllocatable(RegClass cls, int reg) const {
        uint64_t mask = cls == RegClass::kFloat ? target_.fpAllocatable : target_.gpAllocatable;
        return reg >= 0 && reg < kRegisters && (mask >> reg & 1);
    }

    bool isPinned(RegClass cls, Place place) const {
        return cls == RegClass::kInt && place.kind == Place::kRegister &&
               (place.index == target_.gpThreadState || place.index == target_.gpFrame);
    }

    bool isPlace(RegClass cls, Place place) const {
        if (place.kind == Place::kRegister)
            return isAllocatable(cls, place.index);
        return place.kind == Place::kSpill && place.index >= 0 &&
               place.index < allocation_.numSpills;
    }

    std::string text(RegClass cls, Place place) const {
        if (place.kind == Place::kNone)
            return "nowhere";
        return (place.kind == Place::kSpill ? "slot "
                : cls == RegClass::kFloat   ? "f"
                                            : "r") +
               std::to_string(place.index);
    }

    bool checkShape() {
        pinned_.assign(fn_.classes.size(), -1);
        for (const auto& block : fn_.blocks) {
            if (static_cast<size_t>(block->id) >= allocation_.blocks.size() ||
                allocation_.blocks[block->id].instrs.size() != block->instrs.size())
                return fail(*block, 0, "the allocation does not fit the function");
        }
        findPinned();
        for (const auto& block : fn_.blocks) {
            const BlockPlaces& places = allocation_.blocks[block->id];
            if (!places.atEnd.empty() && block->instrs.back().op != lir::Opcode::kJump)
                return fail(*block, block->instrs.size(), "moves at the end without a Jump");
            for (size_t i = 0; i < block->instrs.size(); ++i) {
                if (!checkMoves(*block, i, places.instrs[i].before) ||
                    !checkInstr(*block, i, places.instrs[i]))
                    return false;
            }
            if (!places.atEnd.empty() && !places.instrs.back().before.empty())
                return fail(*block, block->instrs.size(), "moves before the Jump and at the end");
            if (!checkMoves(*block, block->instrs.size(), places.atEnd))
                return false;
        }
        return true;
    }

    bool checkMoves(const Block& block, size_t index, const std::vector<Move>& moves) {
        std::set<size_t> targets;
        for (const Move& m : moves) {
            if ((!isPlace(m.cls, m.from) && !isPinned(m.cls, m.from)) || !isPlace(m.cls, m.to))
                return fail(block, index, "a move from or to no place");
            if (!targets.insert(keyOf(m.cls, m.to)).second)
                return fail(block, index, "two moves to " + text(m.cls, m.to));
        }
        return true;
    }

    static bool mayBeAnywhere(const Instr& instr, size_t operand) {
        size_t fixed = 0;
        for (char format : instr.info().operands)
            fixed += format == '*' ? 0 : format == 'n' ? 2 : 1;
        return operand >= fixed;
    }

    // What the contract says of the places of one instruction, whatever they hold.
    bool checkInstr(const Block& block, size_t index, const InstrPlaces& places) {
        const Instr& instr = block.instrs[index];
        if (places.operands.size() != instr.operands.size())
            return fail(block, index, "wrong number of operand places");
        bool hasResult = instr.result != lir::kNoReg;
        RegClass resultClass = hasResult ? fn_.classes[instr.result] : RegClass::kInt;
        const bool isPinnedResult = hasResult && pinned_[instr.result] >= 0;
        if (!isPinnedResult && (hasResult ? places.result.kind != Place::kRegister ||
                                                !isPlace(resultClass, places.result)
                                          : places.result.kind != Place::kNone))
            return fail(block, index, "bad place of the result");
        auto isResult = [&](VReg v, Place place) {
            return hasResult && fn_.classes[v] == resultClass && place == places.result;
        };
        for (size_t k = 0; k < instr.operands.size(); ++k) {
            if (instr.operands[k].isImm)
                continue;
            VReg v = instr.operands[k].reg;
            Place place = places.operands[k];
            std::string which = "operand " + std::to_string(k) + " (v" + std::to_string(v) + ")";
            if (!isPlace(fn_.classes[v], place) && !isPinned(fn_.classes[v], place))
                return fail(block, index, which + " has no place");
            if (place.kind != Place::kRegister && !mayBeAnywhere(instr, k))
                return fail(block, index, which + " is not in a register");
            if (k > 0 && !instr.has(lir::kCall) && isResult(v, place))
                return fail(block, index, which + " shares the result's register");
        }
        if (instr.exit >= 0) {
            const lir::ExitPoint& exit = fn_.exits[instr.exit];
            if (places.exitSlots.size() != exit.slots.size() ||
                places.exitStack.size() != exit.stack.size() ||
                places.exitReleases.size() != exit.releases.size())
                return fail(block, index, "wrong number of exit places");
        }
        bool good = true;
        forEachExitPlace(instr, places, [&](VReg v, Place place) {
            if (!isPlace(fn_.classes[v], place))
                good = fail(block, index, "exit value v" + std::to_string(v) + " has no place");
            else if (isResult(v, place))
                good = fail(block, index,
                            "exit value v" + std::to_string(v) + " shares the result's register");
        });
        if (!good)
            return false;
        if ((places.liveGpAcross & ~target_.gpCallerSaved) ||
            (places.liveFpAcross & ~target_.fpCallerSaved))
            return fail(block, index, "registers live across that calls do not clobber");
        uint64_t across = resultClass == RegClass::kInt ? places.liveGpAcross : places.liveFpAcross;
        if (hasResult && (across >> places.result.index & 1))
            return fail(block, index, "the result is live across its own instruction");
        return true;
    }

    template<class F> void forEachExitPlace(const Instr& instr, const InstrPlaces& places, F f) {
        if (instr.exit < 0)
            return;
        const lir::ExitPoint& exit = fn_.exits[instr.exit];
        auto visit = [&](const std::vector<lir::ExitOperand>& values,
                         std::span<const Place> where) {
            for (size_t k = 0; k < values.size(); ++k) {
                if (values[k].kind == lir::ExitOperand::kReg)
                    f(values[k].reg, where[k]);
            }
        };
        visit(exit.slots, places.exitSlots);
        visit(exit.stack, places.exitStack);
        visit(exit.releases, places.exitReleases);
    }

    void applyMoves(State& state, const std::vector<Move>& moves) {
        std::vector<Held> values;
        values.reserve(moves.size());
        for (const Move& m : moves)
            values.push_back(state[keyOf(m.cls, m.from)]);
        for (size_t i = 0; i < moves.size(); ++i)
            state[keyOf(moves[i].cls, moves[i].to)] = std::move(values[i]);
    }

    // The old value of a register that is defined again (in a loop) is a different one.
    static void forget(State& state, VReg v) {
        for (Held& held : state) {
            auto it = std::lower_bound(held.begin(), held.end(), v);
            if (it != held.end() && *it == v)
                held.erase(it);
        }
    }

    void expect(const State& state, const Block& block, size_t index, VReg v, Place place,
                std::string_view what) {
        const Held& held = state[keyOf(fn_.classes[v], place)];
        if (!std::binary_search(held.begin(), held.end(), v))
            fail(block, index,
                 std::string(what) + " v" + std::to_string(v) + " is not in " +
                     text(fn_.classes[v], place));
    }

    static void clobber(State& state, uint64_t gp, uint64_t fp) {
        for (int reg = 0; reg < kRegisters; ++reg) {
            if (gp >> reg & 1)
                state[reg].clear();
            if (fp >> reg & 1)
                state[kRegisters + reg].clear();
        }
    }

    void execute(const Block& block, bool final) {
        const BlockPlaces& places = allocation_.blocks[block.id];
        State state = in_[block.id];
        for (size_t i = 0; i < block.instrs.size(); ++i) {
            const Instr& instr = block.instrs[i];
            const InstrPlaces& at = places.instrs[i];
            applyMoves(state, at.before);
            if (final) {
                for (size_t k = 0; k < instr.operands.size(); ++k) {
                    if (!instr.operands[k].isImm)
                        expect(state, block, i, instr.operands[k].reg, at.operands[k], "operand");
                }
                forEachExitPlace(instr, at, [&](VReg v, Place place) {
                    expect(state, block, i, v, place, "exit value");
                });
            }
            if (instr.has(lir::kCall))
                clobber(state, target_.gpCallerSaved, target_.fpCallerSaved);
            if (instr.has(lir::kColdCall))
                clobber(state, target_.gpCallerSaved & ~at.liveGpAcross,
                        target_.fpCallerSaved & ~at.liveFpAcross);
            if (instr.result != lir::kNoReg && pinned_[instr.result] < 0) {
                forget(state, instr.result);
                state[keyOf(fn_.classes[instr.result], at.result)] = {instr.result};
            }
        }
        applyMoves(state, places.atEnd);
        const Instr& last = block.instrs.back();
        for (int t = 0; t < 2; ++t) {
            if (last.targets[t])
                flowInto(*last.targets[t], renamed(state, *last.targets[t], last.args[t]));
        }
    }

    // Every place that holds an argument holds the parameter from here on.
    static State renamed(const State& state, const Block& target, const std::vector<VReg>& args) {
        State result = state;
        for (VReg param : target.params)
            forget(result, param);
        for (size_t k = 0; k < args.size(); ++k) {
            for (size_t place = 0; place < state.size(); ++place) {
                const Held& held = state[place];
                if (!std::binary_search(held.begin(), held.end(), args[k]))
                    continue;
                Held& now = result[place];
                now.insert(std::lower_bound(now.begin(), now.end(), target.params[k]),
                           target.params[k]);
            }
        }
        return result;
    }

    void flowInto(const Block& block, const State& state) {
        State& in = in_[block.id];
        bool changed = !reached_[block.id];
        if (changed) {
            in = state;
            reached_[block.id] = true;
        } else {
            for (size_t place = 0; place < in.size(); ++place) {
                Held both;
                std::set_intersection(in[place].begin(), in[place].end(), state[place].begin(),
                                      state[place].end(), std::back_inserter(both));
                changed |= both.size() != in[place].size();
                in[place] = std::move(both);
            }
        }
        if (changed && !queued_[block.id]) {
            queued_[block.id] = true;
            work_.push_back(&block);
        }
    }

    const lir::Function& fn_;
    const Allocation& allocation_;
    const cpu::Target& target_;
    std::string error_;
    std::vector<int> pinned_; // by virtual register: its register, or -1
    std::vector<State> in_;   // by block id
    std::vector<bool> reached_, queued_;
    std::deque<const Block*> work_;
};

} // namespace

std::string check(const lir::Function& fn, const Allocation& allocation,
                  const cpu::Target& target) {
    return Checker(fn, allocation, target).run();
}

} // namespace pyston::regalloc
