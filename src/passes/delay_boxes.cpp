// Moves the boxing of numbers to where the object is needed: behind the loop that computes them, or
// to the one branch that uses it.
//
// A box goes to the nearest block that dominates all its uses, if that is another one and in no
// other loop. There it stays one object, so identity is kept. Mentions in exit-only frame states
// are no uses: where the box is not made yet they get the raw number, as in sinkBoxesIntoExits.
//
// Requires: orderBlocks(). Provides: the same, and no critical edges. Breaks: nothing.
#include "passes/cfg.h"
#include "passes/loops.h"
#include "passes/observations.h"
#include "passes/passes.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

namespace pyston::passes {

using namespace hir;

namespace {

bool allocatesBox(const Instr* value) {
    return value->opcode() == Opcode::kBoxInt || value->opcode() == Opcode::kBoxDouble ||
           value->opcode() == Opcode::kBoxOptional;
}

class DelayBoxes {
  public:
    explicit DelayBoxes(Function& fn) : fn_(fn), loops_(fn), dominators_(fn) {}

    void run() {
        collectUses();
        // From the end, so that a box moves before what it takes its number from is looked at.
        std::vector<Instr*> boxes;
        for (Block* block : fn_.blocks()) {
            for (Instr* instr : block->instrs()) {
                if (allocatesBox(instr) && uses_.contains(instr)) {
                    boxes.push_back(instr);
                }
            }
        }
        std::reverse(boxes.begin(), boxes.end());
        for (Instr* box : boxes) {
            Block* target = targetOf(box);
            if (target && target != box->block() && loops_.isAsShallow(target, box->block())) {
                move(box, target);
            }
        }
        if (!moved_.empty()) {
            nameRawWhereNotMade();
        }
    }

  private:
    void collectUses() {
        for (Block* block : fn_.blocks()) {
            for (Instr* instr : block->instrs()) {
                for (size_t i = 0; i < instr->numOperands(); i++) {
                    use(instr->operand(i), instr->isPhi() ? block->preds()[i] : block);
                }
                if (instr->hasFrameState() && observesFrame(instr)) {
                    for (const FrameState* s = instr->frameState(); s; s = s->parent) {
                        observed_.insert(s);
                        if (observesStack(instr)) {
                            withStack_.insert(s);
                        }
                    }
                }
            }
        }
        // Guards, and starts of blocks, may share an observed state: it names objects for all.
        for (Block* block : fn_.blocks()) {
            useObserved(block->startState(), block);
            for (Instr* instr : block->instrs()) {
                useObserved(instr->frameState(), block);
            }
        }
    }
    void useObserved(const FrameState* state, Block* block) {
        for (; state; state = state->parent) {
            if (observed_.contains(state)) {
                std::ranges::for_each(state->slots, [&](Instr* v) { use(v, block); });
            }
            if (withStack_.contains(state)) {
                std::ranges::for_each(state->stack, [&](Instr* v) { use(v, block); });
            }
        }
    }
    void use(Instr* value, Block* block) {
        if (value && allocatesBox(value)) {
            uses_[value].push_back(block);
        }
    }
    // The nearest common dominator of all uses; null if there is none.
    Block* targetOf(Instr* box) {
        const Block* common = nullptr;
        for (const Block* block : uses_[box]) {
            common = common ? commonDominator(common, block) : block;
            if (!common) {
                return nullptr;
            }
        }
        return const_cast<Block*>(common);
    }
    const Block* commonDominator(const Block* a, const Block* b) const {
        while (a && !dominators_.dominates(a, b)) {
            a = dominators_.idom(a);
        }
        return a;
    }

    void move(Instr* box, Block* target) {
        size_t position = 0;
        FrameState* state = findPlace(box, target, &position);
        if (!state) {
            return;
        }
        std::erase(box->block()->instrs(), box);
        target->insert(position, box);
        box->setFrameState(state);
        moved_.insert(box);
    }

    void nameRawWhereNotMade() {
        for (Block* block : fn_.blocks()) {
            std::unordered_set<const Instr*> made; // in this block so far
            auto isMade = [&](const Instr* box) {
                return made.contains(box) ||
                       (box->block() != block && dominators_.dominates(box->block(), block));
            };
            if (block->startState()) {
                block->setStartState(named(block->startState(), isMade));
            }
            for (Instr* instr : block->instrs()) {
                if (instr->hasFrameState()) {
                    instr->setFrameState(named(instr->frameState(), isMade));
                }
                if (moved_.contains(instr)) {
                    made.insert(instr);
                }
            }
        }
    }
    // The state itself if all boxes in it are made, else a copy with raw numbers for the others.
    template<typename F> FrameState* named(FrameState* state, F&& isMade) {
        std::vector<const Instr*> missing;
        auto look = [&](const Instr* value) {
            if (value && moved_.contains(value) && !isMade(value)) {
                missing.push_back(value);
            }
        };
        for (const FrameState* fs = state; fs; fs = fs->parent) {
            std::ranges::for_each(fs->slots, look);
            std::ranges::for_each(fs->stack, look);
        }
        if (missing.empty()) {
            return state;
        }
        FrameState*& copy = raw_[{state, missing}];
        if (copy) {
            return copy;
        }
        copy = fn_.copyWithParents(*state);
        for (FrameState* fs = copy; fs; fs = fs->parent) {
            for (std::vector<Instr*>* values : {&fs->slots, &fs->stack}) {
                for (Instr*& value : *values) {
                    if (std::ranges::find(missing, value) != missing.end()) {
                        value = value->operand(0);
                    }
                }
            }
        }
        return copy;
    }

    // Where in `block` the box can be made: before the first instruction that has a frame state,
    // which then is that of the box too, or else at the end. Null when there is no place.
    FrameState* findPlace(const Instr* box, Block* block, size_t* position) {
        for (size_t i = 0; i < block->instrs().size(); i++) {
            Instr* instr = block->instrs()[i];
            if (instr->opcode() == Opcode::kLeaveFrame) {
                return nullptr;
            }
            if (instr->hasFrameState()) {
                *position = i;
                return stateFor(*instr->frameState(), box, {});
            }
            if (std::ranges::find(instr->operands(), box) != instr->operands().end()) {
                return nullptr;
            }
        }
        const Instr* last = block->terminator();
        if (last->opcode() != Opcode::kJump || !last->target(0)->startState()) {
            return nullptr;
        }
        *position = block->instrs().size() - 1;
        return stateFor(*last->target(0)->startState(), box, block);
    }

    // A copy of `state` that names the raw number; on the edge from `pred` if that is given. Null
    // when the state names values that went since.
    FrameState* stateFor(const FrameState& state, const Instr* box, const Block* pred) {
        FrameState* copy = fn_.copyWithParents(state);
        for (FrameState* fs = copy; fs; fs = fs->parent) {
            for (std::vector<Instr*>* list : {&fs->slots, &fs->stack}) {
                for (Instr*& value : *list) {
                    if (pred && value && value->isPhi() && value->block() == pred->succs()[0]) {
                        value = value->operand(value->block()->predIndex(pred));
                    }
                    if (value == box || moved_.contains(value)) {
                        value = value->operand(0);
                    }
                    if (pred && value && !isAvailableAtEnd(value, pred)) {
                        return nullptr;
                    }
                }
            }
        }
        return copy;
    }
    bool isAvailableAtEnd(const Instr* value, const Block* block) const {
        if (!value->block()) {
            return false; // never in one
        }
        const std::vector<Instr*>& instrs = value->block()->instrs();
        return dominators_.dominates(value->block(), block) &&
               std::ranges::find(instrs, value) != instrs.end();
    }

    Function& fn_;
    Loops loops_;
    Dominators dominators_;
    std::unordered_map<const Instr*, std::vector<Block*>> uses_; // blocks that need the object
    std::unordered_set<const FrameState*> observed_, withStack_;
    std::unordered_set<const Instr*> moved_;
    // By a state and the boxes in it that are not made.
    std::map<std::pair<const FrameState*, std::vector<const Instr*>>, FrameState*> raw_;
};

} // namespace

void delayBoxes(Function& fn) {
    splitCriticalEdges(fn);
    DelayBoxes(fn).run();
}

} // namespace pyston::passes
