// Turns phis of boxed ints, floats and truth values into unboxed phis.
//
// Phis are grouped into webs (phis that feed each other). A web is unboxed when at least one input
// is a box of the representation, somebody wants it unboxed, nobody in the loop needs it as an
// object (an operand of a generic operation, or a frame state that is observed), and every other
// input can be unboxed where it comes in: by a guard at the end of the predecessor, which leaves at
// the start of the phi's block if the speculation is wrong. Sites where that failed before are left
// alone. A phi that may be NULL (a local first bound in the loop) gets a phi beside it that says
// whether there is a number.
//
// Requires: Block::startState of the phi's block for inputs that need a guard.
// Provides: p = BoxX(unboxed phi), or BoxOptional(Optional(unboxed phi, bound)), behind the phis,
// for simplify to fold with the unboxing uses.
#include "passes/cfg.h"
#include "passes/constants.h"
#include "passes/loops.h"
#include "passes/observations.h"
#include "passes/passes.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <optional>
#include <unordered_map>

namespace pyston::passes {

using namespace hir;

namespace {

// What unboxing to one representation means.
struct Unboxing {
    Rep rep;
    Opcode box, unbox;
    ExactClass exact;
};
constexpr Unboxing kUnboxings[] = {
    {Rep::kInt64, Opcode::kBoxInt, Opcode::kUnboxInt, ExactClass::kInt},
    {Rep::kDouble, Opcode::kBoxDouble, Opcode::kUnboxDouble, ExactClass::kFloat},
    {Rep::kBool, Opcode::kBoxBool, Opcode::kUnboxBool, ExactClass::kBool},
};

const Unboxing* unboxingOfBox(const Instr* value) {
    for (const Unboxing& u : kUnboxings)
        if (value->opcode() == u.box)
            return &u;
    return nullptr;
}

class UnboxPhis {
  public:
    explicit UnboxPhis(Function& fn) : fn_(fn), loops_(fn) {}

    void run() {
        collect();
        for (Instr* root : roots_) // before phis go
            if (const Web& web = webs_[root]; web.wantedUnboxed && !web.neededBoxed)
                for (const Instr* phi : web.phis)
                    canLeaveOnEdges(phi->block());
        for (Instr* root : roots_) {
            const Web& web = webs_[root];
            if (const Unboxing* unboxing = choose(web))
                convert(web, *unboxing);
        }
        if (replacements_.empty())
            return;
        fn_.replaceAllUses(replacements_);
        for (Instr* box : boxes_)
            if (box->has(kAllocate))
                box->setFrameState(stateWithoutBoxes(box->block()));
    }

  private:
    struct Web {
        std::vector<Instr*> phis;
        int depth = 0;              // of the innermost loop that one of them is in
        bool neededBoxed = false;   // where the loop runs
        bool returnedBoxed = false; // behind it
        bool wantedUnboxed = false;
    };

    // Union-find over phis, by id.
    Instr* find(Instr* phi) {
        Instr*& parent = parents_[static_cast<size_t>(phi->id())];
        if (!parent || parent == phi)
            return phi;
        return parent = find(parent);
    }
    void unite(Instr* a, Instr* b) { parents_[static_cast<size_t>(find(a)->id())] = find(b); }

    static bool isCandidate(const Instr* value) {
        return value->isPhi() && value->type().isCounted();
    }

    void collect() {
        parents_.assign(static_cast<size_t>(fn_.numInstrIds()), nullptr);
        for (Block* block : fn_.blocks())
            for (Instr* instr : block->instrs()) {
                if (!isCandidate(instr))
                    continue;
                for (Instr* input : instr->operands())
                    if (isCandidate(rootOf(input)))
                        unite(rootOf(input), instr);
            }
        for (Block* block : fn_.blocks())
            for (Instr* instr : block->instrs())
                if (isCandidate(instr)) {
                    Web& web = webs_[find(instr)];
                    if (web.phis.empty())
                        roots_.push_back(find(instr));
                    web.phis.push_back(instr);
                    web.depth = std::max(web.depth, loops_.depth(block));
                }
        // A number that is made an object only to be carried around the loop.
        for (Instr* root : roots_) {
            Web& web = webs_[root];
            for (const Instr* phi : web.phis)
                web.wantedUnboxed |= std::ranges::any_of(phi->operands(), [&](Instr* input) {
                    const Instr* box = rootOf(input);
                    return unboxingOfBox(box) && loops_.depth(box->block()) >= web.depth &&
                           web.depth > 0;
                });
        }
        for (Block* block : fn_.blocks())
            for (Instr* instr : block->instrs())
                collectUses(instr);
    }

    void collectUses(Instr* instr) {
        if (instr->hasFrameState() && observesFrame(instr))
            for (const FrameState* fs = instr->frameState(); fs; fs = fs->parent) {
                for (Instr* value : fs->slots)
                    markBoxed(value, instr->block());
                if (observesStack(instr))
                    for (Instr* value : fs->stack)
                        markBoxed(value, instr->block());
            }
        if (instr->isPhi() && instr->type().isCounted())
            return;
        for (Instr* operand : instr->operands()) {
            Instr* root = rootOf(operand);
            if (!isCandidate(root))
                continue;
            switch (instr->opcode()) {
            case Opcode::kUnboxInt:
            case Opcode::kUnboxDouble:
            case Opcode::kUnboxBool:
                webs_[find(root)].wantedUnboxed = true;
                break;
            case Opcode::kGuardType:
            case Opcode::kGuardNotNull:
            case Opcode::kDrop:
                break;
            case Opcode::kObjectIs:
                // What is no number is no other object for being unboxed.
                webs_[find(root)].neededBoxed |=
                    std::ranges::any_of(instr->operands(), [&](Instr* other) {
                        return rootOf(other) != root && mayBeNumber(other);
                    });
                break;
            default:
                markBoxed(root, instr->block());
            }
        }
    }

    static bool mayBeNumber(const Instr* value) {
        const ExactClass c = value->type().exact;
        return value->opcode() != Opcode::kConstNull &&
               (c == ExactClass::kUnknown || c == ExactClass::kInt || c == ExactClass::kFloat);
    }

    void markBoxed(Instr* value, const Block* block) {
        if (!value || !isCandidate(rootOf(value)))
            return;
        Web& web = webs_[find(rootOf(value))];
        (loops_.depth(block) < web.depth ? web.returnedBoxed : web.neededBoxed) = true;
    }

    // The representation that all boxes among the inputs agree on, if the web can and should have
    // it.
    const Unboxing* choose(const Web& web) {
        if (web.neededBoxed || !web.wantedUnboxed)
            return nullptr;
        const Unboxing* unboxing = nullptr;
        for (Instr* phi : web.phis) {
            if (!canLeaveOnEdges(phi->block()))
                return nullptr;
            for (Instr* input : phi->operands())
                if (const Unboxing* u = unboxingOfBox(rootOf(input))) {
                    if (unboxing && unboxing != u)
                        return nullptr;
                    unboxing = u;
                }
        }
        if (!unboxing)
            return nullptr;
        if (unboxing->rep == Rep::kBool && mayBeNull(web))
            return nullptr;
        for (Instr* phi : web.phis)
            for (Instr* input : phi->operands())
                if (!canUnbox(phi, input, *unboxing))
                    return nullptr;
        return unboxing;
    }

    // Whether the state at the start of the block can be that of its incoming edges, too: nothing
    // in it is gone, or made in the block but its phis.
    bool canLeaveOnEdges(const Block* block) {
        const auto [it, isNew] =
            canLeaveOnEdges_.try_emplace(block, block->startState() != nullptr);
        const FrameState* innermost = block->startState();
        for (const FrameState* state = innermost; isNew && state; state = state->parent)
            for (const auto* values : {&state->slots, &state->stack})
                it->second &= std::ranges::all_of(*values, [&](const Instr* value) {
                    if (!value)
                        return true;
                    const Block* home = value->block();
                    return home &&
                           std::ranges::find(home->instrs(), value) != home->instrs().end() &&
                           (home != block || (value->isPhi() && state == innermost));
                });
        return it->second;
    }

    // Whether a local may be unbound in one of the phis. What is only not known to be bound (at an
    // entry) is no reason to carry a flag along: the entry checks that.
    static bool mayBeNull(const Web& web) {
        return std::ranges::any_of(web.phis, [](const Instr* phi) {
            return std::ranges::any_of(phi->operands(), [](Instr* input) {
                return rootOf(input)->opcode() == Opcode::kConstNull;
            });
        });
    }

    bool canUnbox(const Instr* phi, Instr* input, const Unboxing& unboxing) {
        Instr* root = rootOf(input);
        if (isCandidate(root) || root->opcode() == unboxing.box)
            return true;
        if (root->opcode() == Opcode::kConstNull)
            return constantValues().zeroOf != nullptr;
        if (input->type().exact != ExactClass::kUnknown && input->type().exact != unboxing.exact)
            return false;
        return !fn_.genericSites.contains(phi->block()->startState()->instrOffset);
    }

    // What stands for an object phi.
    struct Unboxed {
        Instr* number = nullptr;
        Instr* bound = nullptr; // null: always
    };
    using UnboxedPhis = std::unordered_map<Instr*, Unboxed>;

    void convert(const Web& web, const Unboxing& unboxing) {
        replacements_.resize(static_cast<size_t>(fn_.numInstrIds()), nullptr);
        const bool optional = mayBeNull(web);
        UnboxedPhis unboxed;
        for (Instr* phi : web.phis) {
            auto addPhi = [&](Rep rep) {
                Instr* raw = fn_.newInstr(Opcode::kPhi, Type{rep, ExactClass::kUnknown});
                phi->block()->insert(0, raw);
                return raw;
            };
            Unboxed& u = unboxed[phi];
            u.number = addPhi(unboxing.rep);
            if (optional && phi->type().rep == Rep::kNullable)
                u.bound = addPhi(Rep::kBool);
        }
        for (Instr* phi : web.phis) {
            const Unboxed& u = unboxed[phi];
            for (size_t i = 0; i < phi->numOperands(); ++i) {
                const Unboxed input = unboxInput(web, phi, i, unboxing, unboxed);
                u.number->appendOperand(input.number);
                if (u.bound)
                    u.bound->appendOperand(input.bound ? input.bound
                                                       : constantBefore(phi, i, true));
            }
        }
        for (Instr* phi : web.phis)
            replacePhi(phi, unboxed[phi], unboxing);
    }

    Instr* constantBefore(Instr* phi, size_t index, bool value) {
        Instr* constant = fn_.newInstr(Opcode::kConstBool, {});
        constant->setImm(value);
        Block* pred = phi->block()->preds()[index];
        pred->insertBefore(pred->terminator(), constant);
        return constant;
    }

    // At the end of predecessor `index`.
    Unboxed unboxInput(const Web& web, Instr* phi, size_t index, const Unboxing& unboxing,
                       const UnboxedPhis& unboxed) {
        Instr* input = phi->operand(index);
        Instr* root = rootOf(input);
        if (root->opcode() == unboxing.box)
            return {root->operand(0), nullptr};
        if (auto it = unboxed.find(root); it != unboxed.end())
            return {it->second.number,
                    input->type().rep == Rep::kNullable ? it->second.bound : nullptr};
        Block* pred = phi->block()->preds()[index];
        FrameState* state = edgeState(phi->block(), index);
        Instr* end = pred->terminator();
        auto insert = [&](Instr* instr) {
            if (instr->effects() & (kExit | kResultExit))
                instr->setFrameState(state);
            pred->insertBefore(end, instr);
            return instr;
        };
        Unboxed result;
        Instr* value = input;
        if (value->type().rep == Rep::kNullable && !unboxed.at(phi).bound) {
            value = insert(fn_.newInstr(Opcode::kGuardNotNull,
                                        Type{Rep::kObject, value->type().exact}, {&value, 1}));
        } else if (value->type().rep == Rep::kNullable) {
            Object* zero = constantValues().zeroOf(unboxing.exact);
            Instr* none = fn_.newInstr(Opcode::kConstObject, exactObject(unboxing.exact));
            none->setImm(static_cast<int64_t>(reinterpret_cast<intptr_t>(zero)));
            insert(none);
            Instr* isNull = insert(fn_.newInstr(
                Opcode::kObjectIs, {value, insert(fn_.newInstr(Opcode::kConstNull, {}))}));
            result.bound = insert(fn_.newInstr(Opcode::kBoolNot, {isNull}));
            Type type{Rep::kObject, value->type().exact};
            if (root->opcode() == Opcode::kConstNull)
                type.exact = unboxing.exact;
            Instr* replaced = fn_.newInstr(Opcode::kReplaceNull, {value, none});
            replaced->setType(type);
            value = insert(replaced);
        }
        if (value->type().exact != unboxing.exact) {
            value =
                insert(fn_.newInstr(Opcode::kGuardType, exactObject(unboxing.exact), {&value, 1}));
            value->setImm(static_cast<int64_t>(unboxing.exact));
        }
        result.number = insert(fn_.newInstr(unboxing.unbox, {value}));
        if (unboxing.rep == Rep::kDouble && (web.returnedBoxed || loops_.depth(pred) < web.depth))
            guardFinite(result.number, state, end);
        return result;
    }

    // A number may come back as another object, by an exit or behind the loop. A NaN is not found
    // then in the containers that hold it, and an infinity, or NaN, is what `x is INFINITY` may ask
    // for: such numbers stay objects.
    void guardFinite(Instr* number, FrameState* state, Instr* before) {
        auto insert = [&](Instr* instr) {
            before->block()->insertBefore(before, instr);
            return instr;
        };
        Instr* infinity = insert(fn_.newInstr(Opcode::kConstDouble, {}));
        infinity->setImm(std::bit_cast<int64_t>(std::numeric_limits<double>::infinity()));
        Instr* size = insert(fn_.newInstr(Opcode::kDoubleAbs, {number}));
        Instr* isFinite = insert(fn_.newInstr(Opcode::kDoubleCompare, {size, infinity}));
        isFinite->setImm(static_cast<int64_t>(Condition::kLess));
        insert(fn_.newInstr(Opcode::kGuardTrue, {isFinite}))->setFrameState(state);
    }

    // The interpreter's state when `block` is entered from predecessor `index`.
    FrameState* edgeState(Block* block, size_t index) {
        auto& state = edgeStates_[{block, index}];
        if (state)
            return state;
        state = fn_.newFrameState(*block->startState());
        auto onEdge = [&](Instr*& value) {
            if (value && value->isPhi() && value->block() == block)
                value = value->operand(index);
        };
        std::ranges::for_each(state->slots, onEdge);
        std::ranges::for_each(state->stack, onEdge);
        return state;
    }

    // The object phi's uses get a box of the raw phi.
    void replacePhi(Instr* phi, const Unboxed& unboxed, const Unboxing& unboxing) {
        Block* block = phi->block();
        auto& instrs = block->instrs();
        instrs.erase(std::find(instrs.begin(), instrs.end(), phi));
        auto firstOther =
            std::find_if(instrs.begin(), instrs.end(), [](Instr* i) { return !i->isPhi(); });
        auto position = static_cast<size_t>(firstOther - instrs.begin());
        Instr* raw = unboxed.number;
        Opcode op = unboxing.box;
        Type type = exactObject(unboxing.exact);
        if (unboxed.bound) {
            std::array operands{unboxed.number, unboxed.bound};
            raw = fn_.newInstr(Opcode::kOptional, unboxed.number->type(), operands);
            block->insert(position, raw);
            op = Opcode::kBoxOptional;
            type.rep = Rep::kNullable;
        }
        // Behind all Optionals, since the box's own frame state may name any of them.
        while (instrs[position]->opcode() == Opcode::kOptional)
            ++position;
        Instr* box = fn_.newInstr(op, type, {&raw, 1});
        boxes_.push_back(box);
        block->insert(position, box);
        replacements_[static_cast<size_t>(phi->id())] = box;
    }

    // The state at the start of the block in terms of raw phis, for the boxes themselves.
    FrameState* stateWithoutBoxes(Block* block) {
        FrameState* state = fn_.newFrameState(*block->startState());
        auto unbox = [&](Instr*& value) {
            if (value && std::ranges::find(boxes_, value) != boxes_.end())
                value = value->operand(0);
        };
        std::ranges::for_each(state->slots, unbox);
        std::ranges::for_each(state->stack, unbox);
        return state;
    }

    struct EdgeHash {
        size_t operator()(const std::pair<Block*, size_t>& edge) const {
            return std::hash<Block*>()(edge.first) * 31 + edge.second;
        }
    };

    Function& fn_;
    Loops loops_;
    std::vector<Instr*> parents_;
    std::unordered_map<Instr*, Web> webs_;
    std::vector<Instr*> roots_; // of webs_, in program order
    std::unordered_map<std::pair<Block*, size_t>, FrameState*, EdgeHash> edgeStates_;
    std::unordered_map<const Block*, bool> canLeaveOnEdges_;
    std::vector<Instr*> replacements_; // by id of an object phi: the box of its raw phi
    std::vector<Instr*> boxes_;        // of raw phis
};

} // namespace

void unboxPhis(Function& fn) {
    UnboxPhis(fn).run();
}

} // namespace pyston::passes
